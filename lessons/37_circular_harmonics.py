# %% [markdown]
# # 37 · Filters that know about rotation
#
# - **Question.** Can a filter be built so that rotating the picture changes its answer as we like?
# - **Read first.** Lesson 10: convolution. Complex numbers are introduced below.
# - **Source.** Report 2, section II-C 2 (Worrall et al. 2017, sections 3 and 4).
# - **Running time.** Under 10 s.
#
# A plain filter that answers to a vertical edge is silent on the same edge lying down: a network
# has to learn every direction anew. **Harmonic** filters are built so that it need not.
#
# A complex number $z = a + ib$ is an arrow in the plane, $a$ to the right and $b$ up, with a length
# $|z|$ and a direction, its *phase*. Multiplying two arrows multiplies lengths and *adds
# directions*. So $e^{i\theta} = \cos\theta + i\sin\theta$, of length 1, rotates what it multiplies
# by $\theta$:

# %%
import cmath
import itertools
import math

import numpy as np

import kit
from minipose.kernels.circular_harmonics import SIGMA, ring_basis

z, turn = 3 + 4j, cmath.exp(1j * math.radians(30))
print("directions:", *(f"{math.degrees(cmath.phase(v)):.1f}°" for v in (z, z * turn)))

# %% [markdown]
# ## A filter of arrows
#
# At the distance $r$ and the angle $\varphi$ from its centre, a **circular harmonic** has the value
#
# $$W_\nu(r, \varphi) = R(r)\, e^{i\beta}\, e^{i\nu\varphi}$$
#
# $R$ says how strongly the distance $r$ counts, $\beta$ where the arrows begin; both are learned.
# The whole number $\nu$ is fixed: how often the arrow turns along a circle. The answer to a
# picture $f$ is $y = \sum_p W_\nu(p) f(p)$.
#
# Rotate the picture anticlockwise by $\theta$. What was at the angle $\varphi$ is now at
# $\varphi - \theta$ (rows go down, so $\varphi$ grows clockwise) and meets the value
# $e^{i\nu(\varphi-\theta)}$: the same factor for all points, so it can be pulled out of the sum.
# **The length of the answer stays; its direction turns along:**
# $\;y_\text{rotated} = e^{-i\nu\theta}\, y$. A smooth, lopsided picture:

# %%
grid = np.linspace(-1, 1, 161)
down, right = np.meshgrid(grid, grid, indexing="ij")
radius, angle = np.hypot(down, right), np.arctan2(down, right)
ring = np.exp(-((radius - 0.5) ** 2) / 0.02)


def picture(theta, down=down, right=right):
    total = 0  # three soft spots, rotated anticlockwise by theta (on the screen)
    for r, phi, strength in ((0.5, 0.3, 1.0), (0.45, 2.2, 0.6), (0.3, -1.9, 0.8)):
        y, x = r * np.sin(phi - theta), r * np.cos(phi - theta)
        total = total + strength * np.exp(-((down - y) ** 2 + (right - x) ** 2) / 0.03)
    return total


angles = np.radians(np.arange(0, 361, 15))
answers = {}
for nu in (0, -1, -2):
    filter_ = ring * np.exp(1j * nu * angle)
    answers[nu] = np.array([(filter_ * picture(t)).sum() for t in angles])
for nu, y in answers.items():
    error = np.abs(y - np.exp(-1j * nu * angles) * y[0]).max() / abs(y[0])
    print(f"ν = {nu:2}: |y| from {abs(y).min():.2f} to {abs(y).max():.2f}, off by {error:.1e}")
    assert error < 1e-6

# %%
plot = kit.new_plot(9.6, 4.4)
cells = plot.add_gridspec(2, 4)
colours = {0: kit.canvas.GREY, -1: kit.canvas.TRUTH, -2: kit.canvas.PREDICTION}
images = {f"real part, ν = {nu}": (ring * np.exp(1j * nu * angle)).real for nu in colours}
images |= {f"picture, {t}°": picture(math.radians(t)) for t in (0, 60)}
for (title, image), cell in zip(images.items(), (0, 1, 2, 3, 7)):
    axes = plot.add_subplot(cells[cell])
    flat = "picture" in title
    axes.imshow(image, cmap="gray" if flat else "RdBu", vmin=0 if flat else -1, vmax=1)
    axes.set_axis_off()
    axes.set_title(title, fontsize=9)
left, middle = plot.add_subplot(cells[1, 0:2]), plot.add_subplot(cells[1, 2])
for nu, y in answers.items():
    left.plot(np.degrees(angles), np.degrees(np.unwrap(np.angle(y / y[0]))), color=colours[nu])
    left.text(195, -nu * 195 + 20, f"ν = {nu}", ha="right")
    middle.plot(np.degrees(angles), abs(y), color=colours[nu])
