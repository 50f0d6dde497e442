# %% [markdown]
# # 9 · One of several: softmax and cross entropy
#
# - **Question.** How does a network choose among classes, and what should a wrong choice cost?
# - **Read first.** Lessons 4 and 5.
# - **Source.** Report 1, eq. 4 (two classes); report 2, section II-D (26 classes at every pixel);
#   `minipose/ops/reduction.py`, `minipose/losses.py`.
# - **Running time.** Under 10 s.
#
# A last layer gives a number $z_k$ for each class: a *score*, anything from minus to plus infinity.
# A choice wants probabilities: positive, and together 1. Make each positive by $e^{z}$, then divide
# by the sum. That is the **softmax**:
#
# $$p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}$$
#
# Only differences count: if all scores grow by $c$, every $e^z$ grows by the factor $e^c$, which
# cancels. So one may subtract the largest score first, and then no $e^z$ is ever too large:

# %%
import math

import numpy as np

import kit
import minipose as mp
from minipose import gradcheck, losses, nn, ops


def softmax_by_hand(z):
    largest = max(z)
    powers = [math.exp(value - largest) for value in z]
    return [power / sum(powers) for power in powers]


z = [2.0, 1.0, -1.0]
p = softmax_by_hand(z)
print("scores", z, "-> probabilities", [round(value, 4) for value in p])
assert np.allclose(p, ops.softmax(mp.Tensor(z), axis=0).data) and math.isclose(sum(p), 1)
assert np.allclose(softmax_by_hand([1002.0, 1001.0, 999.0]), p)  # e to the 1002 would be too large

# %% [markdown]
# ## What should it cost?
#
# The right class is $r$. A loss wants $p_r$ to be large. The **cross entropy** is $-\log p_r$: 0
# for a sure right answer, without limit for a sure wrong one, and for many independent examples the
# sum is minus the logarithm of the probability that all are right. Put softmax into it:
#
# $$E = -\log p_r = -z_r + \log \sum_j e^{z_j}$$
#
# ## Its derivative, on paper
#
# The first part gives $-1$ for $k = r$, else 0. The second is the logarithm of a sum, whose
# derivative is that of the sum over the sum: $e^{z_k}/\sum_j e^{z_j}$, which is $p_k$ again. Write
# $t_k$ for 1 at the right class and 0 elsewhere. Then
#
# $$\frac{\partial E}{\partial z_k} = p_k - t_k$$
#
# What was said minus what is. Nothing else of softmax, exponential or logarithm is left. A sure
# right answer hands nothing back, a sure wrong one a full 1: it never goes flat where it is wrong.

# %%
right = 1
t = np.eye(3)[right]
scores = mp.Tensor(np.array([z]), requires_grad=True)
loss = losses.categorical_cross_entropy(scores, t[None])
loss.backward()
print(f"E = {loss.item():.4f}; dE/dz = {scores.grad[0].round(4)}, p − t = {(p - t).round(4)}")
assert math.isclose(loss.item(), -math.log(p[right]))
assert np.allclose(scores.grad[0], p - t)
gradcheck.check_gradients(lambda s: losses.categorical_cross_entropy(s, t[None]), [np.array([z])])

# %% [markdown]
# ## The rule of softmax by itself
#
# Where another loss follows, softmax needs its own rule. If the score $z_k$ grows, $p_k$ grows and
# all others shrink. By the quotient rule, $\partial p_i/\partial z_k = p_i\,(\delta_{ik} - p_k)$
# with $\delta_{ik} = 1$ for $i = k$, else 0. What arrives, $g_i$, is summed over all outputs:
#
# $$\frac{dL}{dz_k} = \sum_i g_i\, p_i\,(\delta_{ik} - p_k)
#   = p_k\,\Bigl(g_k - \sum_i g_i p_i\Bigr)$$

# %%
g = np.array([0.3, -1.0, 2.0])
tensor = mp.Tensor(np.array(z), requires_grad=True)
ops.softmax(tensor, axis=0).backward(g)
by_rule = np.array(p) * (g - (g * p).sum())
assert np.allclose(tensor.grad, by_rule)
print("softmax's rule by hand and in minipose:", by_rule.round(4))

# %% [markdown]
# ## Two classes: softplus
#
# For yes or no one score is enough: let the other be 0. Then
# $p = e^z/(e^z + 1) = 1/(1 + e^{-z}) = \sigma(z)$, the *logistic function*, and the cost of a yes
# is $\log(1 + e^{-z})$, that of a no $\log(1 + e^z)$. The function $\log(1 + e^a)$ is called
# **softplus**: nearly 0 far to the left, nearly $a$ far to the right. With $t = 1$ for yes and 0
# for no, both costs are $E = \text{softplus}(z) - t z$. The derivative of softplus is $\sigma$, so
# again $dE/dz = \sigma(z) - t$.

# %%
for value, answer in ((-3.0, 1.0), (0.5, 0.0), (2.0, 1.0)):
    two = mp.Tensor(np.array([[0.0, value]]))
    both = losses.categorical_cross_entropy(two, np.array([[1 - answer, answer]])).item()
    one = mp.Tensor(np.array(value), requires_grad=True)
    cost = ops.softplus(one) - answer * one
    cost.backward()
    assert math.isclose(cost.item(), both)
    assert math.isclose(one.grad, 1 / (1 + math.exp(-value)) - answer)
print("one score with softplus costs what two scores with softmax cost")

# %% [markdown]
# ## Why not the squared error?
#
# One could ask softmax's probabilities to be near $t$ by their squared distance. Compare how hard
# each loss pulls at a score that is wrong, and ever more sure of it:

