"""All rows of all tables, in the order of the files of ``minipose/ops``; the losses come last."""

from tests.ops import (
    test_comparison,
    test_complex_maps,
    test_conv,
    test_conv_pool,
    test_dropout,
    test_einsum,
    test_elementwise,
    test_harmonic,
    test_indexing,
    test_linear,
    test_losses,
    test_norm,
    test_pool,
    test_reduction,
    test_shape,
    test_softmax,
    test_upsample,
    test_upsample_conv,
)
from tests.ops.case import Case

FAMILIES = (
    test_elementwise,
    test_comparison,
    test_shape,
    test_indexing,
    test_reduction,
    test_linear,
    test_einsum,
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

# The inputs whose first axis counts samples, of the ops that take none of them as they take many:
# no picture in, no picture out. By the name of a row or of an op. (``batch_norm`` asks for some.)
BATCHED = {
    **dict.fromkeys(["negative", "exp", "log", "sqrt", "tanh", "sigmoid", "log_sigmoid"], (0,)),
    **dict.fromkeys(["softplus", "relu", "leaky_relu", "power/3", "power/half", "clip"], (0,)),
    **dict.fromkeys(["abs", "matmul", "linear", "dropout"], (0,)),
    **dict.fromkeys(["conv2d", "conv2d_relu", "conv2d_max_pool2d", "upsample_conv2d"], (0,)),
    **dict.fromkeys(["max_pool2d", "avg_pool2d", "upsample_nearest", "upsample_bilinear"], (0,)),
    **dict.fromkeys(["pixel_shuffle", "pixel_unshuffle"], (0,)),
    **dict.fromkeys(["batch_norm_inference", "group_norm", "harmonic_conv2d"], (0,)),
    **dict.fromkeys(["complex_batch_norm", "magnitude_gate", "normalised_gate"], (0,)),
    **dict.fromkeys(["complex_relu", "map_dropout"], (0,)),
    **dict.fromkeys(["matmul/stacks", "matmul/vectors"], ()),  # of which one may have no samples
    "concatenate_streams": (0, 1, 2),
}


def batched(case: Case) -> tuple[int, ...]:
    """What of a row's inputs is empty if there are no samples."""
    return BATCHED.get(case.name, BATCHED.get(case.op_name, ()))
