# %% [markdown]
# # 30 · Dice, and why not cross entropy alone
#
# - **Question.** How should a mask be judged?
# - **Read first.** Lesson 20: cross entropy. Lesson 29: U-Net.
# - **Source.** Report 2, section II-D 1, eq. 1 (Dice 1945).
# - **Running time.** Under 40 s.
#
# Judged pixel by pixel, as lesson 20 judged windows, "nobody is here" is right nearly everywhere.
# So report 2 asks for the **overlap** of the predicted set of pixels $X$ with the true one $Y$:
#
# $$\text{dice} = \frac{2\,|X \cap Y|}{|X| + |Y|}, \qquad \text{DiceLoss} = 1 - \text{dice}$$
#
# It is 1 if the sets agree, 0 if they do not meet; pixels in neither do not count. A network gives
# two scores a pixel, of which the **softmax** makes a probability,
# $p = e^{z_1}/(e^{z_0} + e^{z_1})$. So the sets become sums: $|X \cap Y| \to \sum p\,t$,
# $|X| \to \sum p$.

# %%
import numpy as np

import kit
import minipose as mp
import people
from comparison import Comparison
from minipose import ops
from minipose.experiments.people.data import make_batch
from minipose.experiments.people.recipe import Outputs
from minipose.losses import categorical_cross_entropy, dice_loss
from minipose.models import UNet
from minipose.optim import Adam

rng = np.random.default_rng(0)
p = rng.random((2, 6, 5))
t = (rng.random((2, 6, 5)) < 0.3) * 1.0
by_loops = 0.0
for n in range(2):
    overlap = total = 0.0
    for y, x in np.ndindex(6, 5):
        overlap += p[n, y, x] * t[n, y, x]
        total += p[n, y, x] + t[n, y, x]
    by_loops += (2 * overlap + 1e-6) / (total + 1e-6) / 2
said = mp.Tensor(p, requires_grad=True)
loss = dice_loss(said, t)
loss.backward()
print(f"dice of two pictures by loops {by_loops:.6f}, by minipose {1 - loss.item():.6f}")
assert np.isclose(by_loops, 1 - loss.item())

# %% [markdown]
# The 10⁻⁶ above and below makes an empty answer to an empty picture right instead of 0/0. The
# derivative, by the quotient rule with $S = \sum p + \sum t$:
# $\;\partial\,\text{dice}/\partial p_i = 2t_i/S - 2\sum pt/S^2$. Unlike with cross entropy a
# pixel's pull depends on all others:

# %%
S, both = (p + t).sum(axis=(1, 2), keepdims=True), (p * t).sum(axis=(1, 2), keepdims=True)
by_rule = -(2 * t / S - 2 * both / S**2) / 2  # halved: the mean of two pictures
assert np.allclose(said.grad, by_rule, rtol=1e-5)

# %% [markdown]
# Suppose a network that cannot tell anything yet says the same $p$ for all pixels, and the person
# covers the fraction $s$ of them. What is the best $p$?

# %%
persons = people.upright(people.anywhere(), 80)
covered = float(np.mean([person.mask.mean() for person in persons]))
constant = np.linspace(0.001, 0.999, 999)
entropy = -(covered * np.log(constant) + (1 - covered) * np.log(1 - constant))
dice = 2 * constant * covered / (constant + covered)
lowest, highest = constant[entropy.argmin()], constant[dice.argmax()]
print(f"people cover {covered:.1%}; best p for cross entropy {lowest:.3f}, for dice {highest:.3f}")
assert abs(lowest - covered) < 2e-3 and highest == constant[-1]

# %% [markdown]
# Cross entropy wants the honest probability, and cut at ½ that is an empty mask. Dice wants the
# person everywhere. Both are poor, in opposite ways.
#
# ## A trap
#
# Dice does not *want* the empty mask. But once there, for instance after a few steps that were too
# large, it does not get out. Let all scores for "person" be very low, and ask both losses how hard
# they pull at them:

# %%
square = np.zeros((1, 20, 20))
square[:, 6:14, 6:14] = 1
pull = {}
for low in (0.0, -4.0, -10.0):
    for name in ("dice", "cross entropy"):
        scores = np.stack([np.zeros((1, 20, 20)), np.full((1, 20, 20), low)], axis=1)
        z = mp.Tensor(scores, requires_grad=True)
        if name == "dice":
            cost = dice_loss(ops.softmax(z, axis=1)[:, 1], square)
        else:
            cost = categorical_cross_entropy(z, np.stack([1 - square, square], axis=1))
        cost.backward()
        pull[name, low] = np.abs(z.grad).max()
        print(
            f"score {low:5.1f}, {name:13}: loss {cost.item():7.4f}, pulls by {pull[name, low]:.1e}"
        )
assert pull["dice", -10.0] < 1e-5 < 1e-3 < pull["cross entropy", -10.0]

# %% [markdown]
# The dice loss is nearly 1 there, as bad as can be, and its gradient nearly 0: softmax is flat, and
# the flatness multiplies the pull (lesson 9). Cross entropy pulls as hard as ever. So a mask that
# is trained on dice alone may end empty and stay so. A gentle start (*warm-up*: a rate that grows
# from nearly 0), or cross entropy beside it, keeps away from the trap.
#
# ## When in doubt
#
# Dice does not want honest probabilities later, either. Suppose the honest probability $q$ of each
# pixel is known. Which pixels should be in the mask, to make the expected overlap large?

