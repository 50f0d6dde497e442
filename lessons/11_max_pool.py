# %% [markdown]
# # 11 · Max-pool, and what happens at a tie
#
# - **Question.** How does a channel get smaller, and which pixels get the gradient?
# - **Read first.** Lessons 4 and 10.
# - **Source.** Report 1, section 4.3 and figure 4 (2×2 max-pool after each convolution);
#   `minipose/ops/pool.py`.
# - **Running time.** Under 15 s.
#
# A max-pool keeps the largest number of each block of 2 × 2 and forgets the rest:
#
# $$y_{p,q} = \max_{0 \le i,j < 2}\; x_{2p+i,\,2q+j}$$
#
# The channel has a quarter of the pixels then, so the next kernel of the same size sees twice as
# far. And *that* there was an edge stays, while *where* exactly is forgotten up to a pixel.
#
# Only the largest number of a block has any say in $y$. So all of the gradient goes to it, and the
# others get none. By loops:

# %%
import numpy as np

import kit
import minipose as mp
import people
from minipose import ops


def pool_by_loops(x, g):
    """y, and what arrives at x when g arrives at y. A row or column left over is dropped."""
    y, grad_x = np.zeros_like(g), np.zeros_like(x)
    for n, c, p, q in np.ndindex(y.shape):
        best = (2 * p, 2 * q)
        for i, j in [(0, 1), (1, 0), (1, 1)]:
            if x[n, c, 2 * p + i, 2 * q + j] > x[(n, c, *best)]:
                best = (2 * p + i, 2 * q + j)
        y[n, c, p, q] = x[(n, c, *best)]
        grad_x[(n, c, *best)] += g[n, c, p, q]
    return y, grad_x


def pool(x, g):
    tensor = mp.Tensor(x, requires_grad=True)
    y = ops.max_pool2d(tensor, 2)
    y.backward(g)
    return y.data, tensor.grad


rng = np.random.default_rng(0)
x, g = rng.standard_normal((2, 3, 7, 9)), rng.standard_normal((2, 3, 3, 4))
for ours, theirs in zip(pool_by_loops(x, g), pool(x, g)):
    assert np.array_equal(ours, theirs)
x, g = rng.standard_normal((4, 8, 32, 32)), rng.standard_normal((4, 8, 16, 16))
loops = kit.seconds(lambda: pool_by_loops(x, g), repeats=1)
package = kit.seconds(lambda: pool(x, g))
print(f"loops {1000 * loops:.0f} ms, minipose {1000 * package:.2f} ms")

# %% [markdown]
# minipose loops over the four places of a block, not over pixels: all upper left pixels against all
# upper right ones, and so on, and it notes in one byte which was largest.
#
# On the edges of a person, pooled. The last panel shows which pixels get a gradient: one in each
# block.

# %%
person = people.small_person(11, side=96)
across = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 4
picture = person.image.mean(axis=2) / 255
edges = np.abs(ops.conv2d(mp.Tensor(picture[None, None]), mp.Tensor(across[None, None])).data)
edges = edges[:, :, 8:52, 20:64]
pooled, landed = pool(edges, np.ones((1, 1, 22, 22)))
plot = kit.new_plot(7, 2.7)
titles = ("edges, 44 × 44", "pooled, 22 × 22", "where gradients land")
for i, (title, panel) in enumerate(zip(titles, (edges, pooled, landed))):
    axes = plot.add_subplot(1, 3, i + 1, title=title)
    axes.imshow(panel[0, 0], cmap="gray_r", vmax=(0.5, 0.5, 1)[i])
    axes.axis("off")
kit.save_plot(plot, "11_max_pool")
print(f"{int(landed.sum())} of {landed.size} pixels get a gradient")
assert landed.sum() == pooled.size

# %% [markdown]
# ## Ties
#
# What if two are equally large? That is not rare: report 1 blackens the background, and there all
# four are equal. The maximum has a kink there (lesson 4). Raise one of the two and $y$ rises, lower
# it and $y$ stays: a slope of 1 to one side and 0 to the other. The central difference gives
# $\tfrac12$ to each. minipose gives all to the first in row order:

# %%
silhouette = picture * person.mask
blocks = silhouette[:118, :96].reshape(59, 2, 48, 2).transpose(0, 2, 1, 3).reshape(-1, 4)
tied = (blocks == blocks.max(axis=1, keepdims=True)).sum(axis=1) > 1
print(f"{tied.mean():.0%} of the blocks of a picture with black background are tied")

tie, h = np.array([[5.0, 1.0], [5.0, 2.0]]), 1e-5
grad = pool(tie[None, None], np.ones((1, 1, 1, 1)))[1][0, 0]
for place in [(0, 0), (1, 0)]:
    bump = np.zeros((2, 2))
    bump[place] = h
    slope = ((tie + bump).max() - (tie - bump).max()) / (2 * h)
    print(f"place {place}: difference {slope:.2f}, minipose {grad[place]:.0f}")
    assert np.isclose(slope, 0.5)
assert grad[0, 0] == 1 and grad.sum() == 1

# %% [markdown]
# Both are fair: the gradient is handed on *once*, which is what counts. Giving it to each of the
# two would count it twice. But a rule must be stated and tested, or two versions of a program learn
# different weights and nobody knows why.
#
# ## What may come after the pool
#
# Report 1's network pools, adds the bias and takes $\tanh$, in this order. Both keep the order of
# numbers: if $a > b$, then $\tanh(a + c) > \tanh(b + c)$. So the largest stays the largest, the
# function is the same as with the pool last, and $\tanh$ is computed for a quarter of the numbers:

# %%
x = mp.Tensor(rng.standard_normal((16, 5, 124, 124)).astype(np.float32))
bias = mp.Tensor(rng.standard_normal((1, 5, 1, 1)).astype(np.float32))


def pool_first():
    return ops.tanh(ops.max_pool2d(x, 2) + bias).data


def pool_last():
    return ops.max_pool2d(ops.tanh(x + bias), 2).data


assert np.array_equal(pool_first(), pool_last())
for name, function in (("pool first", pool_first), ("pool last", pool_last)):
    print(f"{name} {1000 * kit.seconds(function):.1f} ms")

# %% [markdown]
# ## Change this, predict, run
#
# Move the 44 × 44 edges to the right, then pool. How much of the pooled channel is the same as
# before, up to a shift by whole pixels? Predict it for a move by one pixel, by two and by three.

# %% tags=["change-this"]
SHIFT = 1  # try 2, 3, 4
with kit.experiment(SHIFT, as_given=1):
    moved = pool(np.roll(edges, SHIFT, axis=3), np.ones((1, 1, 22, 22)))[0]
    same = {s: np.mean(moved == np.roll(pooled, s, axis=3)) for s in range(4)}
    best = max(same, key=same.get)
    print(f"moved by {SHIFT} px: {same[best]:.0%} as before, moved by {best} pooled pixels")

# %% [markdown]
# ## Five questions
#
# 1. Which pixels of a 2×2 block get a gradient in max-pool?
# 2. Two pixels are equally large. Why must the gradient not go to both in full?
# 3. How much further does the next kernel see behind a 2×2 pool?
# 4. Why may $\tanh$ be taken after the pool instead of before?
# 5. Which shifts of the picture does a pooled channel follow exactly?
#
# The answers: `make lesson N=11 ANSWERS=1`, once you have your own.
# Write it yourself: `make check N=11`, `exercises/11_max_pool.py`.
