# %% [markdown]
# # 40 · Faster convolutions: shifted products and strips
#
# - **Question.** Why is one large matrix product not always the fastest algorithm, and what may be
#   faster?
# - **Read first.** Lesson 10.
# - **Source.** `minipose/kernels/im2col.py`; minipose's own faster algorithms, where they are
#   present.
# - **Running time.** Under 20 s.
#
# `im2col` copies every pixel $k^2$ times, into a matrix that is far too large for the *cache*, the
# small and fast memory inside the processor. So it is written to slow memory, and then read from
# it. Two ideas avoid most of that.
#
# ## Shifted products
#
# Turn the sums of the formula around: the places $(i, j)$ of the kernel outside, all else inside.
#
# $$y = \sum_{i,j}\; W_{ij}\; x^{(i,j)}, \qquad x^{(i,j)}_{c,p,q} = x_{c,\,p+i,\,q+j}$$
#
# Each term is a matrix (channels out, channels in) times the *shifted image*. If the image lies
# with its channels last, one pixel after the other, a shift by $(i, j)$ is nothing but a start
# further on: $i \cdot \mathrm{width} + j$ pixels. So nothing is copied. Let the product run over
# the row ends too, and throw away what mixes two rows or two pictures: the last columns and rows.

# %%
from functools import partial

import numpy as np

import kit
import minipose as mp
from minipose import ops
from minipose.kernels import im2col


def shifted_products(x, weight):
    """x (N, H, W, C), channels last; weight (k, k, C, O): nine products for a 3×3 kernel."""
    samples, height, width, channels = x.shape
    k, _, _, out_channels = weight.shape
    rows = samples * height * width
    pixels = x.reshape(rows, channels)
    usable = rows - (k - 1) * (width + 1)  # the last pixels have nothing below them
    y = np.zeros((rows, out_channels), dtype=x.dtype)
    term = np.empty((usable, out_channels), dtype=x.dtype)
    for i, j in np.ndindex(k, k):
        start = i * width + j
        np.matmul(pixels[start : start + usable], weight[i, j], out=term)
        y[:usable] += term
    y = y.reshape(samples, height, width, out_channels)
    return y[:, : height - k + 1, : width - k + 1]


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
# columns of a few rows of pixels, multiply, go on. So few columns stay in the cache. And several
# threads can take strips at the same time. One sample, 256 KiB of columns at a time:


# %%
STRIP_BYTES = 256 * 1024


