"""One function per operation: the forward pass and its derivative side by side."""

from minipose.ops import comparison, elementwise, shape
from minipose.ops.comparison import abs, clip, maximum, minimum, where
from minipose.ops.complex_maps import (
    complex_batch_norm,
    complex_relu,
    concatenate_streams,
    magnitude_gate,
    map_dropout,
    normalised_gate,
)
from minipose.ops.conv import conv2d, conv2d_max_pool2d, conv2d_relu, upsample_conv2d
from minipose.ops.dropout import dropout
from minipose.ops.einsum import einsum
from minipose.ops.elementwise import (
    add,
    divide,
    exp,
    leaky_relu,
    log,
    log_sigmoid,
    multiply,
    negative,
    power,
    relu,
    sigmoid,
    softplus,
    sqrt,
    subtract,
    tanh,
)
from minipose.ops.harmonic import harmonic_conv2d, harmonic_kernel, polar
from minipose.ops.indexing import select
from minipose.ops.norm import batch_norm, batch_norm_inference, group_norm
from minipose.ops.pool import avg_pool2d, max_pool2d
from minipose.ops.reduction import (
    linear,
    log_softmax,
    logsumexp,
    matmul,
    max,
    mean,
    min,
    softmax,
    sum,
    var,
)
from minipose.ops.shape import concatenate, crop, flatten, pad, reshape, stack, transpose
from minipose.ops.upsample import (
    pixel_shuffle,
    pixel_unshuffle,
    upsample_bilinear,
    upsample_nearest,
)
from minipose.tensor import Tensor

__all__ = [name for name, value in vars().items() if callable(value) and value is not Tensor]

argmax = comparison.argmax  # gives an array of places: not in the list, since it has no derivative

# ``a + b`` on tensors is ``add(a, b)``: the engine below this floor cannot import its ops, so they
# introduce themselves.
for _sign, _op in {
    "add": add,
    "sub": subtract,
    "mul": multiply,
    "truediv": divide,
    "pow": power,
    "matmul": matmul,
}.items():
    setattr(Tensor, f"__{_sign}__", _op)
    setattr(Tensor, f"__r{_sign}__", elementwise.reflected(_op))
for _sign, _compare in comparison.COMPARISONS.items():
    setattr(Tensor, _sign, _compare)
Tensor.__neg__ = negative
Tensor.__abs__ = abs
Tensor.__getitem__ = select
Tensor.T = property(transpose)
Tensor.reshape = shape.spread(reshape)
Tensor.transpose = shape.spread(transpose)
for _op in (abs, argmax, clip, exp, flatten, log, log_softmax, max, mean, min, relu, sigmoid):
    setattr(Tensor, _op.__name__, _op)
for _op in (softmax, sqrt, sum, tanh, var):
    setattr(Tensor, _op.__name__, _op)
