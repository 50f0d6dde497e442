# %% [markdown]
# # 8 · Going downhill
#
# - **Question.** Given the gradient, how do weights move?
# - **Read first.** Lessons 5 and 6.
# - **Source.** Report 1, equations 7 and 8; Kingma and Ba 2015 (Adam, used by report 2);
#   `minipose/optim/optimizers.py`.
# - **Running time.** Under 5 s.
#
# Lesson 5 stepped against the gradient, $w \leftarrow w - \epsilon\, dL/dw$, with a *learning rate*
# $\epsilon$, and every weight by the same rule. Can one walk better? Real losses are long, narrow
# valleys: steep across, nearly flat along. Take the simplest such valley, with its lowest point at
# $(4, 1)$:
#
# $$L(w) = \tfrac12 (w_1 - 4)^2 + \tfrac12\, 100\, (w_2 - 1)^2$$

# %%
import math

import numpy as np

import kit
import minipose as mp
from minipose import ops, optim

STEEP, LOWEST, START = np.array([1.0, 100.0]), np.array([4.0, 1.0]), np.array([-3.0, 1.4])


def valley(w):
    distance = w - mp.Tensor(LOWEST)
    return 0.5 * ops.sum(mp.Tensor(STEEP) * distance * distance)


# %% [markdown]
# ## Report 1's rule, by hand
#
# Equations 7 and 8 keep a velocity $v$. It remembers the last steps (*momentum*, 0.9 of it
# survives), the gradient pushes it, and *weight decay* $\lambda$ (0.0005 in the report) pulls every
# weight a little towards zero:
#
# $$v \leftarrow 0.9 v - \lambda \epsilon w - \epsilon \frac{dL}{dw}, \qquad w \leftarrow w + v$$
#
# Adam keeps two running means, of the gradient and of its square, and divides one by the root of
# the other: each weight steps by about $\epsilon$, however steep its direction. Both means start at
# 0: after $t$ steps their weights add up to $1 - \beta^t$ only, so they are divided by that. A tiny
# `eps` keeps the last division from being by 0.


# %%
def by_hand(steps, lr, momentum=0.0, decay=0.0):
    w, v = START.copy(), np.zeros(2)
    for _ in range(steps):
        gradient = STEEP * (w - LOWEST)
        for i in range(2):
            v[i] = momentum * v[i] - decay * lr * w[i] - lr * gradient[i]
            w[i] = w[i] + v[i]
    return w


