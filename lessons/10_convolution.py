# %% [markdown]
# # 10 · Convolution, by loops and by one product
#
# - **Question.** What does a convolution compute, and how is it done fast?
# - **Read first.** Lesson 5.
# - **Source.** Report 1, section 4.3 (5×5 and 6×6 kernels); `minipose/kernels/im2col.py`.
# - **Running time.** Under 10 s.
#
# A fully connected layer on a picture of 128 × 128 would give each output 16384 weights, and what
# it learns about a knee at the left it would have to learn again at the right. A *convolution*
# looks at small windows, all with the same few weights, the *kernel*. A picture has **channels**:
# one of brightness, or red, green and blue; and what a layer makes of it are channels again, as
# many as it has kernels. One kernel $w$ for each output channel $o$, reaching over all input
# channels $c$:
#
# $$y_{n,o,p,q} = b_o + \sum_{c,i,j} w_{o,c,i,j}\; x_{n,c,\,p+i,\,q+j}$$
#
# It is one sum of products for each output pixel $(p, q)$ of each picture $n$. (Strictly this is a
# *cross-correlation*; a mathematician's convolution rotates the kernel by 180°.) With numbers, for
# a picture of 3 × 3 and a kernel of 2 × 2:

# %%
import numpy as np

import kit
import minipose as mp
import people
from minipose import losses, ops
from minipose.kernels.im2col import col2im, im2col


def by_loops(x, weight):
    """The formula, word by word. x (pictures, channels, height, width), weight (O, C, k, k)."""
    samples, channels, height, width = x.shape
    out_channels, _, k, _ = weight.shape
    y = np.zeros((samples, out_channels, height - k + 1, width - k + 1))
    for n, o, p, q in np.ndindex(y.shape):
        for c, i, j in np.ndindex(channels, k, k):
            y[n, o, p, q] += weight[o, c, i, j] * x[n, c, p + i, q + j]
    return y


rng = np.random.default_rng(0)
x, weight = rng.standard_normal((2, 3, 8, 8)), rng.standard_normal((4, 3, 3, 3))
assert np.allclose(by_loops(x, weight), ops.conv2d(mp.Tensor(x), mp.Tensor(weight)).data)

# %%
tiny, square = np.arange(9.0).reshape(3, 3), np.arange(4.0).reshape(2, 2)
result = by_loops(tiny[None, None], square[None, None])[0, 0]
plot = kit.new_plot(3.8, 1.5)
used = {"x": tiny < 5, "w": square >= 0, "y": result == 19}
used["x"][0, 2] = False  # the window of the first output
for k, (title, numbers) in enumerate({"x": tiny, "w": square, "y": result}.items()):
    kit.draw_numbers(plot.add_subplot(1, 3, k + 1, title=title), numbers, used[title])
kit.save_plot(plot, "10_convolution_numbers")
print("0·0 + 1·1 + 3·2 + 4·3 =", int(result[0, 0]))
assert result[0, 0] == 0 * 0 + 1 * 1 + 3 * 2 + 4 * 3 == 19

# %% [markdown]
# ## What a kernel sees
#
# Two kernels made by hand on a drawn person: each answers where brightness changes in one
# direction.

# %%
picture = people.small_person(11, side=96).image.mean(axis=2) / 255
across = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 4
kernels = np.stack([across, across.T])[:, None]  # (2 channels out, 1 in, 3, 3)
edges = ops.conv2d(mp.Tensor(picture[None, None]), mp.Tensor(kernels))
plot = kit.new_plot(7, 3)
panels = {
    "brightness": picture,
    "changes across": edges.data[0, 0],
    "changes downwards": edges.data[0, 1],
}
for i, (title, panel) in enumerate(panels.items()):
    axes = plot.add_subplot(1, 3, i + 1, title=f"{title}, {panel.shape[0]} × {panel.shape[1]}")
    limits = {"cmap": "RdBu", "vmin": -0.4, "vmax": 0.4} if i else {"cmap": "gray"}
    axes.imshow(panel, **limits)
    axes.axis("off")
kit.save_plot(plot, "10_convolution")

# %% [markdown]
# ## A kernel that is learned
#
# Nobody makes kernels by hand. Show a network a picture and what should come out of it, let it
# begin with zeros, and step against the gradient: it finds the kernel.

# %%
rng = np.random.default_rng(0)
shown = mp.Tensor(rng.standard_normal((1, 1, 32, 32)))
wanted = ops.conv2d(shown, mp.Tensor(across[None, None])).data
kernel = mp.Parameter(np.zeros((1, 1, 3, 3)))
for _ in range(200):
    kernel.grad = None
    losses.mse(ops.conv2d(shown, kernel), wanted).backward()
    kernel.assign_(kernel.data - 0.1 * kernel.grad)
print("learned, times 4:", *(f"{value:+.2f}" for value in 4 * kernel.data.ravel()))
assert np.allclose(kernel.data[0, 0], across, atol=1e-3)

