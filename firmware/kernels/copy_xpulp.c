/* Strided copies on PULP cores, of words and of halves, which move in pairs where they are dense.
 */
#include "elementwise_xpulp.h"

ODL_LANES(words, XPULP_LW, XPULP_NO_LOAD, XPULP_NO_OP, XPULP_NO_OP, XPULP_SW, 2)
ODL_LANES(halves, XPULP_LH, XPULP_NO_LOAD, XPULP_NO_OP, XPULP_NO_OP, XPULP_SH, 2)

ODL_ALWAYS void copy(const struct odl_copy *p, int32_t size, struct odl_core core, int is_row,
                     odl_lanes_way *way) {
    const struct odl_lanes lanes = {.a = p->x, .y = p->y};
    const struct odl_lane_operand x = {p->x_stride, size}, y = {p->y_stride, size}, none = {0, 0};
    odl_lanes_of_nest(p->dims, lanes, x, none, y, core, is_row, way, words, halves);
}

ODL_NEST_KERNEL(odl_copy_b32_xpulp, odl_copy, copy(p, 4, core, is_row, odl_by_words))
ODL_NEST_KERNEL(odl_copy_b16_xpulp, odl_copy, copy(p, 2, core, is_row, odl_by_pairs))
