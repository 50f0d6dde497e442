"""Convolution as one matrix product: copy what each output pixel sees into a column.

With x (N, C, H, W) and a kernel of kh × kw, the columns are

    cols[c, i, j, n, p, q] = x_padded[n, c, p·s + i, q·s + j]

so that conv(x, w)[n, o, p, q] = Σ_{c,i,j} w[o, c, i, j] · cols[c, i, j, n, p, q]: the matrix (O,
C·kh·kw) times the matrix (C·kh·kw, N·H'·W'). All columns are one view of x_padded, with strides of
its own: two indices that move along the same axis have the same step in memory. Copying it is one
call. ``col2im`` is the adjoint: it adds each column back to where it was copied from, by a Python
loop over the kh·kw taps, since in a view that names an element many times a sum would count it
once.
"""

from __future__ import annotations

from minipose.backend import Array, array_module, product

Pair = tuple[int, int]


def output_size(size: int, kernel: int, stride: int, padding: int) -> int:
    """Positions at which a kernel fits: ⌊(size + 2·padding − kernel) / stride⌋ + 1."""
    return (size + 2 * padding - kernel) // stride + 1


def pad_images(x: Array, padding: Pair, value: float = 0.0) -> Array:
    """Margins of ``value`` at the last two axes (the array itself where there are none)."""
    ph, pw = padding
    if ph == 0 and pw == 0:
        return x
    n, c, h, w = x.shape
    padded = array_module(x).full_like(x, value, shape=(n, c, h + 2 * ph, w + 2 * pw))
    padded[:, :, ph : ph + h, pw : pw + w] = x
    return padded


def crop_images(padded: Array, padding: Pair) -> Array:
    """What is within the margins: the adjoint of ``pad_images`` (a view, or the array itself)."""
    ph, pw = padding
    if ph == 0 and pw == 0:
        return padded
    h, w = padded.shape[2:]
    return padded[:, :, ph : h - ph, pw : w - pw]


def im2col(x: Array, kernel: Pair, stride: Pair, padding: Pair) -> Array:
    """Columns (C, kh, kw, N, H', W') of images (N, C, H, W), to be read only."""
    (kh, kw), (sh, sw) = kernel, stride
    n, c, h, w = x.shape
    out_h = output_size(h, kh, sh, padding[0])
    out_w = output_size(w, kw, sw, padding[1])
    xp, padded = array_module(x), pad_images(x, padding)
    of_n, of_c, of_h, of_w = padded.strides
    view = xp.lib.stride_tricks.as_strided(
        padded, (c, kh, kw, n, out_h, out_w), (of_c, of_h, of_w, of_n, sh * of_h, sw * of_w)
    )
    if view.flags.c_contiguous:  # kernels of one pixel
        return view
    cols = xp.empty(view.shape, dtype=x.dtype)
    cols[...] = view
    return cols


def col2im(cols: Array, size: Pair, stride: Pair, padding: Pair) -> Array:
    """Images (N, C, H, W) in which each pixel is the sum of its copies in the columns."""
    c, kh, kw, n, out_h, out_w = cols.shape
    (h, w), (sh, sw), (ph, pw) = size, stride, padding
    padded = array_module(cols).zeros((c, n, h + 2 * ph, w + 2 * pw), dtype=cols.dtype)
    for i in range(kh):
        for j in range(kw):
            padded[:, :, i : i + sh * out_h : sh, j : j + sw * out_w : sw] += cols[:, i, j]
    return padded[:, :, ph : ph + h, pw : pw + w].transpose(1, 0, 2, 3)


def forward(x: Array, weight: Array, stride: Pair, padding: Pair) -> Array:
    """y (N, O, H', W') of x (N, C, H, W) and weight (O, C, kh, kw)."""
    cols = im2col(x, weight.shape[2:], stride, padding)
    y = product(weight.reshape(len(weight), -1), as_matrix(cols))
    return y.reshape(len(weight), *cols.shape[3:]).transpose(1, 0, 2, 3)


def backward_input(grad_y: Array, weight: Array, size: Pair, stride: Pair, padding: Pair) -> Array:
    """dL/dx (N, C, H, W): the transposed product, then the adjoint of the copy."""
    n, o, out_h, out_w = grad_y.shape
    flat = grad_y.transpose(1, 0, 2, 3).reshape(o, n * out_h * out_w)
    cols = product(weight.reshape(o, -1).T, flat)
    return col2im(cols.reshape(*weight.shape[1:], n, out_h, out_w), size, stride, padding)


def backward_weight(grad_y: Array, x: Array, kernel: Pair, stride: Pair, padding: Pair) -> Array:
    """dL/dw (O, C, kh, kw). The columns are made again rather than kept: they are kh·kw × x."""
    xp, cols = array_module(x), im2col(x, kernel, stride, padding)
    n, o, out_h, out_w = grad_y.shape
    flat = grad_y.transpose(1, 0, 2, 3).reshape(o, n * out_h * out_w)
    grad_w = xp.empty((o, x.shape[1], *kernel), dtype=x.dtype)
    product(flat, as_matrix(cols).T, out=grad_w.reshape(o, -1))
    return grad_w


def as_matrix(cols: Array) -> Array:
    """(C, kh, kw, N, H', W') -> (C·kh·kw, N·H'·W')."""
    c, kh, kw, n, out_h, out_w = cols.shape
    return cols.reshape(c * kh * kw, n * out_h * out_w)