# %% [markdown]
# ## From loops to one product
#
# Matrix products are the one thing that computers do at full speed. So copy what each output pixel
# sees into a column. Here for an image of 4 × 4 and a kernel of 3 × 3, which fits in four places
# (the last arguments: steps of one pixel, no margin):

# %%
small = np.arange(16.0).reshape(1, 1, 4, 4)
print(im2col(small, (3, 3), (1, 1), (0, 0)).reshape(9, 4).astype(int).T, "<- one row each")


def columns(x, k):
    """cols[c, i, j, n, p, q] = x[n, c, p + i, q + j]: a loop over the kernel's k·k places only."""
    samples, channels, height, width = x.shape
    out = height - k + 1, width - k + 1
    cols = np.empty((channels, k, k, samples, *out))
    for i, j in np.ndindex(k, k):
        cols[:, i, j] = x[:, :, i : i + out[0], j : j + out[1]].transpose(1, 0, 2, 3)
    return cols


cols = columns(x, 3)
assert np.array_equal(cols, im2col(x, (3, 3), (1, 1), (0, 0)))
matrix = weight.reshape(4, -1)  # (channels out, channels in·k·k)
y = (matrix @ cols.reshape(27, -1)).reshape(4, 2, 6, 6).transpose(1, 0, 2, 3)
assert np.allclose(y, by_loops(x, weight))

# %% [markdown]
# ## And back
#
# $Y = W\,\mathrm{cols}$ is lesson 5 again: $dL/dW = G\,\mathrm{cols}^T$ and
# $dL/d\,\mathrm{cols} = W^T G$. Only the copying is left. A pixel was copied into up to $k^2$
# columns, so it gets the *sum* of what its copies get: `col2im`. Copying and summing are *adjoint*,
# $\langle \mathrm{im2col}(x), c\rangle = \langle x, \mathrm{col2im}(c)\rangle$ for all $x$ and $c$,
# where $\langle a, b\rangle$ is the sum of all $a_i b_i$. That can be checked without any $h$:

# %%
c = rng.standard_normal(cols.shape)
back = col2im(c, (8, 8), (1, 1), (0, 0))
assert np.isclose((cols * c).sum(), (x * back).sum(), rtol=1e-12)

g = rng.standard_normal(y.shape)
flat = g.transpose(1, 0, 2, 3).reshape(4, -1)
tensors = mp.Tensor(x, requires_grad=True), mp.Tensor(weight, requires_grad=True)
ops.conv2d(*tensors).backward(g)
assert np.allclose(tensors[1].grad, (flat @ cols.reshape(27, -1).T).reshape(weight.shape))
grad_cols = (matrix.T @ flat).reshape(cols.shape)
assert np.allclose(tensors[0].grad, col2im(grad_cols, (8, 8), (1, 1), (0, 0)))

# %%
large = 32 * 25 * 58 * 58 * 128 * 4 / 2**30  # channels · kernel · pixels · batch · bytes
print(f"the columns of report 1's second layer (32 channels in, batch 128): {large:.1f} GiB")

# %% [markdown]
# The price is memory: the columns are $k^2$ times the image. Lesson 40 does without most of them.
#
# ## Change this, predict, run
#
# Shift the picture by some pixels to the right, and then convolve: how does `changes across`
# change? And if the picture is rotated by a quarter turn instead?

# %% tags=["change-this"]
MOVE = 1  # try 2, 5, "quarter turn"
with kit.experiment(MOVE, as_given=1):
    moved = np.rot90(picture) if MOVE == "quarter turn" else np.roll(picture, MOVE, axis=1)
    after = ops.conv2d(mp.Tensor(moved[None, None].copy()), mp.Tensor(kernels)).data[0, 0]
    if MOVE == "quarter turn":
        turned = np.rot90(edges.data[0], axes=(1, 2))
        gaps = np.abs(turned - after).max(axis=(1, 2))
        print(
            f"{gaps[0]:.2f} off from itself, rotated; {gaps[1]:.2f} from the other channel, rotated"
        )
    else:  # the first columns have come in from the other side
        gap = np.abs(after[:, MOVE:] - edges.data[0, 0][:, :-MOVE]).max()
        print(f"{gap:.2f} off from itself, shifted by {MOVE}")

# %% [markdown]
# ## Five questions
#
# 1. A 5×5 convolution from 3 channels to 8: how many weights and biases?
# 2. How large is the output for a picture of 128 × 128 and that kernel, without a margin?
# 3. What is copied in `im2col`, and how often is a pixel in the middle of a picture?
# 4. Why does the gradient of the picture need `col2im`?
# 5. Why is a convolution good at pictures, where a fully connected layer is not?
#
# The answers: `make lesson N=10 ANSWERS=1`, once you have your own.
# Write it yourself: `make check N=10`, `exercises/10_convolution.py`.
