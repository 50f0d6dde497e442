"""Convolution with stride 1 without columns: every kw-th window of a line lies beside the last.

On images that lie channels last, the window of a kernel's line at pixel q is kw·C numbers from q·C
on, and the windows overlap: as a matrix they would have rows that lie closer than they are long,
which BLAS refuses, so im2col copies them. But those at q, q + kw, q + 2kw, … do not overlap. They
are the rows of a matrix as they lie, and kw such matrices are all windows:

    x_s[t, k] = x[(s + kw·t)·C + k],    k < kw·C,    s = 0 … kw − 1
    y[s + kw·t, o] = Σ_i Σ_k x_s[t + i lines, k] w[i, k, o]

So a convolution is kh·kw products, and a sum of kh of their results. The last pixels of a line
would see the next one's first: between the lines lie the zeros of the padding, which serve the end
of one line and the beginning of the next. Outputs there are left out.

dL/dw[i] = Σ_s x_sᵀ dL/dy_s, where dL/dy has zeros between the lines, too; dL/dx is a convolution of
dL/dy (``adjoint``).

A strip of lines is as large as OpenBLAS multiplies without copying (``products.AS_THEY_LIE``): at
16 channels such a product has half as much again the speed of a larger one.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided

from minipose.fast import workers
from minipose.fast.adjoint import backward_kernel
from minipose.fast.bias_relu import NOTHING, Ending
from minipose.fast.layout import channels_first, channels_last
from minipose.fast.products import AS_THEY_LIE

Array = np.ndarray
Pair = tuple[int, int]

CHUNKS = 8  # sums into which dL/dw is added up, whatever the number of threads


def suits(kernel: Pair, stride: Pair, padding: Pair) -> bool:
    """Whether zeros between lines are enough, and lines of the kernel take turns."""
    return stride == (1, 1) and all(p < k for p, k in zip(padding, kernel, strict=True))


def forward(x: Array, weight: Array, padding: Pair, ending: Ending = NOTHING) -> Array:
    """y (N, O, H', W') of x (N, C, H, W) and weight (O, C, kh, kw)."""
    (o, c, kh, kw), images = weight.shape, channels_last(x)
    size = tuple(n + 2 * p - k + 1 for n, p, k in zip(x.shape[2:], padding, (kh, kw), strict=True))
    matrix = np.ascontiguousarray(weight.transpose(2, 3, 1, 0)).reshape(kh, 1, kw * c, o)
    y = workers.empty((len(x), *size, o), x.dtype)
    pitch = x.shape[3] + padding[1]
    strips = _strips(len(x), size[0], pitch * c * o)

    def task(k: int) -> None:
        n, rows = strips[k]
        windows, count = _windows(images[n], rows, (kh, kw), padding)
        products = workers.scratch("products", (kh, count * o), x.dtype)
        np.matmul(windows, matrix, out=_every(products, kw, o))
        here = products[:, : (rows.stop - rows.start) * pitch * o]
        lines = here.reshape(kh, -1, pitch, o)[:, :, : size[1]]
        for i in range(1, kh - 1):
            np.add(here[0], here[i], out=here[0])
        if kh == 1:
            np.copyto(y[n, rows], lines[0])
        else:
            np.add(lines[0], lines[-1], out=y[n, rows])
        ending.finish(y[n, rows])

    workers.share(task, len(strips))
    return channels_first(y)


def backward_input(grad_y: Array, weight: Array, padding: Pair) -> Array:
    """dL/dx (N, C, H, W) for a padding of at most k − 1."""
    return forward(grad_y, *backward_kernel(weight, padding))


def backward_weight(grad_y: Array, x: Array, kernel: Pair, padding: Pair) -> Array:
    """dL/dw (O, C, kh, kw)."""
    images, grads, (kh, kw) = channels_last(x), channels_last(grad_y), kernel
    c, (_, lines, across, o) = x.shape[1], grads.shape
    pitch = x.shape[3] + padding[1]
    strips = _strips(len(x), lines, pitch * c * o)
    chunks = workers.pieces(len(strips), -(-len(strips) // CHUNKS))

    def task(k: int) -> Array:
        total = np.zeros((kh, kw * c, o), dtype=x.dtype)
        products = workers.scratch("products", (kh, kw, kw * c, o), x.dtype)
        for n, rows in strips[chunks[k]]:
            windows, count = _windows(images[n], rows, kernel, padding)
            flat = workers.scratch("gradients", (count * o,), x.dtype)
            used = (rows.stop - rows.start) * pitch * o
            between = flat[:used].reshape(-1, pitch, o)
            between[:, :across] = grads[n, rows]
            between[:, across:] = 0
            flat[used:] = 0
            np.matmul(windows.swapaxes(2, 3), _every(flat, kw, o), out=products)
            for s in range(kw):
                total += products[:, s]
        return total

    total = workers.add_in_order(workers.run(task, len(chunks)))
    return np.ascontiguousarray(total.reshape(kh, kw, c, o).transpose(3, 2, 0, 1))


def _strips(samples: int, lines: int, products: int) -> list[tuple[int, slice]]:
    """Lines of one sample each, about as many to each strip; ``products`` are those of a line."""
    cuts = workers.even_pieces(lines, max(1, AS_THEY_LIE // products))
    return [(n, cut) for n in range(samples) for cut in cuts]


def _windows(image: Array, rows: slice, kernel: Pair, padding: Pair) -> tuple[Array, int]:
    """x_s for each line of the kernel, (kh, kw, T, kw·C), of a strip of lines of y; and how many
    pixels those are, kw·T. They lie in this thread's buffer."""
    (h, w, c), (kh, kw), (ph, pw) = image.shape, kernel, padding
    pitch, down = w + pw, rows.stop - rows.start
    count = -(-down * pitch // kw) * kw
    flat = workers.scratch("lines", ((kh - 1) * pitch * c + (count + kw - 1) * c,), image.dtype)
    lines = flat[pw * c : (pw + (down + kh - 1) * pitch) * c].reshape(-1, pitch, c)
    above = max(0, ph - rows.start)
    below = max(above, min(down + kh - 1, h + ph - rows.start))
    lines[:above] = 0
    lines[above:below, :w] = image[rows.start + above - ph : rows.start + below - ph]
    lines[above:below, w:] = 0
    lines[below:] = 0
    flat[: pw * c] = 0
    flat[(pw + (down + kh - 1) * pitch) * c :] = 0
    line, pixel = pitch * c * image.itemsize, c * image.itemsize
    shape = (kh, kw, count // kw, kw * c)
    return as_strided(flat, shape, (line, pixel, kw * pixel, image.itemsize)), count


def _every(flat: Array, step: int, channels: int) -> Array:
    """Pixels s, s + step, … of (…, pixels · channels), as (…, s, pixels/step, channels)."""
    parts = flat.reshape(*flat.shape[:-1], -1, step, channels)
    return parts.swapaxes(-3, -2)
