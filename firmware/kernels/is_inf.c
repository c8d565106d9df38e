/* IsInf; alpha and beta tell whether positive and negative infinities count. */
#include "elementwise.h"

UNARY_TEST(is_inf,
           (p->alpha > 0.0f && x == __builtin_inff()) || (p->beta > 0.0f && x == -__builtin_inff()))
