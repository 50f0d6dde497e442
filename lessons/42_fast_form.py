# %% [markdown]
# # 42 · Why the fast form is the same
#
# - **Question.** What can be saved where a convolution has hardly any freedom?
# - **Read first.** Lesson 40: faster convolutions. Lesson 38: streams.
# - **Source.** Worrall et al. 2017, section 4; `minipose/ops/harmonic.py`.
# - **Running time.** Under 15 s.
#
# ## Complex out of real
#
# Computers multiply real numbers. $\star$ is a convolution, $W = W_r + iW_i$ and $x = x_r + ix_i$:
#
# $$W \star x = (W_r \star x_r - W_i \star x_i) + i\,(W_i \star x_r + W_r \star x_i)$$
#
# Four real convolutions; or one, if the planes of $x_r$ and $x_i$ are put beside each other and the
# kernels into one block, as with matrices: a convolution adds up over the planes that enter.
#
# $$\begin{pmatrix} y_r\\ y_i\end{pmatrix} = \begin{pmatrix} W_r & -W_i\\
#   W_i & W_r\end{pmatrix} \star \begin{pmatrix} x_r\\ x_i\end{pmatrix}$$

# %%
from functools import partial

import numpy as np

import kit
import minipose as mp
from minipose import ops
from minipose.kernels.circular_harmonics import centre_basis, ring_basis
from minipose.kernels.faster import plain_only
from minipose.nn.harmonic import HarmonicConv2d

rng = np.random.default_rng(0)
CHANNELS, SIDE = 6, 16


def complex_numbers(*shape):
    return rng.normal(0, 1, shape) + 1j * rng.normal(0, 1, shape)


def real(x, kernel):
    return ops.conv2d(mp.Tensor(np.ascontiguousarray(x)), mp.Tensor(kernel), padding=1).data


def mix(numbers, x):
    """At every pixel: each channel out is a sum of those that enter, times numbers (O, I)."""
    return np.einsum("oi,nihw->nohw", numbers, x)