def adam_by_hand(steps, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    w, mean, square = START.copy(), np.zeros(2), np.zeros(2)
    for t in range(1, steps + 1):
        gradient = STEEP * (w - LOWEST)
        for i in range(2):
            mean[i] = beta1 * mean[i] + (1 - beta1) * gradient[i]
            square[i] = beta2 * square[i] + (1 - beta2) * gradient[i] ** 2
            corrected_mean = mean[i] / (1 - beta1**t)
            corrected_square = square[i] / (1 - beta2**t)
            w[i] -= lr * corrected_mean / (math.sqrt(corrected_square) + eps)
    return w


def descend(make, steps=250):
    """The path that one of minipose's optimizers takes, and the loss at each point of it."""
    w = mp.Parameter(START.copy())
    optimizer = make([w])
    path, losses = [START.copy()], [valley(w).item()]
    for _ in range(steps):
        optimizer.zero_grad()
        valley(w).backward()
        optimizer.step()
        path.append(w.data.copy())
        losses.append(valley(w).item())
    return np.array(path), np.array(losses)


RULES = {
    "gradient alone": lambda w: optim.SGD(w, lr=0.018, momentum=0, weight_decay=0),
    "with momentum": lambda w: optim.SGD(w, lr=0.005, momentum=0.9, weight_decay=0),
    "and decay": lambda w: optim.SGD(w, lr=0.005, momentum=0.9, weight_decay=0.5),
    "Adam": lambda w: optim.Adam(w, lr=0.3),
}
walks = {name: descend(make) for name, make in RULES.items()}
assert np.allclose(walks["gradient alone"][0][9], by_hand(9, 0.018), rtol=1e-12)
assert np.allclose(walks["and decay"][0][9], by_hand(9, 0.005, 0.9, 0.5), rtol=1e-12)
assert np.allclose(walks["Adam"][0][9], adam_by_hand(9, 0.3), rtol=1e-12)

# %% [markdown]
# ## On the valley

# %%
plot = kit.new_plot(9, 3)
left, right = plot.subplots(1, 2, width_ratios=[3, 2])
across, up = np.meshgrid(np.linspace(-4, 8, 120), np.linspace(0.3, 1.7, 80))
height = 0.5 * (across - LOWEST[0]) ** 2 + 0.5 * STEEP[1] * (up - LOWEST[1]) ** 2
left.contour(across, up, height, levels=[0.5, 2, 5, 10, 17, 26, 37], colors="#d5d9de", linewidths=1)
colours = (kit.canvas.GREY, kit.canvas.TRUTH, kit.canvas.ACCENT, kit.canvas.PREDICTION)
for (name, (path, losses)), colour in zip(walks.items(), colours):
    left.plot(*path[:40].T, ".-", color=colour, linewidth=1, markersize=3, label=name)
    right.semilogy(np.maximum(losses, 1e-12), color=colour, label=name)
    late = np.flatnonzero(losses > 0.01)[-1] + 1
    arrived = f"L < 0.01 from step {late} on" if late < len(losses) else "L stays above 0.01"
    print(f"{name:15} ends at ({path[-1][0]:.3f}, {path[-1][1]:.3f}), {arrived}")
left.plot(*LOWEST, "x", color="black", label="lowest point", linestyle="none")
left.legend(fontsize=7, loc="lower right")
left.set(xlabel="$w_1$", ylabel="$w_2$", title="The first 40 steps", ylim=(0.3, 1.7))
right.set(xlabel="step", ylabel="L", title="Loss")
right.legend(fontsize=7)
kit.save_plot(plot, "08_descent")

# %% [markdown]
# Why not simply a larger $\epsilon$? Along one axis, a step multiplies the distance by
# $1 - \epsilon s$ with $s$ the steepness. Above $\epsilon = 2/s$ that is below $-1$: the walk jumps
# over the valley, further each time. The steepest direction sets the limit, and the flat one has to
# live with it.
#
# ## What momentum is worth
#
# Walk down a long even slope, where the gradient is always the same $g$. Each step keeps 0.9 of the
# velocity and adds $-\epsilon g$: $v = -\epsilon g\,(1 + 0.9 + 0.9^2 + \dots)$. The sum of such a
# series is $1/(1 - 0.9) = 10$. So **along an even slope momentum 0.9 makes every step ten times as
# long**: an effective rate of $10\,\epsilon$. Across the valley the gradient changes its sign at
# every jump, and what is added takes away what is there: momentum does not lengthen those steps. It
# is a larger rate where it is safe to have one.

# %%
STEPS, RATE = 100, 0.005
slope_w = mp.Parameter(np.zeros(1))
optimizer = optim.SGD([slope_w], lr=RATE, momentum=0.9, weight_decay=0)
places = []
for _ in range(STEPS):
    optimizer.zero_grad()
    ops.sum(2.0 * slope_w).backward()  # a slope of 2 everywhere
    optimizer.step()
    places.append(float(slope_w.data[0]))
longer = (places[-2] - places[-1]) / (RATE * 2.0)
print(f"a step is {longer:.2f} times as long as without momentum")
assert abs(longer - 1 / (1 - 0.9)) < 0.01

# %% [markdown]
# ## What decay is worth
#
# Decay (0.5 here, so that one sees it) changes *where* the walk ends: where its pull balances the
# slope, $s (w - w^*) + \lambda w = 0$, with $w^*$ the lowest point. Flat directions, about which
# the data say little, are pulled most:

# %%
balance = STEEP * LOWEST / (STEEP + 0.5)
print("balance of slope and decay:", balance.round(3))
assert np.allclose(descend(RULES["and decay"], 600)[0][-1], balance, atol=1e-6)

# %% [markdown]
# ## Change this, predict, run
#
# Gradient descent alone, for 250 steps: the steepest direction has $s = 100$, so the limit should
# be $\epsilon = 2/100$. What happens to $w_2$ just below the limit, and just above?

# %% tags=["change-this"]
RATE = 0.018  # try 0.019, 0.0199, 0.0201, 0.03
with kit.experiment(RATE, as_given=0.018), np.errstate(over="ignore"):
    path, _ = descend(lambda w: optim.SGD(w, lr=RATE, momentum=0, weight_decay=0))
    gap = abs(path[-1][1] - LOWEST[1])
    print(f"rate {RATE}: w2 begins 0.4 away from the lowest point and ends {gap:.1e} away")
    print(f"each step multiplies the distance by {1 - RATE * STEEP[1]:.2f}")

# %% [markdown]
# ## Five questions
#
# 1. What limits the learning rate of plain gradient descent, and which direction suffers from it?
# 2. Momentum 0.99 on an even slope: how much longer does a step become?
# 3. Why does momentum not lengthen the steps across the valley as well?
# 4. Which two running means does Adam keep, and what does it do with them?
# 5. Weight decay pulls every weight to zero. Which weights move most by it, those on steep or on
#    flat directions?
#
# The answers: `make lesson N=8 ANSWERS=1`, once you have your own.
# Write it yourself: `make check N=8`, `exercises/08_descent.py`.
