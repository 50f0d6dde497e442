# %% [markdown]
# # 6 · How many examples at a time?
#
# - **Question.** How many examples should one step see, and what does a small number cost?
# - **Read first.** Lesson 5.
# - **Source.** Report 1, section 4.4 (128 pictures a step); report 2, section II-C (one).
# - **Running time.** Under 30 s.
#
# The error that we want to be small is the mean over all $N$ examples, $L = \frac1N\sum_n L_n$. Its
# gradient is a mean, too. To compute it for one single step means to go through everything. So a
# step takes a **batch** of $B$ examples, drawn at random, and moves by the mean of their gradients
# $g_n$. To go through all batches once is an **epoch**. Report 1 takes 128 pictures, report 2 one.
#
# ## An estimate, and its noise
#
# A mean over a random batch is right on average, and wrong each time. If $\sigma$ is the spread
# (the standard deviation) of the single gradients, the mean of $B$ independent ones spreads by
#
# $$\frac{\sigma}{\sqrt B}$$
#
# Four times the examples, half the noise. Measure it: the arms of lesson 5, a network as it begins,
# and the gradient of its first weights from 200 batches of each size.

# %%
import numpy as np

import kit
import minipose as mp
from comparison import Comparison
from minipose import losses, nn

N = 1024


def arms(count, rng):
    """Places of hand and elbow, (N, 2) each, in units of 300 mm (lesson 5)."""
    shoulder, bend = rng.uniform(-1.2, 1.2, count), rng.uniform(0.1, 2.6, count)
    elbow = np.stack([np.cos(shoulder), np.sin(shoulder)], axis=1)
    forearm = np.stack([np.cos(shoulder + bend), np.sin(shoulder + bend)], axis=1)
    return np.float32(elbow + 250 / 300 * forearm), np.float32(elbow)


def network(rng):
    return nn.Sequential(nn.Linear(2, 64, rng), nn.Tanh(), nn.Linear(64, 2, rng))


def gradients(net, hands, elbows):
    """dL/dw of every parameter for these examples."""
    net.zero_grad()
    losses.mse(net(mp.Tensor(hands)), elbows).backward()
    return [p.grad for p in net.parameters()]


hands, elbows = arms(N, np.random.default_rng(0))
test_hands, test_elbows = arms(1000, np.random.default_rng(1))
net = network(np.random.default_rng(2))
everything = gradients(net, hands, elbows)[0]
rng = np.random.default_rng(3)
SIZES = (1, 4, 16, 64, 256)
noise = {}
for size in SIZES:
    drawn = []
    for _ in range(200):
        few = rng.integers(0, N, size)
        drawn.append(gradients(net, hands[few], elbows[few])[0])
    drawn = np.stack(drawn)  # (200, 64, 2)
    noise[size] = float(drawn.std(axis=0).mean())
    gap = np.abs(drawn.mean(axis=0) - everything).max()
    print(
        f"batch {size:3}: noise {noise[size]:.4f}, times √B {noise[size] * size**0.5:.4f};", end=" "
    )
    print(f"the mean of all batches is off by {gap:.4f}")
scaled = [noise[size] * size**0.5 for size in SIZES]
assert max(scaled) < 1.1 * min(scaled)

# %% [markdown]
# Noise times $\sqrt B$ hardly changes: that is the law. (And one batch of all $N$, in any order,
# has no noise at all.)
#
# ## What a step costs
#
# An example in a large batch is cheaper, since a matrix product of many rows uses the machine
# better than many products of one:

# %%
cost = {}
for size in (1, 16, 128, 1024):
    some = hands[:size], elbows[:size]
    cost[size] = kit.on_one_thread(kit.seconds, lambda some=some: gradients(net, *some))
    each = 1e6 * cost[size] / size
    print(f"batch {size:4}: {1000 * cost[size]:.2f} ms a step, {each:7.2f} µs an example")
assert cost[128] / 128 < 0.5 * cost[1]

# %% [markdown]
# ## What it does to learning
#
# Two ways to be fair. With the same number of **examples**, a small batch makes more steps. With
# the same number of **steps**, a large batch has seen more examples, and steps more surely. The
# learning rate is the same throughout.


