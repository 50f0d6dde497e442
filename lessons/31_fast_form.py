# %% [markdown]
# # 31 · Why the fast form is the same
#
# - **Question.** What can be saved where a convolution has hardly any freedom?
# - **Read first.** Lesson 10: faster convolutions. Lesson 29: streams.
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
# kernels into one block, as with matrices: convolutions add up over the planes that enter.
#
# $$\begin{pmatrix} y_r\\ y_i\end{pmatrix} = \begin{pmatrix} W_r & -W_i\\
#   W_i & W_r\end{pmatrix} \star \begin{pmatrix} x_r\\ x_i\end{pmatrix}$$

# %%
from functools import partial

import numpy as np

import kit
import minipose as mp
from minipose import ops
from minipose.kernels.circular_harmonics import ring_basis
from minipose.kernels.faster import plain_only
from minipose.nn.harmonic import HarmonicConv2d

rng = np.random.default_rng(0)
MAPS, SIDE = 6, 16


def complex_numbers(*shape):
    return rng.normal(0, 1, shape) + 1j * rng.normal(0, 1, shape)


def real(x, kernel):
    return ops.conv2d(mp.Tensor(np.ascontiguousarray(x)), mp.Tensor(kernel), padding=1).data


def mix(numbers, x):
    """At every pixel: each map that leaves is a sum of those that enter, times numbers (O, I)."""
    return np.einsum("oi,nihw->nohw", numbers, x)


def shifted(x):
    """(i, j, the maps shifted so that pixel (i, j) of a 3 × 3 kernel lies on each pixel)."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    return [(i, j, padded[:, :, i : i + SIDE, j : j + SIDE]) for i, j in np.ndindex(3, 3)]


W, x = complex_numbers(MAPS, MAPS, 3, 3), complex_numbers(1, MAPS, SIDE, SIDE)
by_definition = sum(mix(W[:, :, i, j], moved) for i, j, moved in shifted(x))
rows = [np.concatenate(row, axis=1) for row in ([W.real, -W.imag], [W.imag, W.real])]
planes = np.concatenate([x.real, x.imag], axis=1)
both = real(planes, np.concatenate(rows, axis=0))
assert np.allclose(both[:, :MAPS] + 1j * both[:, MAPS:], by_definition)
print("one real convolution with the block kernel: the complex convolution")

# %% [markdown]
# ## Hardly any freedom
#
# But $W$ is not any kernel. From order $n$ to order $o$ every pair of maps has the *same*
# nine-pixel pattern $B_\nu$, times its own complex number $a = R e^{i\beta}$:
#
# $$W_{oi}(p) = a_{oi}\,B_\nu(p)$$
#
# The sum over maps $i$ and pixels $p$ falls into two: filter each map that enters with the one
# pattern, then mix the results at each pixel.
#
# $$\sum_i \sum_p a_{oi} B_\nu(p)\,x_i(p) = \sum_i a_{oi} \Bigl(\sum_p B_\nu(p)\,x_i(p)\Bigr)$$
#
# The left side multiplies nine times per pair of maps, the right side nine times per *map* and once
# per pair. It is the law $ab + ac = a(b + c)$, so they are equal, not nearly equal.

# %%
a, B = complex_numbers(MAPS, MAPS), ring_basis(3, -1)[0]
W = a[:, :, None, None] * B
slow = sum(mix(W[:, :, i, j], moved) for i, j, moved in shifted(x))
fast = mix(a, sum(B[i, j] * moved for i, j, moved in shifted(x)))
assert np.allclose(slow, fast, rtol=1e-12)
numbers = mp.Tensor(np.stack([a.real, a.imag])[..., None]), [mp.Tensor(np.zeros((0, MAPS)))]
package = ops.harmonic_conv2d(mp.Tensor(planes), *numbers, (0, MAPS), (MAPS,)).data
assert np.allclose(package[:, :MAPS] + 1j * package[:, MAPS:], fast)
print(f"largest difference {np.abs(slow - fast).max():.0e}, and minipose's is the same")

# %% [markdown]
# ## What is saved
#
# Count real products for one output pixel, with $C$ maps of each of two orders. Written out:
# $(2C)^2$ pairs of complex maps, 9 pixels, 4 products. In two stages: $2C$ maps with their
# patterns, then each pair once, and those of equal order again for the second pattern that they
# have, the centre $D$. minipose has both forms for all pairs of orders, equal to the last digits,
# so time them:


# %%
def convolved(form, layer, image):
    weights, centres = ops.polar(layer.radial, layer.phase), [layer.centre_0, layer.centre_1]
    with mp.no_grad():
        return form(image, weights, centres, layer.into, layer.of).data


def direct(*arguments):
    with plain_only():
        return ops.harmonic_conv2d(*arguments)


FORMS = (direct, ops.harmonic_conv2d)
layer = HarmonicConv2d((MAPS, MAPS), (MAPS, MAPS), rng).astype(np.float64)
image = mp.Tensor(rng.normal(0, 1, (1, 4 * MAPS, SIDE, SIDE)))
gap = np.abs(np.subtract(*(convolved(form, layer, image) for form in FORMS))).max()
print(f"written out and in stages differ by {gap:.0e}")
assert gap < 1e-12

WIDTHS, rows = (2, 4, 8, 16, 32), []
for C in WIDTHS:
    written_out = 4 * 9 * (2 * C) ** 2
    patterns = 2 * 4 * 9  # a map's two planes with B₀ and D, which are real, and B₁, complex
    in_stages = patterns * 2 * C + 4 * ((2 * C) ** 2 + 2 * C**2)
    layer = HarmonicConv2d((C, C), (C, C), rng)
    image = mp.Tensor(rng.random((1, 4 * C, 32, 32), np.float32))
    slow, fast = (kit.seconds(partial(convolved, form, layer, image)) for form in FORMS)
    rows.append((written_out / in_stages, slow / fast))
    print(f"C = {C:2}: {rows[-1][0]:.1f} times fewer products, {rows[-1][1]:.1f} times as fast")
assert all(1 < fewer < 6 for fewer, _ in rows)  # the limit for many maps is 9 / 1.5

plot = kit.new_plot(5, 2.8)
axes = plot.add_subplot(title="In stages, against written out")
labels = {"times fewer products": kit.canvas.GREY, "times as fast": kit.canvas.PREDICTION}
for values, (label, colour) in zip(zip(*rows), labels.items()):
    axes.semilogx(WIDTHS, values, marker="o", base=2, label=label, color=colour)
axes.set(xlabel="maps of each order", ylim=(0, None), xticks=WIDTHS, xticklabels=WIDTHS)
axes.legend()
kit.save_plot(plot, "31_fast_form")

# %% [markdown]
# Fewer products are not always less time: the first stage moves many numbers for little work.
#
# ## Change this, predict, run
#
# A plain 3 × 3 convolution has nine free numbers per pair of maps. Written as nine fixed patterns
# (one pixel each) and nine numbers, what does the two-stage form save?

# %% tags=["hide-cell"]
plain = rng.normal(0, 1, (MAPS, MAPS, 3, 3))
staged_plain = sum(mix(plain[:, :, i, j], moved) for i, j, moved in shifted(x.real))
assert np.allclose(staged_plain, real(x.real, plain))
kit.answer(
    "Nothing: 9 mixings of all pairs instead of one. It is the sum over shifts of lesson 10.\n"
    "The saving is not in the two stages but in having fewer patterns than pixels."
)
