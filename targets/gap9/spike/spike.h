/* Spike's headers, opened: the timing model reads decoder and state that extensions do not see. */
#ifndef ODL_SPIKE_SPIKE_H
#define ODL_SPIKE_SPIKE_H

/* All that Spike's headers include, before `private` loses its meaning. */
#include <algorithm>
#include <array>
#include <bitset>
#include <cassert>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#define private public
#include <riscv/abstract_device.h>
#include <riscv/extension.h>
#include <riscv/mmu.h>
#include <riscv/processor.h>
#include <riscv/simif.h>
#include <riscv/trap.h>
#undef private
extern "C" {
#include <softfloat/softfloat.h>
}

/* Spike's own class of this name stands in no header: step() catches it and gives up its turn. */
class wait_for_interrupt_t {};

#endif
