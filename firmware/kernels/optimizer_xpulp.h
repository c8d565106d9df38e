/*
 * One pass of an optimiser on PULP cores: gradient G, weight W and so on are registers of one
 * element, and a loop takes two elements. The types of gradients differ in how they are loaded.
 */
#ifndef ODL_OPTIMIZER_XPULP_H
#define ODL_OPTIMIZER_XPULP_H

#include "xpulp_lanes.h"

#define F32_GRADIENT(g) XPULP_LW(g, "%[g]", "%[g_step]")
#define F16_GRADIENT(g) XPULP_LH(g, "%[g]", "%[g_step]")
#define F32_WIDE(g) ""
#define F16_WIDE(g) "fcvt.s.h " g ", " g "\n"

/* slope = factor g, or factor g + decay w. */
#define SLOPE(g, w) "fmul.s " g ", " g ", %[factor]\n"
#define SLOPE_DECAY(g, w) SLOPE(g, w) "fmadd.s " g ", " w ", %[decay], " g "\n"

/* What a step does if its gate is closed: nothing, or a copy where the result stands elsewhere. */
ODL_ALWAYS void odl_keep_weights(const float *from, float *to, struct odl_range r) {
    for (int32_t i = r.begin; from != to && i < r.end; i++) {
        to[i] = from[i];
    }
}

#endif
