# %% [markdown]
# # 10 · Faster convolutions: shifted products and strips
#
# - **Question.** Why is one large matrix product not the fastest way, and what is faster?
# - **Read first.** Lesson 8.
# - **Source.** `minipose/fast/strips.py` and `minipose/fast/convolution.py`.
# - **Running time.** Under 20 s.
#
# `im2col` copies every pixel $k^2$ times, into a matrix that is far too large for the *cache*, the
# small and fast memory inside the processor. So it is written to slow memory, and then read from
# it. Two ideas avoid most of that.
#
# ## Shifted products
#
# Turn the sums of the formula around. The taps $(i, j)$ outside, everything else inside:
#
# $$y = \sum_{i,j}\; W_{ij}\; x^{(i,j)}, \qquad x^{(i,j)}_{c,p,q} = x_{c,\,p+i,\,q+j}$$
#
# Each term is a matrix (maps, channels) times the *shifted image*. If the image lies with its
# channels last, one pixel after the other, a shift by $(i, j)$ is nothing but a start further on:
# $i \cdot \mathrm{width} + j$ pixels. So nothing is copied. Let the product run over the row ends
# too, and throw away the columns at the right border that mix two rows.

# %%
from functools import partial

import numpy as np

import kit
import minipose as mp
from minipose import ops
from minipose.fast import strips
from minipose.fast.convolution import choose, use_algorithm
from minipose.kernels import im2col


def shifted_products(x, weight):
    """x (N, H, W, C), channels last; weight (k, k, C, O): nine products for a 3×3 kernel."""
    samples, height, width, channels = x.shape
    k, _, _, maps = weight.shape
    rows = samples * height * width
    pixels = x.reshape(rows, channels)
    usable = rows - (k - 1) * (width + 1)  # the last pixels have nothing below them
    y = np.zeros((rows, maps), dtype=x.dtype)
    share = np.empty((usable, maps), dtype=x.dtype)
    for i, j in np.ndindex(k, k):
        start = i * width + j
        np.matmul(pixels[start : start + usable], weight[i, j], out=share)
        y[:usable] += share
    return y.reshape(samples, height, width, maps)[:, : height - k + 1, : width - k + 1]


rng = np.random.default_rng(0)
x, weight = rng.standard_normal((2, 9, 7, 3)), rng.standard_normal((3, 3, 3, 5))
ours = shifted_products(x, weight).transpose(0, 3, 1, 2)
theirs = ops.conv2d(mp.Tensor(x.transpose(0, 3, 1, 2)), mp.Tensor(weight.transpose(3, 2, 0, 1)))
print("largest difference from minipose's:", f"{np.abs(ours - theirs.data).max():.1e}")
assert np.allclose(ours, theirs.data, rtol=1e-12, atol=1e-12)

# %% [markdown]
# ## Strips
#
# The other idea keeps `im2col` but forgets each column as soon as it has been used: make the
# columns of a few rows of pixels, multiply, go on, in the *same* buffer. It stays in the cache. And
# several threads can take strips at the same time. (With many maps minipose mixes both ideas: a
# product for each row of the kernel, shifted by a row of the image.) By hand, one sample:


# %%
def in_strips(x, weight, rows):
    """x (C, H, W), weight (O, C, k, k); ``rows`` output rows at a time."""
    k = weight.shape[2]
    out = x.shape[1] - k + 1
    y = np.empty((len(weight), out, x.shape[2] - k + 1), dtype=x.dtype)
    for top in range(0, out, rows):
        piece = x[None, :, top : min(top + rows, out) + k - 1]  # k − 1 rows of it are seen twice
        y[:, top : top + rows] = im2col.forward(piece, weight, (1, 1), (0, 0))[0]
    return y


x, weight = rng.standard_normal((3, 12, 12)), rng.standard_normal((4, 3, 3, 3))
whole = im2col.forward(x[None], weight, (1, 1), (0, 0))[0]
assert np.allclose(in_strips(x, weight, 4), whole) and np.allclose(in_strips(x, weight, 3), whole)
print(f"minipose's strips hold {strips.STRIP_BYTES // 1024} KiB of columns at a time")