def rows_of_a_strip(x, k):
    """How many output rows have so few columns that they fit: at least one."""
    channels, _, width = x.shape
    return max(1, STRIP_BYTES // (channels * k * k * width * x.itemsize))


def in_strips(x, weight, rows=None):
    """x (C, H, W), weight (O, C, k, k); ``rows`` output rows at a time."""
    k = weight.shape[2]
    rows = rows or rows_of_a_strip(x, k)
    out = x.shape[1] - k + 1
    y = np.empty((len(weight), out, x.shape[2] - k + 1), dtype=x.dtype)
    for top in range(0, out, rows):
        piece = x[None, :, top : min(top + rows, out) + k - 1]  # k − 1 rows of it are seen twice
        y[:, top : top + rows] = im2col.forward(piece, weight, (1, 1), (0, 0))[0]
    return y


x, weight = rng.standard_normal((3, 12, 12)), rng.standard_normal((4, 3, 3, 3))
whole = im2col.forward(x[None], weight, (1, 1), (0, 0))[0]
for rows in (None, 4, 3):
    assert np.allclose(in_strips(x, weight, rows), whole)
print("strips of 4 or 3 rows, or as many as fit: the same numbers as all at once")

# %% [markdown]
# ## Which is faster, and where?
#
# Three of U-Net's layers: near the top (a large image, few channels), in the middle, and at the
# bottom (a small image, many channels). All algorithms do the same arithmetic; they differ in how
# they use memory. Time is *processor* time: other programs make the clock go on, but not the time
# that this one computes. minipose's own strips, in its folder `fast`, mix both ideas and use their
# buffers again.

# %%
LAYERS = [(64, 96, 64), (128, 48, 32), (512, 12, 8)]
speeds = {"im2col": [], "shifted products": [], "strips": []}
fast_strips = kit.fast("strips")
if fast_strips:
    speeds["minipose's strips"] = []
for channels, height, width in LAYERS:
    x = rng.standard_normal((1, channels, height + 2, width + 2), dtype=np.float32)
    weight = rng.standard_normal((channels, channels, 3, 3), dtype=np.float32)
    last = np.ascontiguousarray(x.transpose(0, 2, 3, 1))  # channels last
    by_place = np.ascontiguousarray(weight.transpose(2, 3, 1, 0))
    algorithms = {
        "im2col": partial(im2col.forward, x, weight, (1, 1), (0, 0)),
        "shifted products": partial(shifted_products, last, by_place),
        "strips": partial(in_strips, x[0], weight),
    }
    if fast_strips:
        same = last.transpose(0, 3, 1, 2)  # (N, C, H, W), but with the channels last in memory
        function = partial(fast_strips.forward, same, weight, (1, 1), (0, 0))
        algorithms["minipose's strips"] = function
    expected = algorithms["im2col"]()
    billions = 2e-9 * 9 * channels * channels * height * width
    for name, function in algorithms.items():
        y = function()
        y = y.transpose(0, 3, 1, 2) if name == "shifted products" else y
        assert np.allclose(y, expected, atol=1e-3)
        speeds[name].append(billions / kit.processor_seconds(function))
    columns = 9 * channels * height * width * 4 / 2**20
    print(f"{channels:4} channels: {columns:5.1f} MiB of columns")

plot = kit.new_plot(5.6, 2.8)
axes = plot.add_subplot(title="Billions of operations a second of processor time")
colours = (kit.canvas.GREY, kit.canvas.ACCENT, kit.canvas.TRUTH, kit.canvas.PREDICTION)
for i, (name, values) in enumerate(speeds.items()):
    places = np.arange(3) + 0.21 * (i - 1.5)
    axes.bar(places, values, 0.19, label=name, color=colours[i], zorder=2)
    print(f"{name:17}", ", ".join(f"{value:.0f}" for value in values), "billion a second")
axes.set_xticks(range(3), [f"{c} channels\n{height} × {width}" for c, height, width in LAYERS])
axes.grid(axis="x", visible=False)
axes.legend(fontsize=7, ncols=4, loc="upper left")
axes.set_ylim(top=1.2 * max(max(values) for values in speeds.values()))
kit.save_plot(plot, "40_faster")

# %% [markdown]
# There is no single winner, and speeds differ from machine to machine. So minipose has several
# algorithms and chooses by shape: `im2col`, `strips`, others for few channels or many samples, and
# where there are many channels and many pixels that of the next lesson, which needs fewer products
# than all of these. Plain minipose, without the folder `fast`, has `im2col` alone. To compare,
# `use_algorithm` overrules the choice:

# %%
convolution = kit.fast("convolution")
if convolution:
    for channels, height, width in LAYERS:
        x = np.zeros((1, channels, height + 2, width + 2), np.float32)
        weight = np.zeros((channels, channels, 3, 3), np.float32)
        chosen = convolution.choose(x, weight, (1, 1), (0, 0)).name
        print(f"{channels:4} channels, one picture: minipose chooses {chosen}")
    x = mp.Tensor(rng.standard_normal((2, 8, 16, 16), dtype=np.float32))
    weight = mp.Tensor(rng.standard_normal((8, 8, 3, 3), dtype=np.float32))
    for name in convolution.ALGORITHMS:
        with convolution.use_algorithm(name):
            y = ops.conv2d(x, weight).data
        assert np.allclose(y, im2col.forward(x.data, weight.data, (1, 1), (0, 0)), atol=1e-3)

# %% [markdown]
# ## Change this, predict, run
#
# Cut the 12 × 12 image into strips of some output rows. How many rows of the image are copied in
# all, in units of its height? Predict it for the lowest and the highest strips.

# %% tags=["change-this"]
ROWS = 4  # try 1, 3, 10
with kit.experiment(ROWS, as_given=4):
    pieces = [min(top + ROWS, 10) + 2 - top for top in range(0, 10, ROWS)]
    print(f"strips of {ROWS} rows: {len(pieces)} strips; {sum(pieces) / 12:.2f} images are read")

# %% [markdown]
# ## Five questions
#
# 1. What is the cache, and why do large columns miss it?
# 2. Why is a shift of an image that lies with its channels last nothing but a start further on?
# 3. What are strips, and what do neighbouring ones share?
# 4. All algorithms do the same arithmetic. What do they differ in?
# 5. Why is processor time measured here and not time by the clock?
#
# The answers: `make lesson N=40 ANSWERS=1`, once you have your own.