# %%
def learn(size, seed, steps, curve=None, every=1, rate=0.05):
    """Error on unseen arms after training, mm; ``curve`` gets it every so many steps, too."""
    rng = np.random.default_rng(seed)
    net = network(rng)
    order = np.zeros(0, int)
    for step in range(steps):
        if curve is not None and step % every == 0:
            curve.append((step * size, millimetres(net)))
        if len(order) < size:  # a new epoch, in another order
            order = rng.permutation(N)
        few, order = order[:size], order[size:]
        for p, grad in zip(net.parameters(), gradients(net, hands[few], elbows[few])):
            p.assign_(p.data - rate * grad)
    return millimetres(net)


def millimetres(net):
    found = net(mp.Tensor(test_hands)).data
    return float(300 * np.linalg.norm(found - test_elbows, axis=1).mean())


BATCHES, EXAMPLES, STEPS = (1, 16, 128), 8 * N, 500
average = 300 * np.linalg.norm(test_elbows - elbows.mean(axis=0), axis=1).mean()
same_examples = Comparison(f"mm off after {EXAMPLES} examples", average, "mean elbow")
same_steps = Comparison(f"mm off after {STEPS} steps", average, "mean elbow")
for size in BATCHES:

    def after_examples(seed, size=size):
        return kit.on_one_thread(learn, size, seed, EXAMPLES // size)

    def after_steps(seed, size=size):
        return kit.on_one_thread(learn, size, seed, STEPS)

    same_examples.add(f"batch {size}", after_examples)
    same_steps.add(f"batch {size}", after_steps)
same_examples.show(against="batch 16")
same_steps.show(against="batch 16")
assert same_examples.verdict("batch 128", "batch 16") == "worse"
assert same_steps.verdict("batch 1", "batch 128") == "worse"

# %%
plot = kit.new_plot(9, 3)
left, right = plot.subplots(1, 2)
left.loglog(SIZES, list(noise.values()), "o", color=kit.canvas.PREDICTION, label="measured")
law = [noise[1] / size**0.5 for size in SIZES]
left.loglog(SIZES, law, color=kit.canvas.GREY, label="σ / √B")
left.set_xticks(SIZES, SIZES)
left.set(title="noise of a gradient", xlabel="examples in a batch, B")
left.legend()
colours = (kit.canvas.PREDICTION, kit.canvas.TRUTH, kit.canvas.ACCENT)
for size, colour in zip(BATCHES, colours):
    curve = []
    kit.on_one_thread(learn, size, 0, EXAMPLES // size, curve, max(1, 128 // size))
    right.plot(*zip(*curve), color=colour, linewidth=1, label=f"batch {size}")
right.set(title="unseen arms, mm off", xlabel="examples seen", ylim=(0, 200))
right.legend()
kit.save_plot(plot, "06_batches")

# %% [markdown]
# Read the tables. Counted in examples the small batch wins: it has made more steps. Counted in
# steps the large ones win, but 128 no more than 16: eight times the examples bought nothing here.
#
# With few examples a step, the curve trembles: each step follows its own examples, and at the end
# it jumps about the lowest point instead of reaching it. That is why rates fall towards the end of
# a training (lesson 5 did so). With many, the steps are sure and few. In between lies what most
# people take, 16 to 128, if the memory holds as much.

# %% [markdown]
# ## Change this, predict, run
#
# One example a step, at a rate of 0.05, ends with an error that trembles. How far does it tremble
# with a smaller rate, and with a larger one? Predict which error is lowest after 8192 examples.

# %% tags=["change-this"]
RATE = 0.05  # try 0.005, 0.02, 0.2
with kit.experiment(RATE, as_given=0.05):
    curve = []
    kit.on_one_thread(learn, 1, 0, EXAMPLES, curve, 128, RATE)
    last = np.array([error for _, error in curve[-16:]])
    print(f"rate {RATE}, batch 1: {last.mean():.0f} mm at the end, from {last.min():.0f}", end=" ")
    print(f"to {last.max():.0f} in the last quarter")

# %% [markdown]
# ## Five questions
#
# 1. What is an epoch? How many steps has one, with 1024 examples and batches of 16?
# 2. The noise of a gradient is to be a third of what it is. How many times as many examples must a
#    batch hold?
# 3. Why is an example cheaper in a large batch?
# 4. Why do the rates of a training fall towards its end?
# 5. "Batch 128 is better than batch 16." What must be said before this can be true or false?
#
# The answers: `make lesson N=6 ANSWERS=1`, once you have your own.
# Write it yourself: `make check N=6`, `exercises/06_batches.py`.