left.set(title="how far the answer turns, °", xlabel="the picture is rotated by, °")
middle.set(title="its length", xlabel="the picture is rotated by, °", ylim=(0, None))
kit.save_plot(plot, "37_circular_harmonics")

# %% [markdown]
# ## On nine pixels
#
# Networks use 3 × 3 pixels, hardly a ring. The library of report 2 samples a ring of radius 1 at
# eight angles; every pixel takes a mean of the samples, weighted by a Gaussian of the distance. Two
# numbers are that library's choice, and minipose keeps them so that trained numbers mean the same.
# **Where pixels lie**: it spreads $k$ pixels evenly from $-k/2$ to $k/2$, so for $k = 3$ they are
# at −1.5, 0 and 1.5 instead of −1, 0 and 1. **How wide the Gaussian is**: $\sigma = 0.5$, `SIGMA`.
# A much narrower one would let each pixel see its nearest sample alone; a much wider one would mix
# arrows of all directions, and they cancel:


# %%
def by_loops(nu, sigma=SIGMA):
    basis, total = np.zeros((3, 3), complex), np.zeros((3, 3))
    for row, column, phi in itertools.product(range(3), range(3), np.radians(range(0, 360, 45))):
        y, x = 1.5 * (row - 1), 1.5 * (column - 1)  # the library's grid: pixels 1.5 apart
        gap = (x - math.cos(phi)) ** 2 + (y - math.sin(phi)) ** 2
        weight = math.exp(-gap / (2 * sigma**2))
        basis[row, column] += weight * cmath.exp(1j * nu * phi)
        total[row, column] += weight
    return basis / total


for sigma in (0.1, 0.5, 1.0, 3.0):
    B = by_loops(1, sigma)
    print(
        f"σ = {sigma}: ν = 1 has length {abs(B[0, 1]):.3f} on edges, {abs(B[0, 0]):.3f} on corners"
    )
assert abs(by_loops(1, 0.1)[0, 1]) > 0.99 > 0.9 > 0.4 > abs(by_loops(1, 3.0)[0, 1])
for nu in (-1, 0, 1):
    B = ring_basis(3, nu)[0]
    assert np.allclose(by_loops(nu), B, atol=1e-12)
    assert np.allclose(np.rot90(B), B * 1j**nu, atol=1e-12)  # a quarter turn: i^ν
    size = [f"{abs(v):.4f}" for v in (B[0, 1], B[0, 0], B[1, 1])]
    print(f"ν = {nu:2}: length on edges, corners and in the centre: {', '.join(size)}")

# %% [markdown]
# The centre of $\nu \neq 0$ is 0: all directions meet there and cancel. So a 3 × 3 filter with
# $\nu = \pm 1$ is one fixed pattern times *one* complex number $R e^{i\beta}$: two learned numbers
# instead of nine. For $\nu = 0$ a third is added, which weighs the centre by itself.
#
# A quarter turn takes pixels to pixels. At other angles nine pixels are few. How far off are they?

# %%
pixels = np.mgrid[-1:2, -1:2] * math.sqrt(0.03 / 2)  # the spots above have σ = √(0.03/2)
for sigma in (1.5, 4.0):  # px
    for nu in (0, -1):
        B, rotations = ring_basis(3, nu)[0], np.radians([0, 90, 45])
        y = np.array([(B * picture(t, *pixels / sigma)).sum() for t in rotations])
        off = np.abs(y / y[0] - np.exp(-1j * nu * rotations))
        print(f"σ = {sigma} px, ν = {nu:2}: off by {off[1]:.0e} at 90°, {off[2]:.1e} at 45°")
        assert off[1] < 1e-12 < off[2]

# %% [markdown]
# ## Change this, predict, run
#
# Which $\nu$ has an answer that is back where it was after a *half* turn of the picture? And what
# does a filter of each kind say to a straight line through the centre, which a half turn does not
# change?

# %% tags=["change-this"]
NU = -1  # try 0, -2, -3
with kit.experiment(NU, as_given=-1):
    tried = ring * np.exp(1j * NU * angle)
    half_turn = (tried * picture(math.pi)).sum() / (tried * picture(0.0)).sum()
    straight = np.exp(-(down**2) / 0.01)
    print(f"ν = {NU}: a half turn multiplies the answer by {half_turn:.3f}")
    print(f"to a line through the centre its answer has length {abs((tried * straight).sum()):.2f}")

# %% [markdown]
# ## Five questions
#
# 1. What does multiplication by $e^{i\theta}$ do to an arrow?
# 2. What happens to the answer of a circular harmonic if the picture is rotated by θ?
# 3. Which numbers of such a filter are learned, and which is fixed?
# 4. Why is the centre of a filter with $\nu \neq 0$ zero?
# 5. At which angles is a 3 × 3 filter exact, and why only there?
#
# The answers: `make lesson N=37 ANSWERS=1`, once you have your own.
