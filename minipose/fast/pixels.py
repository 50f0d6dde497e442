"""1×1 convolution of channels-last images: every pixel is a row, the kernel a matrix, as they lie.

    y[p, o] = Σ_c x[p, c] w[o, c]        dL/dw[o, c] = Σ_p dL/dy[p, o] x[p, c]

One call multiplies many blocks of pixels, each as large as OpenBLAS multiplies without copying
(``products.AS_THEY_LIE``); of dL/dw each block gives a part, and the parts are added up.
"""

from __future__ import annotations

import numpy as np

from minipose.fast import workers
from minipose.fast.bias_relu import NOTHING, Ending
from minipose.fast.layout import channels_first, channels_last
from minipose.fast.products import AS_THEY_LIE, GRAIN, in_blocks

Array = np.ndarray

PIECE = 1 << 20  # numbers of the images that a task takes
LEAST = 64  # pixels in a block that are worth a product of their own


def forward(x: Array, weight: Array, ending: Ending = NOTHING) -> Array:
    """y (N, O, H, W) of x (N, C, H, W) and weight (O, C, 1, 1)."""
    images, matrix = (
        np.ascontiguousarray(channels_last(x)),
        np.ascontiguousarray(weight[..., 0, 0].T),
    )
    y = workers.empty((*images.shape[:3], len(weight)), x.dtype)
    rows, results = images.reshape(-1, len(matrix)), y.reshape(-1, len(weight))
    cuts = _cuts(len(rows), *matrix.shape)

    def task(k: int) -> None:
        in_blocks(rows[cuts[k]], matrix, results[cuts[k]])
        ending.finish(results[cuts[k]])

    workers.share(task, len(cuts))
    return channels_first(y)


def backward_input(grad_y: Array, weight: Array) -> Array:
    """dL/dx (N, C, H, W)."""
    return forward(grad_y, weight.transpose(1, 0, 2, 3))


def backward_weight(grad_y: Array, x: Array) -> Array:
    """dL/dw (O, C, 1, 1)."""
    o, c = grad_y.shape[1], x.shape[1]
    grads, rows = (
        np.ascontiguousarray(channels_last(each)).reshape(-1, each.shape[1]) for each in (grad_y, x)
    )
    cuts, block = _cuts(len(rows), c, o), _block(c, o)

    def task(k: int) -> Array:
        grad, part = grads[cuts[k]], rows[cuts[k]]
        whole = len(part) - len(part) % block if block >= LEAST else 0
        total = grad[whole:].T @ part[whole:]
        if whole:
            left = grad[:whole].reshape(-1, block, o).swapaxes(1, 2)
            total += (left @ part[:whole].reshape(-1, block, c)).sum(axis=0)
        return total

    total = workers.add_in_order(workers.run(task, len(cuts)))
    return total.reshape(o, c, 1, 1)


def _block(c: int, o: int) -> int:
    """Pixels of which a product is multiplied as it lies."""
    return AS_THEY_LIE // (c * o) // GRAIN * GRAIN


def _cuts(pixels: int, c: int, o: int) -> list[slice]:
    """Pixels of a task."""
    return workers.even_pieces(pixels, max(1, PIECE // max(c, o)))