# %% [markdown]
# ## Which is faster, and where?
#
# Three of U-Net's layers: near the top (a large image, few maps), in the middle, and at the bottom
# (a small image, many maps). All ways do the same arithmetic; they differ in how they use memory.

# %%
LAYERS = [(64, 96, 64), (128, 48, 32), (512, 12, 8)]
speeds = {"im2col": [], "shifted products": [], "strips": []}
for maps, height, width in LAYERS:
    x = rng.standard_normal((1, maps, height + 2, width + 2), dtype=np.float32)
    weight = rng.standard_normal((maps, maps, 3, 3), dtype=np.float32)
    last = np.ascontiguousarray(x.transpose(0, 2, 3, 1))  # channels last
    taps = np.ascontiguousarray(weight.transpose(2, 3, 1, 0))
    ways = {
        "im2col": partial(im2col.forward, x, weight, (1, 1), (0, 0)),
        "shifted products": partial(shifted_products, last, taps),
        "strips": partial(strips.forward, last.transpose(0, 3, 1, 2), weight, (1, 1), (0, 0)),
    }
    billions = 2e-9 * 9 * maps * maps * height * width
    shifted = ways["shifted products"]().transpose(0, 3, 1, 2)
    assert np.allclose(shifted, ways["im2col"](), atol=1e-3)
    assert np.allclose(ways["strips"](), ways["im2col"](), atol=1e-3)
    for way, function in ways.items():
        speeds[way].append(billions / kit.processor_seconds(function))
    columns = 9 * maps * height * width * 4 / 2**20
    chosen = choose(x, weight, (1, 1), (0, 0))
    print(f"{maps:4} maps: {columns:5.1f} MiB of columns, minipose takes {chosen}")

plot = kit.new_plot(5.6, 2.8)
axes = plot.add_subplot(title="Billions of operations a second, one thread")
colours = (kit.canvas.GREY, kit.canvas.ACCENT, kit.canvas.TRUTH)
for i, (way, values) in enumerate(speeds.items()):
    axes.bar(np.arange(3) + 0.27 * (i - 1), values, 0.25, label=way, color=colours[i], zorder=2)
    print(f"{way:16}", ", ".join(f"{value:.0f}" for value in values), "billion a second")
axes.set_xticks(range(3), [f"{maps} maps\n{height} × {width}" for maps, height, width in LAYERS])
axes.grid(axis="x", visible=False)
axes.legend(fontsize=7, ncols=3, loc="upper left")
axes.set_ylim(top=1.15 * max(max(values) for values in speeds.values()))
kit.save_plot(plot, "10_faster")

# %% [markdown]
# There is no single winner, and figures move from machine to machine. So minipose keeps several
# ways and chooses by shape: `im2col`, `strips`, and where there are many maps the way of the next
# lesson, which needs fewer products than all of these. To compare, `use_algorithm` chooses for it:

# %%
with use_algorithm("strips"):
    y = ops.conv2d(mp.Tensor(x), mp.Tensor(weight)).data
assert np.allclose(y, ways["im2col"](), atol=1e-3)

# %% [markdown]
# ## Change this, predict, run
#
# Cut the 12 × 12 image into strips of 4, 3 or 1 output rows. How many rows of the image are copied
# in all, in units of its height?

# %% tags=["hide-cell"]
copied = {}
for rows in (4, 3, 1):
    pieces = [min(top + rows, 10) + 2 - top for top in range(0, 10, rows)]
    copied[rows] = sum(pieces) / 12
assert copied[1] == 2.5
kit.answer(f"""
{copied[4]:.2f}, {copied[3]:.2f} and {copied[1]:.2f} times the image: neighbouring strips share
k - 1 rows of it, and each reads them itself. Flat strips fit a small cache, but read more.""")
