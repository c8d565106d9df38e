/* Shrink: alpha is ONNX's lambd, beta its bias. */
#include "elementwise.h"

UNARY_FLOATS(shrink, x<-p->alpha ? x + p->beta : x> p->alpha ? x - p->beta : 0.0f)