# %%
pulls = {"cross entropy": [], "squared error": []}
SURE = np.linspace(-8, 8, 81)  # z of the right class minus z of the wrong one
for value in SURE:
    for name, kept in pulls.items():
        pair = mp.Tensor(np.array([[value, 0.0]]), requires_grad=True)
        if name == "cross entropy":
            cost = losses.categorical_cross_entropy(pair, np.array([[1.0, 0.0]]))
        else:
            gap = ops.softmax(pair) - mp.Tensor(np.array([[1.0, 0.0]]))
            cost = ops.sum(gap * gap)
        cost.backward()
        kept.append(-pair.grad[0, 0])
sure_and_wrong = {name: kept[0] for name, kept in pulls.items()}
print("pull at a sure wrong answer:", {n: f"{v:.4f}" for n, v in sure_and_wrong.items()})
assert sure_and_wrong["cross entropy"] > 0.99 and sure_and_wrong["squared error"] < 0.01

# %% [markdown]
# The squared error gives up exactly where the answer is most wrong: there softmax is flat, and the
# flatness multiplies the pull. In cross entropy the logarithm undoes the exponential.
#
# ## Use: which of three regions?
#
# Points in the plane, three regions that wind around each other; the loop of lesson 5.

# %%
rng = np.random.default_rng(0)


def spirals(count):
    """Points (3·count, 2) and their classes, three arms of a spiral."""
    way = np.tile(rng.uniform(0.1, 1, count), 3)
    region = np.repeat(np.arange(3), count)
    angle = 2 * np.pi * region / 3 + 4 * way + rng.normal(0, 0.12, 3 * count)
    return np.float32(way * np.stack([np.cos(angle), np.sin(angle)])).T.copy(), region


points, regions = spirals(150)
unseen, unseen_regions = spirals(150)
net = nn.Sequential(nn.Linear(2, 32, rng), nn.Tanh(), nn.Linear(32, 3, rng))
for step in range(1500):
    loss = losses.categorical_cross_entropy(net(mp.Tensor(points)), np.eye(3)[regions])
    net.zero_grad()
    loss.backward()
    for weight in net.parameters():
        weight.assign_(weight.data - 0.5 * weight.grad)
    if step == 0:
        print(f"E at the start {loss.item():.3f}; equal chances cost log 3 = {math.log(3):.3f}")
found = net(mp.Tensor(unseen)).data.argmax(axis=1)
print(
    f"E at the end {loss.item():.3f}; {np.mean(found == unseen_regions):.1%} of unseen points right"
)
# whoever always says the same region is right in a third of the cases:
assert np.mean(found == unseen_regions) > 0.9 and np.mean(unseen_regions == 0) < 0.34

# %%
plot = kit.new_plot(8.4, 3)
left, right_axes = plot.subplots(1, 2, width_ratios=[3, 2])
for (name, kept), colour in zip(pulls.items(), (kit.canvas.TRUTH, kit.canvas.PREDICTION)):
    left.plot(SURE, kept, color=colour, label=name)
left.set(title="how hard a loss pulls", xlabel="score of the right class − score of the wrong one")
left.legend()
across, up = np.meshgrid(np.linspace(-1.1, 1.1, 150), np.linspace(-1.1, 1.1, 150))
grid = np.float32(np.stack([across.ravel(), up.ravel()], axis=1))
choice = net(mp.Tensor(grid)).data.argmax(axis=1).reshape(across.shape)
colours = np.array([[0.81, 0.88, 0.91], [0.98, 0.91, 0.78], [0.95, 0.83, 0.85]])
right_axes.imshow(colours[choice], extent=(-1.1, 1.1, -1.1, 1.1), origin="lower")
for k, colour in enumerate((kit.canvas.TRUTH, kit.canvas.ACCENT, kit.canvas.PREDICTION)):
    right_axes.plot(*unseen[unseen_regions == k].T, ".", color=colour, markersize=3)
right_axes.set(title="unseen points, and what is said", aspect="equal")
right_axes.set_axis_off()
kit.save_plot(plot, "09_softmax")

# %% [markdown]
# Report 1 asks yes or no 1700 times a picture (lesson 20); report 2 asks at every pixel which of 25
# joints is there, or none: a choice of 26 (lesson 31).

# %% [markdown]
# ## Change this, predict, run
#
# Divide the scores by a number before softmax (the field calls it a *temperature*). What happens to
# the probabilities of 2, 1 and −1 for a large one, and for a small one? (The *entropy*,
# $-\sum p \log p$, is 0 if one class is sure, $\log 3$ if all three are equally likely.)

# %% tags=["change-this"]
TEMPERATURE = 1.0  # try 0.1, 0.5, 5.0, 100.0
with kit.experiment(TEMPERATURE, as_given=1.0):
    softened = softmax_by_hand([value / TEMPERATURE for value in z])
    entropy = -sum(q * math.log(max(q, 1e-300)) for q in softened)
    print("probabilities", [round(q, 4) for q in softened])
    print(f"entropy {entropy:.4f}; equal chances have log 3 = {math.log(3):.4f}")

# %% [markdown]
# ## Five questions
#
# 1. Why may one subtract the largest score before taking powers?
# 2. What is $\partial E/\partial z_k$ for softmax with cross entropy, and what does it say in
#    words?
# 3. A network of 26 classes knows nothing. What does its cross entropy have to be, about?
# 4. Why is one score enough for two classes?
# 5. Why is the squared error of probabilities a poor loss for a network that is sure and wrong?
#
# The answers: `make lesson N=9 ANSWERS=1`, once you have your own.
# Write it yourself: `make check N=9`, `exercises/09_softmax.py`.