def shifted(x):
    """(i, j, the channels shifted so that pixel (i, j) of a 3 × 3 kernel lies on each pixel)."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    return [(i, j, padded[:, :, i : i + SIDE, j : j + SIDE]) for i, j in np.ndindex(3, 3)]


W = complex_numbers(CHANNELS, CHANNELS, 3, 3)
x = complex_numbers(1, CHANNELS, SIDE, SIDE)
by_definition = sum(mix(W[:, :, i, j], moved) for i, j, moved in shifted(x))
rows = [np.concatenate(row, axis=1) for row in ([W.real, -W.imag], [W.imag, W.real])]
planes = np.concatenate([x.real, x.imag], axis=1)
both = real(planes, np.concatenate(rows, axis=0))
assert np.allclose(both[:, :CHANNELS] + 1j * both[:, CHANNELS:], by_definition)
print("one real convolution with the block kernel: the complex convolution")

# %% [markdown]
# ## Hardly any freedom
#
# But $W$ is not any kernel. From order $n$ to order $o$ every pair of channels has the *same*
# nine-pixel pattern $B_\nu$, times its own complex number $a = R e^{i\beta}$:
#
# $$W_{oi}(p) = a_{oi}\,B_\nu(p)$$
#
# The sum over channels $i$ and pixels $p$ falls into two: filter each channel that enters with the
# one pattern, then mix the results at each pixel.
#
# $$\sum_i \sum_p a_{oi} B_\nu(p)\,x_i(p) = \sum_i a_{oi} \Bigl(\sum_p B_\nu(p)\,x_i(p)\Bigr)$$
#
# The left side multiplies nine times per pair of channels, the right side nine times per *channel*
# and once per pair. It is the law $ab + ac = a(b + c)$, so they are equal, not nearly equal.

# %%
a = complex_numbers(CHANNELS, CHANNELS)
B = ring_basis(3, -1)[0]
W = a[:, :, None, None] * B
slow = sum(mix(W[:, :, i, j], moved) for i, j, moved in shifted(x))
fast = mix(a, sum(B[i, j] * moved for i, j, moved in shifted(x)))
assert np.allclose(slow, fast, rtol=1e-12)

weights = mp.Tensor(np.stack([a.real, a.imag])[..., None])  # (2, O, I, rings)
centres = [mp.Tensor(np.zeros((0, CHANNELS)))]  # no channel of order 0 leaves
package = ops.harmonic_conv2d(mp.Tensor(planes), weights, centres, (0, CHANNELS), (CHANNELS,)).data
assert np.allclose(package[:, :CHANNELS] + 1j * package[:, CHANNELS:], fast)
print(f"largest difference {np.abs(slow - fast).max():.0e}, and minipose's is the same")

# %% [markdown]
# ## What is saved
#
# Count real products for one output pixel, with $C$ channels of each of two orders. Written out:
# $(2C)^2$ pairs of complex channels, 9 pixels, 4 products. In two stages: $2C$ channels with their
# patterns, then each pair once, and those of equal order again for the second pattern that they
# have, the centre $D$. Take a whole layer, with all pairs of orders. minipose defines it by kernels
# that are written out (`with plain_only():` it computes just that); here are the two stages:


# %%
def in_minipose(layer, image):
    """What minipose makes of a layer: by its fast form where there is one."""
    with mp.no_grad():
        return layer(image).data


def written_out(layer, image):
    """The definition: all kernels written out, then one real convolution."""
    with plain_only():
        return in_minipose(layer, image)


def in_stages(layer, image):
    """The patterns first, then the mixing, for orders 0 and 1 of C channels each."""
    C = layer.into[0]
    orders = image.data.reshape(1, 2, 2, C, *image.shape[2:])  # (1, order, re or im, C, H, W)
    orders = orders[:, :, 0] + 1j * orders[:, :, 1]
    a = ops.polar(layer.radial, layer.phase).data[..., 0]
    a = (a[0] + 1j * a[1]).reshape(2, C, 2, C)  # (order out, C, order in, C)
    out = []
    for o in range(2):
        y = 0
        for n in range(2):
            pieces = shifted(orders[:, n])
            B = ring_basis(3, n - o)[0]
            y = y + mix(a[o, :, n], sum(B[i, j] * moved for i, j, moved in pieces))
            if n == o:
                D = centre_basis(3)
                centre = (layer.centre_0, layer.centre_1)[o].data
                near = sum(D[i, j] * moved for i, j, moved in pieces)
                y = y + (1 + 1j) * mix(centre, near)
        out += [y.real, y.imag]
    return np.concatenate(out, axis=1)


layer = HarmonicConv2d((CHANNELS, CHANNELS), (CHANNELS, CHANNELS), rng).astype(np.float64)
image = mp.Tensor(rng.normal(0, 1, (1, 4 * CHANNELS, SIDE, SIDE)))
expected = written_out(layer, image)
for form in (in_stages, in_minipose):
    gap = np.abs(form(layer, image) - expected).max()
    print(f"{form.__name__} differs from what is written out by {gap:.0e}")
    assert gap < 1e-12

# %% [markdown]
# Our stages are written to be read. minipose's fast layer has them too, in few passes over the
# memory: where it is present, see what they save in products, and what in time.

# %%
WIDTHS = (2, 4, 8, 16, 32)
fewer, sooner = [], []
is_fast = kit.fast("harmonic") is not None
for C in WIDTHS:
    products = 4 * 9 * (2 * C) ** 2
    patterns = 2 * 4 * 9  # a channel's two planes with B₀ and D, which are real, and B₁, complex
    fewer.append(products / (patterns * 2 * C + 4 * ((2 * C) ** 2 + 2 * C**2)))
    print(f"C = {C:2}: {fewer[-1]:.1f} times fewer products", end="")
    if is_fast:
        layer = HarmonicConv2d((C, C), (C, C), rng)
        image = mp.Tensor(rng.random((1, 4 * C, 32, 32), np.float32))
        slow, fast = (
            kit.processor_seconds(partial(form, layer, image))
            for form in (written_out, in_minipose)
        )
        sooner.append(slow / fast)
        print(f", {sooner[-1]:.1f} times as fast", end="")
    print()
assert all(1 < times < 6 for times in fewer)  # the limit for many channels is 9 / 1.5

plot = kit.new_plot(5, 2.8)
axes = plot.add_subplot(title="In stages, against written out")
axes.semilogx(
    WIDTHS, fewer, marker="o", base=2, label="times fewer products", color=kit.canvas.GREY
)
if is_fast:
    label = "times as fast"
    axes.semilogx(WIDTHS, sooner, marker="o", base=2, label=label, color=kit.canvas.PREDICTION)
axes.set(xlabel="channels of each order", ylim=(0, None), xticks=WIDTHS, xticklabels=WIDTHS)
axes.legend()
kit.save_plot(plot, "42_fast_form")

# %% [markdown]
# Fewer products are not always less time: the first stage moves many numbers for little work.
#
# ## Change this, predict, run
#
# Count products: a layer of $C$ channels of each of two orders. How many times fewer are there in
# two stages, for few channels and for very many? To which number does it tend?

# %% tags=["change-this"]
EACH_ORDER = 16  # try 1, 4, 64, 1024
with kit.experiment(EACH_ORDER, as_given=16):
    C = EACH_ORDER
    direct = 4 * 9 * (2 * C) ** 2
    staged = 2 * 4 * 9 * 2 * C + 4 * ((2 * C) ** 2 + 2 * C**2)
    print(f"C = {C}: {direct:,} products written out, {staged:,} in stages:", end=" ")
    print(f"{direct / staged:.2f} times fewer")

# %% [markdown]
# ## Five questions
#
# 1. How many real convolutions is a complex one, written out?
# 2. Why may the sum be taken in two stages?
# 3. What must a filter have for that to save anything?
# 4. Are both forms nearly equal, or equal?
# 5. Why are fewer products not always less time?
#
# The answers: `make lesson N=42 ANSWERS=1`, once you have your own.
