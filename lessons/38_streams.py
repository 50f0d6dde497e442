# %% [markdown]
# # 38 · Streams: channels that rotate along
#
# - **Question.** How can harmonic filters follow one another without losing count of the turns?
# - **Read first.** Lesson 37: circular harmonics.
# - **Source.** Report 2, section II-C 2 and figure 4 (Worrall et al. 2017, section 4).
# - **Running time.** Under 20 s (the first time: it draws the people).
#
# Brightness has no direction: a picture is a channel of **order 0**. A filter with the number $\nu$
# makes a channel whose arrows turn by $-\nu\theta$ if the picture is rotated by $\theta$: a channel
# of order $-\nu$. Filter again and the numbers add up. So every channel has an order $n$, how often
# its arrows turn while the picture is rotated once, and **a filter from order $n$ to order $o$ has
# the number $\nu = n - o$**. Channels of one order may be added; they form a *stream*. Those of two
# orders may not: after a rotation they would point apart.
#
# Report 2 keeps two streams, orders 0 and 1: ν = 0 within each, ν = −1 from 0 to 1 and ν = 1 back.


# %%
import numpy as np

import kit
import minipose as mp
import people
from minipose import ops
from minipose.kernels.circular_harmonics import centre_basis, parts, ring_basis
from minipose.nn.harmonic import ComplexBatchNorm, HarmonicConv2d, MagnitudeGate

STREAMS = (2, 2)  # two complex channels of order 0, two of order 1
rng = np.random.default_rng(0)
layer = HarmonicConv2d(STREAMS, STREAMS, rng).astype(np.float64)


def by_loops(planes):
    """Each channel out is a sum over all that enter, with the filter number n − o."""
    # ``parts`` tells which planes are real and imaginary parts; one array (2, H, W) for each order
    orders = [planes[re] + 1j * planes[im] for re, im in parts(STREAMS)]
    padded = [np.pad(channels, ((0, 0), (1, 1), (1, 1))) for channels in orders]
    out = [np.zeros(channels.shape, complex) for channels in orders]
    for o, n, i, j in np.ndindex(2, 2, 2, 2):
        R, beta = (p.data[2 * o + i, 2 * n + j, 0] for p in (layer.radial, layer.phase))
        W = R * np.exp(1j * beta) * ring_basis(3, n - o)[0]
        if n == o:  # ν = 0: the centre is weighed by itself, the same in both parts
            W = W + (1 + 1j) * getattr(layer, f"centre_{o}").data[i, j] * centre_basis(3)
        for y, x in np.ndindex(planes.shape[1:]):
            out[o][i, y, x] += (W * padded[n][j, y : y + 3, x : x + 3]).sum()
    result = []
    for channels in out:
        result += [channels.real, channels.imag]
    return np.concatenate(result)


x = rng.normal(0, 1, (8, 6, 5))
gap = np.abs(by_loops(x) - layer(mp.Tensor(x[None])).data[0]).max()
print(f"largest difference between loops and minipose: {gap:.0e}")
assert gap < 1e-12

# %% [markdown]
# ## Does it rotate along?
#
# A rotation by 90° brings pixels to new places and multiplies arrows of order $n$ by $i^n$. Rotate
# first or filter first: it has to come to the same. (The field's word for this is *equivariant*.)


# %%
def rotated(planes, quarter=1):
    """All channels, as they are when the picture is rotated anticlockwise by quarter turns."""
    out = np.rot90(planes, quarter, axes=(2, 3)).copy()
    for order, (re, im) in enumerate(parts(STREAMS)):
        arrows = (out[:, re] + 1j * out[:, im]) * 1j ** (order * quarter)
        out[:, re], out[:, im] = arrows.real, arrows.imag
    return out


def broken(layer, quarter=1):
    """How much rotating first and rotating last disagree."""
    x = np.random.default_rng(3).normal(0, 1, (1, 8, 8, 8))
    first, last = layer(rotated(x, quarter)), rotated(layer(x), quarter)
    return float(np.abs(first - last).max() / np.abs(last).max())


def through(module):
    return lambda planes: module(mp.Tensor(planes)).data


for quarter in (1, 2, 3):
    print(f"harmonic convolution, {90 * quarter}°: off by {broken(through(layer), quarter):.0e}")
    assert broken(through(layer), quarter) < 1e-12

# %% [markdown]
# ## What a network may do in between
#
# What looks at *lengths* only, or treats both parts of an arrow alike, is allowed; the rest is not.
#
# **The gate.** ReLU looks at a sign; an arrow has none, and its direction must not be touched. So
# let the *lengths* of all channels decide how much of each arrow passes. With $|z|$ the lengths at
# a pixel, and learned $A$ and $b$:
#
# $$y_c = z_c \cdot \sigma\Bigl(\sum_d A_{cd}\,|z_d| + b_c\Bigr)$$
#
# $\sigma$ is the logistic function (lesson 9), a number between 0 and 1. If the picture is rotated,
# lengths stay, so the factor stays, and $y$ turns as $z$ does.
#
# **The norm** (lesson 14). Arrows have a mean, too: add them and divide. If all turn by one angle,
# the mean turns with them, so $z - \mu$ is allowed. What they are divided by must not turn: the
# spread $s$ of the *lengths* $|z - \mu|$,
#
# $$y = \frac{z - \mu}{s + 0.01}$$
#
# Both by hand:

