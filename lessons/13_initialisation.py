# %% [markdown]
# # 13 · How weights begin, and what a bad beginning does
#
# - **Question.** How large should random weights be?
# - **Read first.** Lessons 5 and 8.
# - **Source.** Report 1's code: uniform $\pm\sqrt{6/(\mathrm{in} + \mathrm{out})}$ (Glorot and
#   Bengio 2010); He et al. 2015; `minipose/nn/initialise.py`.
# - **Running time.** Under 30 s.
#
# ## Not all the same
#
# If all weights start equal, all outputs of a layer are equal, and so is what comes back to them:
# its units stay equal for ever, and a hundred do the work of one. So weights start at random.

# %%
import math

import numpy as np

import kit
import minipose as mp
from comparison import Comparison
from minipose import losses, ops, optim
from minipose.nn.initialise import glorot_uniform, he_normal

rng = np.random.default_rng(0)
x, target = (mp.Tensor(rng.standard_normal(shape)) for shape in ((20, 3), (20, 1)))
first, second = mp.Parameter(np.full((5, 3), 0.3)), mp.Parameter(np.full((1, 5), 0.3))
losses.mse(ops.linear(ops.tanh(ops.linear(x, first)), second), target.data).backward()
print("gradients of five equal units:", first.grad[:, 0].round(4))
assert np.ptp(first.grad, axis=0).max() < 1e-12

# %% [markdown]
# ## Not too small, not too large
#
# One output is a sum, $y = \sum_{i=1}^{\mathrm{in}} w_i x_i$. The *variance* of a number is the
# mean square of its distance from its mean; its root is the spread. If weights and inputs are
# independent with mean 0, and the weights have the variance $\sigma^2$, variances add up:
#
# $$\mathrm{Var}(y) = \mathrm{in} \cdot \sigma^2 \cdot \mathrm{Var}(x)$$
#
# So each layer multiplies the spread by $\sqrt{\mathrm{in}}\,\sigma$. It stays the same if
# $\sigma^2 = 1/\mathrm{in}$. On the way back, $dL/dx_i = \sum_o w_{oi}\, g_o$ has *out* terms,
# which asks for $\sigma^2 = 1/\mathrm{out}$. Glorot takes the middle,
# $\sigma^2 = 2/(\mathrm{in} + \mathrm{out})$. A uniform number from $-a$ to $a$ has variance
# $a^2/3$, so $a = \sqrt{6/(\mathrm{in} + \mathrm{out})}$, as in report 1. A ReLU, $\max(0, y)$,
# drops half of the signal; for it He takes $\sigma^2 = 2/\mathrm{in}$, as in report 2.

# %%
for name, weight, variance in [
    ("Glorot", glorot_uniform((1024, 2160), rng), 2 / (1024 + 2160)),
    ("He", he_normal((64, 32, 3, 3), rng), 2 / (32 * 9)),
]:
    print(f"{name:6} deviation {weight.std():.5f}, from the formula {math.sqrt(variance):.5f}")
    assert abs(weight.std() / math.sqrt(variance) - 1) < 0.02
by_hand = np.random.default_rng(7).uniform(-1, 1, (30, 50)) * math.sqrt(6 / 80)
assert np.allclose(glorot_uniform((30, 50), np.random.default_rng(7)), by_hand, atol=1e-7)

# %% [markdown]
# ## Ten layers
#
# Send random numbers through ten layers with tanh and a random gradient back, with weights of
# Glorot's size, a third of it, and three times it. Signals fade, live, or get into tanh's flat
# ends.

# %%
DEPTH, WIDTH, SCALES = 10, 128, {"a third": 1 / 3, "Glorot": 1.0, "three times": 3.0}


def deep(scale, seed=0):
    rng = np.random.default_rng(seed)
    return [mp.Parameter(scale * glorot_uniform((WIDTH, WIDTH), rng)) for _ in range(DEPTH)]


def forward(x, weights):
    outputs = []
    for weight in weights:
        x = ops.tanh(ops.linear(x, weight)).retain_grad()  # normally only leaves keep theirs
        outputs.append(x)
    return outputs


