"""One function per operation: the forward pass and its derivative side by side."""

from minipose.ops import elementwise
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
from minipose.ops.norm import batch_norm, batch_norm_inference, group_norm
from minipose.ops.pool import avg_pool2d, max_pool2d
from minipose.ops.reduction import linear, log_softmax, matmul, mean, softmax, sum
from minipose.ops.shape import concatenate, crop, pad, reshape, select, transpose
from minipose.ops.upsample import upsample_bilinear, upsample_nearest
from minipose.tensor import Tensor

__all__ = [name for name, value in vars().items() if callable(value) and value is not Tensor]

# ``a + b`` on tensors is ``add(a, b)``: the engine below this floor cannot import its ops, so they
# introduce themselves.
Tensor.__add__ = add
Tensor.__radd__ = elementwise.reflected(add)
Tensor.__sub__ = subtract
Tensor.__rsub__ = elementwise.reflected(subtract)
Tensor.__mul__ = multiply
Tensor.__rmul__ = elementwise.reflected(multiply)
Tensor.__truediv__ = divide
Tensor.__rtruediv__ = elementwise.reflected(divide)
Tensor.__pow__ = power
Tensor.__neg__ = negative
Tensor.__matmul__ = matmul
Tensor.__getitem__ = select
Tensor.sum = sum
Tensor.mean = mean
Tensor.reshape = reshape
Tensor.transpose = transpose
