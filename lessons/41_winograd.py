# %% [markdown]
# # 41 · Winograd: fewer products, the same numbers
#
# - **Question.** How can a 3×3 convolution do with a quarter of its products?
# - **Read first.** Lessons 10 and 40.
# - **Source.** Lavin and Gray 2016, section 4.3.
# - **Running time.** Under 15 s.
#
# A kernel of 3 weights on a line, $g$, slides over 6 pixels $d$ and leaves 4 outputs,
# $y_p = \sum_i g_i d_{p+i}$: twelve products. Six are enough.
#
# ## Polynomials
#
# Multiplying polynomials is sliding too: the product of $a(t) = a_0 + a_1 t + a_2 t^2 + a_3 t^3$
# and $g(t) = g_0 + g_1 t + g_2 t^2$ has the coefficients $s_k = \sum_i g_i a_{k-i}$. There are six
# of them. But a polynomial of degree 5 is also known from its *values* at six points, and values
# are multiplied point by point: $s(t) = a(t)\, g(t)$, one product for each point. So: evaluate both
# at six points, multiply, and find the coefficients that fit (interpolate). Evaluating is a matrix
# product; so is interpolating, with the *inverse* matrix, the one that undoes it.
#
# The points may be chosen, so take small ones: $0, 1, -1, 2, -2$, and "$\infty$", where a
# polynomial's value is its leading coefficient.

# %%
from functools import partial

import numpy as np

import kit
import minipose as mp
from minipose import ops
from minipose.kernels import im2col


def evaluation(points, size):
    """The matrix that takes ``size`` coefficients to the values at the points and at infinity."""
    rows = [np.power(float(point), range(size)) for point in points]
    at_infinity = [0.0] * (size - 1) + [1.0]
    return np.array([*rows, at_infinity])


def matrices(points):
    """Evaluate four coefficients; evaluate three; interpolate six."""
    return evaluation(points, 4), evaluation(points, 3), np.linalg.inv(evaluation(points, 6))


evaluate_a, evaluate_g, interpolate = matrices([0, 1, -1, 2, -2])
a, g = np.array([3, 1, 4, 1]), np.array([2, 7, 1])
product = interpolate @ ((evaluate_a @ a) * (evaluate_g @ g))
print("coefficients of the product:", product.round(9))
assert np.allclose(product, np.convolve(a, g)) and evaluate_a.max() == 8

# %% [markdown]
# ## Read backwards
#
# For a fixed $g$, the product is linear in $a$: a matrix $M$ with $s = M a$. Its entries are
# $M_{ki} = g_{k-i}$, so the *transposed* matrix takes six numbers to four,
# $(M^T d)_p = \sum_k g_{k-p}\, d_k$: just the sliding kernel. (It is lesson 10 once more: the
# adjoint.) And
# $M = \mathrm{interpolate} \cdot \mathrm{diag}(\mathrm{evaluate}_g\, g) \cdot \mathrm{evaluate}_a$,
# so
#
# $$y = M^T d = A^T\,[\,(G g) \odot (B^T d)\,]$$
#
# with $A = \mathrm{evaluate}_a$, $G = \mathrm{evaluate}_g$ and $B = \mathrm{interpolate}$; $\odot$
# multiplies entry by entry, and diag puts numbers on the diagonal of a matrix of zeros. These are
# the matrices of minipose's kernel; only the denominators of $B^T$ have moved to $G$, where they
# are applied once for a whole image.

# %%
d = np.array([5, 3, 8, 1, 9, 2])
y = evaluate_a.T @ ((evaluate_g @ g) * (interpolate.T @ d))
print("sliding kernel:", y.round(9))
assert np.allclose(y, [g @ d[p : p + 3] for p in range(4)])
points = kit.fast("winograd_points")
if points:
    b_t, g_theirs, a_t = points.matrices(4, 3)
    assert np.allclose(evaluate_a.T, a_t)
    for k in range(6):
        ours = np.outer(evaluate_g[k], interpolate.T[k])
        assert np.allclose(ours, np.outer(g_theirs[k], b_t[k]))
    print("minipose has the same matrices")

# %% [markdown]
# In two dimensions, do it along the rows and then along the columns:
# $Y = A^T [(G g G^T) \odot (B^T d B)] A$. A tile of 6 × 6 pixels gives 4 × 4 outputs:

# %%
rng = np.random.default_rng(0)
tile, kernel = rng.standard_normal((6, 6)), rng.standard_normal((3, 3))


def tile_by_winograd(tile, kernel, A, G, B):
    return A.T @ ((G @ kernel @ G.T) * (B.T @ tile @ B)) @ A


outputs = tile_by_winograd(tile, kernel, evaluate_a, evaluate_g, interpolate)
package = ops.conv2d(mp.Tensor(tile[None, None]), mp.Tensor(kernel[None, None])).data[0, 0]
assert np.allclose(outputs, package)
print(f"products: {tile.size} where the loops of lesson 10 write {outputs.size * kernel.size}")

