"""All rows of all tables, in the order of the files of ``minipose/ops``; the losses come last."""

from tests.ops import (
    test_complex_maps,
    test_conv,
    test_conv_pool,
    test_dropout,
    test_elementwise,
    test_harmonic,
    test_indexing,
    test_linear,
    test_losses,
    test_norm,
    test_piecewise,
    test_pool,
    test_reduction,
    test_shape,
    test_softmax,
    test_upsample,
    test_upsample_conv,
)

FAMILIES = (
    test_elementwise,
    test_piecewise,
    test_shape,
    test_indexing,
    test_reduction,
    test_linear,
    test_softmax,
    test_dropout,
    test_conv,
    test_pool,
    test_conv_pool,
    test_upsample,
    test_upsample_conv,
    test_norm,
    test_harmonic,
    test_complex_maps,
    test_losses,
)
CASES = [case for family in FAMILIES for case in family.CASES]