# %%
gate, norm = MagnitudeGate(STREAMS, rng).astype(np.float64), ComplexBatchNorm(STREAMS)
planes = rng.normal(0, 1, (1, 8, 4, 3))


def arrows_of(planes):
    """(8, H, W) real and imaginary parts, by order -> (4, H, W) arrows."""
    return np.concatenate([planes[re] + 1j * planes[im] for re, im in parts(STREAMS)])


z = arrows_of(planes[0])
decision = np.einsum("cd,dhw->chw", gate.weight.data, np.abs(z))  # A |z| at each pixel
gated = z / (1 + np.exp(-decision - gate.bias.data[:, None, None]))
apart = z - z.mean(axis=(1, 2), keepdims=True)
normed = apart / (np.abs(apart).std(axis=(1, 2), keepdims=True, ddof=1) + 0.01)
for ours, theirs in ((gated, gate), (normed, norm)):
    assert np.allclose(ours, arrows_of(theirs(mp.Tensor(planes)).data[0]), atol=1e-6)
print("gate and norm by hand: as in minipose")

# %% [markdown]
# Beside them: bilinear enlargement fills in means of neighbours; dropout puts zeros, at random.
# Which of nine candidates rotate along?

# %%
keep = np.array([1, 0, 0, 1, 1, 0, 0, 1]).reshape(1, 8, 1, 1)  # re 0, im 0, re 1, im 1
pairs = keep[:, [0, 1, 0, 1, 4, 5, 4, 5]]
candidates = {
    "gate: z · σ(A|z| + b)": through(gate),
    "norm: minus its mean, over the spread of |z|": through(norm),
    "average pool": through(lambda x: ops.avg_pool2d(x, 2)),
    "bilinear enlargement": through(lambda x: ops.upsample_bilinear(x, 2)),
    "dropout of whole arrows": lambda v: v * pairs,
    "dropout of real and imaginary parts alone": lambda v: v * keep,
    "ReLU of both parts": through(ops.relu),
    "max-pool of both parts": through(lambda x: ops.max_pool2d(x, 2)),
    "adding the streams": lambda v: v + np.roll(v, 4, axis=1),
}
results = {name: broken(f) for name, f in candidates.items()}
for name, error in results.items():
    verdict = "rotates along" if error < 1e-12 else "DOES NOT"
    print(f"{name:44} off by {error:7.0e}  {verdict}")
assert [error < 1e-12 for error in results.values()] == [True] * 5 + [False] * 4

# %% [markdown]
# Dropping both parts of an arrow independently is what report 2's library did. A walker's channel:

# %%
grey = people.walkers().read("images", np.array([200]))[:, None, ::2, 24:104:2] / 255
edge = HarmonicConv2d((1,), (0, 1), np.random.default_rng(5)).astype(np.float64)
plot = kit.new_plot(8, 4)
lengths = []
for quarter, title in enumerate(("a channel of order 1", "rotated by 90°: the arrows turn along")):
    picture = np.ascontiguousarray(np.rot90(grey, quarter, axes=(2, 3)))
    planes = edge(mp.Tensor(picture)).data[0]
    lengths.append(np.hypot(*planes))
    axes = plot.add_subplot(1, 2, quarter + 1, title=title)
    kit.draw_arrows(axes, picture[0, 0], *planes)
kit.save_plot(plot, "38_streams")
assert np.allclose(np.rot90(lengths[0]), lengths[1], atol=1e-12)

# %% [markdown]
# All arrows stand on their edges at one angle, the layer's $\beta$; the lengths show the edges.
#
# ## Change this, predict, run
#
# Let order 1 be filtered into order 0 with another ν than $n - o = 1$. At which of 90°, 180°, 270°
# does it show?

# %% tags=["change-this"]
WRONG_NU = -1  # try 1, 0, -3
with kit.experiment(WRONG_NU, as_given=-1):
    pattern, draw = ring_basis(3, WRONG_NU)[0], np.random.default_rng(4)
    patch = draw.normal(0, 1, (3, 3)) + 1j * draw.normal(0, 1, (3, 3))  # arrows of order 1
    first = (pattern * patch).sum()
    for quarter in (1, 2, 3):
        after = (pattern * np.rot90(patch, quarter) * 1j**quarter).sum()
        print(f"ν = {WRONG_NU}, {90 * quarter}°: off by {abs(after - first) / abs(first):.0e}")

# %% [markdown]
# ## Five questions
#
# 1. What is the order of a channel?
# 2. Which ν leads from order 1 to order 0, and which from 0 to 1?
# 3. Why may channels of two orders not be added?
# 4. Why may the gate look at lengths, and ReLU not at the two parts?
# 5. Why is the norm divided by the spread of lengths and not by that of each part?
#
# The answers: `make lesson N=38 ANSWERS=1`, once you have your own.