# %% [markdown]
# ## What does it cost?
#
# The transforms are not free. But a tile is transformed once and then used for *all* output
# channels, a kernel once for all tiles: with many channels, the products are what counts. For a
# whole image, take the two transforms of a tile as one matrix for its 36 pixels (`np.kron` builds
# it from the matrix for a line). Then each of the 36 values has a product of matrices, over all
# channels and tiles:


# %%
def winograd(x, weight):
    """x (1, C, H, W), zeros around it; weight (O, C, 3, 3); H and W are multiples of 4."""
    (_, channels, height, width), out_channels = x.shape, len(weight)
    to_a, to_g, to_b = (
        np.kron(m, m).astype(x.dtype) for m in (evaluate_a.T, evaluate_g, interpolate.T)
    )
    padded = np.pad(x[0], ((0, 0), (1, 1), (1, 1)))
    tiles = np.lib.stride_tricks.sliding_window_view(padded, (6, 6), axis=(1, 2))
    tiles = tiles[:, ::4, ::4].reshape(-1, 36)  # (C·tiles, 36), neighbours share two columns
    tiles = (to_b @ tiles.T).reshape(36, channels, -1)
    kernels = (to_g @ weight.reshape(-1, 9).T).reshape(36, out_channels, channels)
    products = kernels @ tiles  # 36 times (O, C) times (C, tiles)
    y = (to_a @ products.reshape(36, -1)).reshape(4, 4, out_channels, height // 4, width // 4)
    return y.transpose(2, 3, 0, 4, 1).reshape(1, out_channels, height, width)


# %% [markdown]
# And rounding: the matrices hold numbers up to 8, which enlarges the error of float32. Against
# float64, with minipose's own forms where they are:

# %%
ALGORITHMS = {
    "im2col": lambda x, weight: im2col.forward(x, weight, (1, 1), (1, 1)),
    "winograd": winograd,
}
COLOURS = {"im2col": kit.canvas.GREY, "winograd": kit.canvas.PREDICTION}
fast_strips, fast_winograd = kit.fast("strips"), kit.fast("winograd")
if fast_strips and fast_winograd:
    ALGORITHMS |= {
        "minipose's strips": lambda x, weight: fast_strips.forward(x, weight, (1, 1), (1, 1)),
        "minipose's winograd": lambda x, weight: fast_winograd.forward(x, weight, (1, 1)),
    }
    COLOURS |= {"minipose's strips": kit.canvas.TRUTH, "minipose's winograd": kit.canvas.ACCENT}
CHANNELS = [4, 8, 16, 32, 64, 128]
times = {name: [] for name in ALGORITHMS}
errors = {}
for channels in CHANNELS:
    x = rng.standard_normal((1, 48, 32, channels), dtype=np.float32).transpose(0, 3, 1, 2)
    weight = rng.standard_normal((channels, channels, 3, 3), dtype=np.float32)
    exact = ALGORITHMS["im2col"](x.astype(float), weight.astype(float))
    for name, function in ALGORITHMS.items():
        errors[name] = np.abs(function(x, weight) - exact).max() / np.abs(exact).max()
        times[name].append(1000 * kit.processor_seconds(partial(function, x, weight)))
    assert max(errors.values()) < 1e-4
for name, error in errors.items():
    print(f"{name:19} with {channels} channels: {times[name][-1]:.2f} ms, off by {error:.0e}")

plot = kit.new_plot(5, 3)
axes = plot.add_subplot(title="3×3 convolution of 48 × 32 px")
for name, colour in COLOURS.items():
    axes.loglog(CHANNELS, times[name], marker=".", label=name, color=colour)
axes.set_xticks(CHANNELS, [str(c) for c in CHANNELS])
axes.set(xlabel="channels, in and out", ylabel="processor time, ms")
axes.legend(fontsize=7)
kit.save_plot(plot, "41_winograd")

# %% [markdown]
# ## Change this, predict, run
#
# Evaluate at other points than 0, 1, −1, 2 and −2. Does it still work? What happens to the rounding
# in float32?

# %% tags=["change-this"]
POINTS = (0, 1, -1, 2, -2)  # try (0, 1, -1, 3, -3), (0, 1, -1, 0.5, -0.5), (0, 1, 2, 3, 4)
with kit.experiment(POINTS, as_given=(0, 1, -1, 2, -2)):
    many = np.random.default_rng(5).standard_normal((500, 6, 6))
    right = tile_by_winograd(many, kernel, *matrices(list(POINTS)))
    print("right:", np.isclose(right[0, 0, 0], (many[0, :3, :3] * kernel).sum()))
    short = (np.float32(array) for array in (many, kernel, *matrices(list(POINTS))))
    print(f"largest error of float32 {np.abs(tile_by_winograd(*short) - right).max():.0e}")

# %% [markdown]
# ## Five questions
#
# 1. How many products do four outputs of a kernel of three need, naively and by Winograd?
# 2. How can a polynomial of degree 5 be known without its coefficients?
# 3. Why are small points taken?
# 4. Why do the transforms hardly count with many channels?
# 5. How is the sliding kernel related to the product of polynomials?
#
# The answers: `make lesson N=41 ANSWERS=1`, once you have your own.
