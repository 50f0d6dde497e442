# %% [markdown]
# # 12 · Smaller, larger, side by side
#
# - **Question.** Which way does a gradient take through the steps that only move numbers about?
# - **Read first.** Lessons 10 and 11.
# - **Source.** Report 2, section II-C: U-Net halves, doubles, pads and puts channels side by side;
#   `minipose/ops/pool.py`, `minipose/ops/upsample.py`, `minipose/ops/shape.py`.
# - **Running time.** Under 10 s.
#
# Report 2's network, U-Net (lesson 29), has twenty-three convolutions, and between them steps
# without a single weight: pools, enlargements, margins, channels put side by side. All but the
# maximum are **linear**: they copy numbers, add them up, or drop them. Such a step has one law for
# its way back, and no calculus is needed:
#
# - what was *copied* to several places gets the *sum* of what comes from them;
# - what was *added up* hands the same on to *each* part;
# - what was *dropped* gets zero; what came from *outside* (a margin of zeros) hands on nothing.
#
# If the step is a matrix, $y = Ax$, the way back is the same matrix with rows and columns
# exchanged, $A^T g$.

# %%
import numpy as np

import kit
import minipose as mp
from minipose import gradcheck, ops

x = np.arange(1.0, 17.0).reshape(1, 1, 4, 4)


def back(step, x, g=None):
    """y = step(x), and what arrives at x when g (by default ones) arrives at y."""
    tensor = mp.Tensor(x, requires_grad=True)
    y = step(tensor)
    y.backward(np.ones(y.shape) if g is None else g)
    return y.data, tensor.grad


# %% [markdown]
# ## The average of each block
#
# $y = (x_1 + x_2 + x_3 + x_4)/4$: four numbers are added up, each with the factor ¼. So each gets
# ¼ of what arrives. (The maximum of lesson 11 gave all to one.)

