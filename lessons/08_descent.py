# %% [markdown]
# # 8 · Going downhill
#
# - **Question.** Given the gradient, how do weights move?
# - **Read first.** Lesson 1.
# - **Source.** Report 1, equations 7 and 8; Kingma and Ba 2015 (Adam, used by report 2);
#   `minipose/optim.py`.
# - **Running time.** Under 5 s.
#
# The gradient points uphill, so step against it: $w \leftarrow w - \epsilon\, dL/dw$, with a
# *learning rate* $\epsilon$. Real losses are long, narrow valleys: steep across, nearly flat along.
# Take the simplest such valley, with its lowest point at $(4, 1)$:
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
# 0, which the powers of $\beta$ make up for; a tiny `eps` keeps the division from being by 0.


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
    left.plot(*path[:40].T, ".-", color=colour, linewidth=1, markersize=3)
    right.semilogy(np.maximum(losses, 1e-12), color=colour, label=name)
    late = np.flatnonzero(losses > 0.01)[-1] + 1
    arrived = f"L < 0.01 from step {late} on" if late < len(losses) else "L stays above 0.01"
    print(f"{name:15} ends at ({path[-1][0]:.3f}, {path[-1][1]:.3f}), {arrived}")
left.plot(*LOWEST, "x", color="black")
left.set(xlabel="$w_1$", ylabel="$w_2$", title="The first 40 steps", ylim=(0.3, 1.7))
right.set(xlabel="step", ylabel="L", title="Loss")
right.legend(fontsize=7)
kit.save_plot(plot, "08_descent")

# %% [markdown]
# Why not simply a larger $\epsilon$? Along one axis, a step multiplies the distance by
# $1 - \epsilon s$ with $s$ the steepness. Above $\epsilon = 2/s$ that is below $-1$: the walk jumps
# over the valley, further each time. The steepest direction sets the limit, and the flat one has to
# live with it. Momentum helps since pushes along the valley add up while those across cancel.
#
# Decay (0.5 here, so that one sees it) changes *where* the walk ends: where its pull balances the
# slope, $s (w - w^*) + \lambda w = 0$. Flat directions, about which the data say little, are pulled
# most:

# %%
balance = STEEP * LOWEST / (STEEP + 0.5)
print("balance of slope and decay:", balance.round(3))
assert np.allclose(descend(RULES["and decay"], 600)[0][-1], balance, atol=1e-6)

# %% [markdown]
# ## Change this, predict, run
#
# `gradient alone` with $\epsilon = 0.019$, $0.0199$ and $0.0201$, for 250 steps: what happens to
# $w_2$?