# %%
a, b = 0.25, 0.25 * (1 - covered) / covered  # mostly near 0 and 1, in between some doubtful ones
q = rng.beta(a, b, 100_000)  # probabilities, of mean ``covered``
thresholds = np.linspace(0.02, 0.98, 97)
expected = np.array([2 * q[q > c].sum() / ((q > c).sum() + q.sum()) for c in thresholds])
best = thresholds[expected.argmax()]
at_half = expected[np.abs(thresholds - 0.5).argmin()]
print(f"best threshold {best:.2f} with dice {expected.max():.3f}; at 0.50 it is {at_half:.3f}")
assert abs(best - expected.max() / 2) < 0.03  # the known rule: half of the best dice

# %% [markdown]
# The best threshold is half the dice that it reaches: when in doubt, dice takes the pixel in. A
# network trained on it learns that; its outputs are no probabilities any more.
#
# ## Two small networks
#
# The same U-Net, pictures and steps; one learns by cross entropy, one by dice.

# %%
train, test = (make_batch(part, Outputs()) for part in (persons[:60], persons[60:]))  # masks alone


def cross_entropy_of(scores, mask):
    return categorical_cross_entropy(scores, np.stack([1 - mask, mask], axis=1))


def dice_loss_of(scores, mask):
    return dice_loss(ops.softmax(scores, axis=1)[:, 1], mask)


LOSSES = {"cross entropy": cross_entropy_of, "dice": dice_loss_of}
unseen = (test.images[::2], test.mask[::2])


def dice_of(net):
    """Mean dice of the masks of unseen people, cut at one half."""
    with mp.no_grad():
        scores = net(mp.Tensor(unseen[0]))["mask"].data
    found = mp.Tensor((scores[:, 1] > scores[:, 0]) * 1.0)
    return 1 - dice_loss(found, unseen[1]).item()


def learn(name, seed, steps=60):
    net = UNet({"mask": 2}, width=6, dropout=0.0, rng=np.random.default_rng([1, seed]))
    optimizer = Adam(net.parameters(), lr=5e-4)
    order = np.random.default_rng([2, seed])
    for _ in range(steps):
        few = order.choice(60, 4, replace=False)
        optimizer.zero_grad()
        LOSSES[name](net(mp.Tensor(train.images[few]))["mask"], train.mask[few]).backward()
        optimizer.step()
    return dice_of(net)


average = mp.Tensor(np.stack([people.mean_mask(train.mask)] * len(unseen[1])))
constant_dice = 1 - dice_loss(average, unseen[1]).item()
table = Comparison("dice of unseen masks", constant_dice, "mean mask", lower_is_better=False)
for name in LOSSES:
    table.add(name, lambda seed, name=name: learn(name, seed))
table.show(against="cross entropy")
assert table.verdict("dice", "cross entropy") == "better"

# %%
plot = kit.new_plot(9.6, 3)
left, right = plot.subplots(1, 2)
left.plot(thresholds, expected, color=kit.canvas.TRUTH)
left.axvline(best, color=kit.canvas.PREDICTION, linewidth=1, label=f"best, {best:.2f}")
left.axvline(0.5, color=kit.canvas.GREY, linewidth=1, label="one half")
left.legend()
left.set(title="expected dice against the threshold", xlabel="threshold on an honest probability")
table.draw(right)
kit.save_plot(plot, "30_dice")

# %% [markdown]
# After so few steps cross entropy is still at the empty mask, or hardly past it: it works too, but
# first it learns that people are rare. (The mean mask looks at no picture. Sixty steps do not beat
# it; lesson 36's training does.) minipose trains masks on dice and joints on cross entropy.
#
# ## Change this, predict, run
#
# A mask covers 100 pixels. One prediction has all of them and some too many; another misses as
# many. Which has the better dice, and how does it depend on the number?

# %% tags=["change-this"]
WRONG_PIXELS = 10  # try 1, 30, 50, 90
with kit.experiment(WRONG_PIXELS, as_given=10):
    too_many = 2 * 100 / (100 + 100 + WRONG_PIXELS)
    too_few = 2 * (100 - WRONG_PIXELS) / (100 + 100 - WRONG_PIXELS)
    print(f"{WRONG_PIXELS} too many: {too_many:.3f}; {WRONG_PIXELS} too few: {too_few:.3f}")

# %% [markdown]
# ## Five questions
#
# 1. Why is the fraction of right pixels a bad measure of a mask?
# 2. What becomes of the sets $X$ and $Y$ when a network gives probabilities?
# 3. A network says the same at every pixel. What does cross entropy want it to say, and what does
#    dice?
# 4. Why can a network that is trained on dice alone not leave an empty mask?
# 5. At which threshold is the expected dice largest?
#
# The answers: `make lesson N=30 ANSWERS=1`, once you have your own.
# Write it yourself: `make check N=30`, `exercises/30_dice.py`.