# %%
g = np.array([[4.0, 8.0], [12.0, 16.0]])[None, None]
y, grad = back(lambda t: ops.avg_pool2d(t, 2), x, g)
print(grad[0, 0])
by_hand = np.zeros((4, 4))
for row, column in np.ndindex(4, 4):
    by_hand[row, column] = g[0, 0, row // 2, column // 2] / 4
assert np.array_equal(grad[0, 0], by_hand) and y[0, 0, 0, 0] == (1 + 2 + 5 + 6) / 4

# %% [markdown]
# ## Each pixel becomes four
#
# *Nearest* enlargement copies each pixel to a block of 2 × 2. So it gets the sum of the block. That
# is the average's law read backwards, up to the factor: the one is the other's transpose.

# %%
small = np.array([[1.0, 2.0], [3.0, 4.0]])[None, None]
large = np.arange(16.0).reshape(1, 1, 4, 4)
y, grad = back(lambda t: ops.upsample_nearest(t, 2), small, large)
print("enlarged:\n", y[0, 0], "\nback:\n", grad[0, 0])
assert grad[0, 0, 0, 0] == 0 + 1 + 4 + 5
averaged = ops.avg_pool2d(mp.Tensor(large), 2).data
assert np.array_equal(grad, 4 * averaged)

# %% [markdown]
# *Bilinear* enlargement puts between two pixels what lies between their values: ¾ of the nearer
# and ¼ of the other, and the same downwards. So a pixel is used in up to sixteen places, with
# weights that add up to 4: it gets a weighted sum. Write the step as a matrix, column by column,
# and its transpose must be the rule:

# %%
columns = []
for k in range(4):
    one = np.zeros(4)
    one[k] = 1
    step = ops.upsample_bilinear(mp.Tensor(one.reshape(1, 1, 2, 2)), 2)
    columns.append(step.data.ravel())
A = np.array(columns).T  # (16, 4)
y, grad = back(lambda t: ops.upsample_bilinear(t, 2), small, large)
assert np.allclose(A @ small.ravel(), y.ravel())
assert np.allclose(A.T @ large.ravel(), grad.ravel())
print("the first row, enlarged:", y[0, 0, 0], " weights of pixel 1 add up to", A[:, 0].sum())

# %% [markdown]
# ## A margin, and a cut
#
# A margin of zeros comes from outside, so its gradient is thrown away: back through `pad` is a cut.
# And back through a cut (`crop`) is a margin of zeros: what was dropped had no say.

# %%
margin = ((0, 0), (0, 0), (1, 1), (1, 1))
g = np.arange(36.0).reshape(1, 1, 6, 6)
y, grad = back(lambda t: ops.pad(t, margin), x, g)
assert np.array_equal(grad, g[:, :, 1:5, 1:5]) and y[0, 0, 0].sum() == 0
cut = back(lambda t: t[:, :, 1:3, 1:3], x)[1][0, 0]
print("back through a cut:\n", cut)
assert cut.sum() == 4 and cut[1:3, 1:3].all()

# %% [markdown]
# ## Side by side
#
# `concatenate` puts channels next to each other; nothing is mixed. On the way back they are cut
# apart again, each part to where it came from. That is how a *skip* hands its gradient back: one
# part goes down the U, the other straight across.

# %%
left, right = mp.Tensor(x, requires_grad=True), mp.Tensor(2 * x, requires_grad=True)
both = ops.concatenate([left, right], axis=1)  # (1, 2, 4, 4)
g = np.random.default_rng(0).standard_normal(both.shape)
both.backward(g)
assert np.array_equal(left.grad, g[:, :1]) and np.array_equal(right.grad, g[:, 1:])

# %% [markdown]
# ## One check for all of them
#
# For every linear step, $\langle A x, g\rangle = \langle x, A^T g\rangle$ (lesson 10): no step
# width $h$, and no error but rounding. And central differences (lesson 4) must agree.

# %%
STEPS = {
    "average pool": lambda t: ops.avg_pool2d(t, 2),
    "nearest": lambda t: ops.upsample_nearest(t, 2),
    "bilinear": lambda t: ops.upsample_bilinear(t, 2),
    "margin": lambda t: ops.pad(t, margin),
    "cut": lambda t: t[:, :, 1:3, 1:3],
    "side by side": lambda t: ops.concatenate([t, 2.0 * t], axis=1),
}
rng = np.random.default_rng(1)
for name, step in STEPS.items():
    some = rng.standard_normal((2, 3, 4, 4))
    g = rng.standard_normal(step(mp.Tensor(some)).shape)
    y, grad = back(step, some, g)
    assert np.isclose((y * g).sum(), (some * grad).sum(), rtol=1e-12)
    gradcheck.check_gradients(step, [some])
    print(f"{name:13} <Ax, g> = {(y * g).sum():+.10f} = <x, Aᵀg>")

# %%
plot = kit.new_plot(9, 2.5)
panels = {"max-pool": lambda t: ops.max_pool2d(t, 2)} | dict(list(STEPS.items())[:4])
noise = rng.standard_normal((1, 1, 8, 8))
margin = ((0, 0), (0, 0), (2, 2), (2, 2))  # from here on a wider one, so that one sees it
for k, (name, step) in enumerate(panels.items()):
    size = step(mp.Tensor(noise)).shape
    one = np.zeros(size)
    at = (0, 0, 1, 1) if "pool" in name else (0, 0, size[2] // 2, size[3] // 2)
    one[at] = 1
    axes = plot.add_subplot(1, 5, k + 1, title=name)
    axes.imshow(back(step, noise, one)[1][0, 0], cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(np.arange(-0.5, 8), [])
    axes.set_yticks(np.arange(-0.5, 8), [])
    axes.grid(color=kit.canvas.GREY, linewidth=0.3)
    axes.tick_params(length=0)
plot.suptitle(
    "where one output pixel's gradient of 1 lands in an input of 8 × 8", fontsize=9, y=0.04
)
kit.save_plot(plot, "12_down_and_up")

# %% [markdown]
# The darkest is 1, white is 0. The maximum takes one pixel, the average spreads over four, nearest
# has one source, bilinear four.

# %% [markdown]
# ## Change this, predict, run
#
# Enlarge by 2 and average over blocks of 2 × 2, one after the other. Which gives the picture back:
# first enlarge and then average, or first average and then enlarge? For which enlargement?

# %% tags=["change-this"]
ORDER = "nearest, average"  # try "average, nearest", "bilinear, average", "average, bilinear"
with kit.experiment(ORDER, as_given="nearest, average"):
    named = {"nearest": "nearest", "bilinear": "bilinear", "average": "average pool"}
    result = mp.Tensor(np.random.default_rng(5).standard_normal((1, 1, 8, 8)))
    begun = result.data
    for word in ORDER.split(", "):
        result = STEPS[named[word]](result)
    print(f"{ORDER}: off by up to {np.abs(result.data - begun).max():.3f}")

# %% [markdown]
# ## Five questions
#
# 1. What does a number that was copied to three places get on the way back?
# 2. What does each of four numbers get that were averaged?
# 3. What is the gradient of a margin of zeros?
# 4. How does the gradient of a U-Net's skip find its way?
# 5. How can one test the way back of a linear step without any step width?
#
# The answers: `make lesson N=12 ANSWERS=1`, once you have your own.
# Write it yourself: `make check N=12`, `exercises/12_down_and_up.py`.