plot = kit.new_plot(9, 2.8)
spread, back, learning = plot.subplots(1, 3)
colours = dict(zip(SCALES, (kit.canvas.GREY, kit.canvas.TRUTH, kit.canvas.PREDICTION)))
signal = rng.standard_normal((256, WIDTH)).astype(np.float32)
for name, scale in SCALES.items():
    outputs = forward(mp.Tensor(signal), deep(scale))
    outputs[-1].backward(rng.standard_normal((256, WIDTH)).astype(np.float32))
    forth = [float(y.data.std()) for y in outputs]
    grads = [float(y.grad.std()) for y in outputs]
    spread.semilogy(range(1, DEPTH + 1), forth, color=colours[name], label=name)
    back.semilogy(range(1, DEPTH + 1), grads, color=colours[name])
    flat = np.mean(np.abs(outputs[-1].data) > 0.99)
    print(f"{name:11} output {forth[-1]:.0e}, gradient at layer 1 {grads[0]:.0e}, {flat:.0%} flat")
for axes, what in ((spread, "outputs"), (back, "gradient")):
    axes.set(title=f"spread of the {what}", xlabel="layer")
spread.legend(fontsize=7)


# %% [markdown]
# ("Flat" counts outputs beyond ±0.99: tanh hands almost nothing back.)
#
# ## What it does to learning
#
# The same layers are trained to tell which half of a row of numbers has the larger sum.


# %%
def learn(scale, seed, steps=300):
    """The mean squared error at each step, with weights of ``scale`` times Glorot's size."""
    rng = np.random.default_rng([1, seed])
    weights = [*deep(scale, seed), mp.Parameter(glorot_uniform((1, WIDTH), rng))]
    optimizer = optim.SGD(weights, lr=0.02, momentum=0.9, weight_decay=0)
    history = []
    for _ in range(steps):
        x = rng.standard_normal((64, WIDTH)).astype(np.float32)
        left, right = x[:, : WIDTH // 2].sum(axis=1), x[:, WIDTH // 2 :].sum(axis=1)
        answer = np.sign(left - right)[:, None]
        last = forward(mp.Tensor(x), weights[:-1])[-1]
        loss = losses.mse(ops.linear(last, weights[-1]), answer)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(loss.item())
    return np.array(history)


table = Comparison("mean squared error of the last 50 steps", 1.0, "always 0")
for name, scale in SCALES.items():
    histories = [kit.on_one_thread(learn, scale, seed) for seed in (0, 1, 2)]
    table.note(name, [history[-50:].mean() for history in histories])
    smooth = np.convolve(histories[0], np.ones(20) / 20, mode="valid")
    learning.plot(smooth, color=colours[name])
table.show(against="Glorot")
learning.axhline(1, color=kit.canvas.GREY, linewidth=1, linestyle="--")
learning.set(title="mean squared error", xlabel="step", ylim=(0, 1.6))
kit.save_plot(plot, "13_initialisation")
assert {table.verdict(name, "Glorot") for name in ("a third", "three times")} == {"worse"}

# %% [markdown]
# The dashed line is the constant baseline, always 0. The two others do no better.

# %% [markdown]
# ## Change this, predict, run
#
# Thirty layers of ReLU, without training. By which factor does a layer change the spread of its
# sums, with Glorot's weights and with He's? And with He's times 1.5?

# %% tags=["change-this"]
FACTOR = 1.0  # try 0.5, 1.5, 3.0
with kit.experiment(FACTOR, as_given=1.0):
    for name, draw in {"Glorot": glorot_uniform, "He": he_normal}.items():
        draws = np.random.default_rng(3)
        forth, sizes = signal, []
        for _ in range(30):
            sums = forth @ (FACTOR * draw((WIDTH, WIDTH), draws)).T
            forth = np.maximum(sums, 0)
            sizes.append(np.sqrt(np.mean(sums**2)))
        each = (sizes[-1] / sizes[0]) ** (1 / 29)
        print(f"{FACTOR} × {name}: each of 30 ReLU layers multiplies the spread by {each:.2f}")

# %% [markdown]
# ## Five questions
#
# 1. Why must weights not all begin equal?
# 2. Which variance of the weights keeps the spread of a sum of 100 numbers?
# 3. Why does Glorot take a mean of "in" and "out"?
# 4. Why is He's variance twice as large?
# 5. A network of thirty layers does not learn. What would you look at first?
#
# The answers: `make lesson N=13 ANSWERS=1`, once you have your own.
# Write it yourself: `make check N=13`, `exercises/13_initialisation.py`.
