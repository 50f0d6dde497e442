"""Harmonic convolution: all filters by one call, then one real convolution.

An element of the real kernel (2O, 2I, k, k) is worked out from the channels and parts of its
planes: with ν = order in − order out, a = R e^{iβ} and W = Σ_r a_r B_ν[r] (+ (1 + i) c D where ν =
0), it is Re W between equal parts, Im W from a real part to an imaginary one, − Im W the other way.
Where planes are not wanted (real input, real output) their rows and columns are not made at all.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from types import ModuleType

import numpy as np

from minipose.backend import Array, array_module
from minipose.fast.device.columns import taps
from minipose.fast.device.convolution import convolve
from minipose.fast.device.kernel import Kernel, on_device
from minipose.fast.suitable import accepted
from minipose.kernels.circular_harmonics import Streams, centre_basis, planes, ring_basis
from minipose.kernels.faster import offer
from minipose.ops import harmonic as plain
from minipose.ops.upsample import upsample_bilinear
from minipose.tensor import Tensor, record


def _polar(radial: Array, phase: Array, re: Array, im: Array) -> None:
    re[...], im[...] = radial * np.cos(phase), radial * np.sin(phase)


POLAR = Kernel(
    "polar", "T radial, T phase", "T re, T im",
    "re = radial * cos(phase); im = radial * sin(phase);", _polar,
)  # fmt: skip


def _polar_back(
    radial: Array, phase: Array, g_re: Array, g_im: Array, of_radial: Array, of_phase: Array
) -> None:
    cos, sin = np.cos(phase), np.sin(phase)
    of_radial[...] = g_re * cos + g_im * sin
    of_phase[...] = g_im * (radial * cos) - g_re * (radial * sin)


POLAR_BACK = Kernel(
    "polar_back",
    "T radial, T phase, T g_re, T g_im",
    "T of_radial, T of_phase",
    """
    const T c = cos(phase), s = sin(phase);
    of_radial = g_re * c + g_im * s;
    of_phase = g_im * (radial * c) - g_re * (radial * s);
    """,
    _polar_back,
)


def polar(radial: Tensor, phase: Tensor) -> Tensor:
    """``ops.polar``."""
    xp, r, b = array_module(radial.data), radial.data, phase.data
    y = xp.empty((2, *r.shape), dtype=r.dtype)
    POLAR(r, b, y[0], y[1])

    def backward(grad_y):
        grads = xp.empty(r.shape, dtype=r.dtype), xp.empty(r.shape, dtype=r.dtype)
        POLAR_BACK(r, b, grad_y[0], grad_y[1], *grads)
        return grads

    return record("polar", y, inputs=(radial, phase), backward=backward)


# --- From learned numbers to a real kernel, and back ----------------------------------------------

# B_ν as (ν + 1, ring, 2, k²), D (k²,); channels of order 0 and 1 on both sides; k²; of the kernel's
# planes only so many are made.
SIDES = "raw T basis, raw T near, int32 out_0, int32 out_1, int32 in_0, int32 in_1, "
SIDES += "int32 rings, int32 pixels, int32 rows, int32 columns"

WHERE = """
// Of a plane in the order re 0, im 0, re 1, im 1: its channel, order and part; and back.
struct Plane { int channel, order, part; };
__device__ Plane minipose_plane(int plane, int first, int second) {
    if (plane < 2 * first) return {plane % first, 0, plane / first};
    const int rest = plane - 2 * first;
    return {first + rest % second, 1, rest / second};
}
__device__ int minipose_plane_of(int channel, int part, int first, int second) {
    return channel < first ? channel + part * first : channel + first + part * second;
}
"""


def _filters(
    a: Array, c0: Array, c1: Array, basis: Array, near: Array, out_0: int, out_1: int, in_0: int,
    in_1: int, rings: int, pixels: int, rows: int, columns: int, kernel: Array,
) -> None:  # fmt: skip
    c1 = c1 if out_1 and in_1 else np.zeros((out_1, in_1), dtype=a.dtype)
    arguments = ((out_0, out_1), (in_0, in_1), math.isqrt(pixels))
    whole = plain.harmonic_kernel(Tensor(a), [Tensor(c0), Tensor(c1)], *arguments)
    kernel[...] = whole.data[:rows, :columns].reshape(rows, columns, pixels)


FILTERS = Kernel(
    "filters",
    f"raw T a, raw T c0, raw T c1, {SIDES}",
    "T kernel",
    """
    const int pixel = i % pixels, column = i / pixels % columns, row = i / pixels / columns;
    const Plane to = minipose_plane(row, out_0, out_1);
    const Plane of = minipose_plane(column, in_0, in_1);
    const ptrdiff_t all = ptrdiff_t(out_0 + out_1) * (in_0 + in_1) * rings;
    const ptrdiff_t pair = (ptrdiff_t(to.channel) * (in_0 + in_1) + of.channel) * rings;
    const bool same = to.part == of.part;
    T sum = 0;
    for (int ring = 0; ring < rings; ++ring) {
        const ptrdiff_t pattern = ((of.order - to.order + 1) * rings + ring) * 2 * pixels + pixel;
        const T b_re = basis[pattern], b_im = basis[pattern + pixels];
        const T re = a[pair + ring], im = a[all + pair + ring];
        sum += same ? re * b_re - im * b_im : re * b_im + im * b_re;
    }
    if (to.order == of.order) {
        sum += near[pixel] * (to.order == 0
            ? c0[ptrdiff_t(to.channel) * in_0 + of.channel]
            : c1[ptrdiff_t(to.channel - out_0) * in_1 + of.channel - in_0]);
    }
    kernel = same || to.part > of.part ? sum : -sum;
    """,
    _filters,
    WHERE,
)


def _filters_back(
    grad: Array, basis: Array, near: Array, out_0: int, out_1: int, in_0: int, in_1: int,
    rings: int, pixels: int, rows: int, columns: int, re: Array, im: Array, c0: Array, c1: Array,
) -> None:  # fmt: skip
    into, of = (out_0, out_1), (in_0, in_1)
    weights = Tensor(np.zeros((2, *re.shape), dtype=re.dtype), requires_grad=True)
    centres = [
        Tensor(np.zeros(pair, dtype=re.dtype), requires_grad=True)
        for pair in zip(into, of, strict=True)
    ]
    whole = np.zeros((planes(into), planes(of), pixels), dtype=re.dtype)
    whole[:rows, :columns] = grad.reshape(rows, columns, pixels)
    side = math.isqrt(pixels)
    kernel = plain.harmonic_kernel(weights, centres, into, of, side)
    kernel.backward(whole.reshape(kernel.shape))
    re[...], im[...] = weights.grad
    c0[...] = centres[0].grad
    if out_1 and in_1:
        c1[...] = centres[1].grad


FILTERS_BACK = Kernel(
    "filters_back",
    f"raw T grad, {SIDES}",
    "T re, T im, raw T c0, raw T c1",
    """
    const int inputs = in_0 + in_1;
    const int ring = i % rings, of = i / rings % inputs, to = i / rings / inputs;
    const int order_of = of >= in_0, order_to = to >= out_0;
    const int to_re = minipose_plane_of(to, 0, out_0, out_1);
    const int to_im = minipose_plane_of(to, 1, out_0, out_1);
    const int of_re = minipose_plane_of(of, 0, in_0, in_1);
    const int of_im = minipose_plane_of(of, 1, in_0, in_1);
    T sum_re = 0, sum_im = 0, sum_near = 0;
    for (int pixel = 0; pixel < pixels; ++pixel) {
        T g_re = 0, g_im = 0;
        if (to_re < rows && of_re < columns) {
            g_re += grad[(ptrdiff_t(to_re) * columns + of_re) * pixels + pixel];
        }
        if (to_im < rows && of_im < columns) {
            g_re += grad[(ptrdiff_t(to_im) * columns + of_im) * pixels + pixel];
        }
        if (to_im < rows && of_re < columns) {
            g_im += grad[(ptrdiff_t(to_im) * columns + of_re) * pixels + pixel];
        }
        if (to_re < rows && of_im < columns) {
            g_im -= grad[(ptrdiff_t(to_re) * columns + of_im) * pixels + pixel];
        }
        const ptrdiff_t pattern = ((order_of - order_to + 1) * rings + ring) * 2 * pixels + pixel;
        const T b_re = basis[pattern], b_im = basis[pattern + pixels];
        sum_re += g_re * b_re + g_im * b_im;
        sum_im += g_im * b_re - g_re * b_im;
        sum_near += near[pixel] * (g_re + g_im);
    }
    re = sum_re;
    im = sum_im;
    if (ring == 0 && order_of == order_to) {
        if (order_to == 0) c0[ptrdiff_t(to) * in_0 + of] = sum_near;
        else c1[ptrdiff_t(to - out_0) * in_1 + of - in_0] = sum_near;
    }
    """,
    _filters_back,
    WHERE,
)


@functools.lru_cache(maxsize=16)
def _basis(kernel_size: int, dtype: np.dtype, xp: ModuleType) -> tuple[Array, Array]:
    """B_ν of ν = −1, 0, 1 and D, on the GPU."""
    found = [ring_basis(kernel_size, number) for number in (-1, 0, 1)]
    basis = np.stack([np.stack([b.real, b.imag], axis=1) for b in found])
    return xp.asarray(basis, dtype=dtype), xp.asarray(centre_basis(kernel_size), dtype=dtype)


def _kernel(
    weights: Tensor, centres: Sequence[Tensor], into: Streams, of: Streams, kernel_size: int,
    rows: int, columns: int,
) -> Tensor:  # fmt: skip
    """The first planes of ``ops.harmonic_kernel``."""
    xp, dtype, rings = array_module(weights.data), weights.dtype, weights.shape[3]
    sizes = (*_two(into), *_two(of), rings, kernel_size**2, rows, columns)
    rest = (*_basis(kernel_size, dtype, xp), *sizes)
    c = [centre.data for centre in centres]
    y = xp.empty((rows, columns, kernel_size**2), dtype=dtype)
    FILTERS(weights.data, c[0], c[-1], *rest, y)

    def backward(grad_kernel):
        grad = xp.empty(weights.shape, dtype=dtype)
        grad_c = [xp.empty(each.shape, dtype=dtype) for each in c]
        FILTERS_BACK(grad_kernel, *rest, grad[0], grad[1], grad_c[0], grad_c[-1])
        return grad, *grad_c

    y = y.reshape(rows, columns, kernel_size, kernel_size)
    return record("harmonic_kernel", y, inputs=(weights, *centres), backward=backward)


def _two(streams: Streams) -> tuple[int, int]:
    return (*streams, 0)[:2]


def harmonic_conv2d(
    x, weights, centres, into, of, kernel_size=3, *, scale=1, real_output=False
) -> Tensor:
    """``ops.harmonic_conv2d``."""
    rows = into[0] if real_output else planes(into)
    kernel = _kernel(weights, centres, into, of, kernel_size, rows, x.shape[1])
    x = upsample_bilinear(x, scale) if scale != 1 else x
    padding = (kernel_size // 2, kernel_size // 2)
    t = taps(x.data, (kernel_size, kernel_size), (1, 1), padding)
    return convolve(x, kernel, None, t, "conv2d")


def _suits(
    x, weights, centres, into, of, kernel_size=3, *, scale=1, real_output=False
) -> bool:  # fmt: skip
    if not on_device(x, weights, *centres) or max(len(into), len(of)) > 2:
        return False
    checked = accepted(plain.check_input, "harmonic_conv2d", x, of)
    shapes = (weights, centres, into, of, kernel_size)
    return checked and accepted(plain.check_weights, "harmonic_conv2d", *shapes) and into[0] > 0


def _suits_polar(radial, phase) -> bool:
    return on_device(radial, phase) and radial.shape == phase.shape


offer(plain.polar, _suits_polar, polar)
offer(plain.harmonic_conv2d, _suits, harmonic_conv2d)
