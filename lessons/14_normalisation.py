# %% [markdown]
# # 14 · Numbers of one size: normalisation
#
# - **Question.** What if signals were simply brought to one size, layer after layer?
# - **Read first.** Lessons 6, 10 and 13.
# - **Source.** Ioffe and Szegedy 2015; report 2's H-Net has a norm in each layer (lesson 38);
#   `minipose/ops/norm.py`.
# - **Running time.** Under 20 s.
#
# Lesson 13 chose the first weights so that signals keep their size. While a network learns, weights
# change and sizes drift. A **norm** does not hope: it measures. Take all values of one channel in a
# batch, $m$ of them, subtract their mean $\mu$ and divide by their spread $\sigma$:
#
# $$\hat x_i = \frac{x_i - \mu}{\sigma},\qquad y_i = \gamma\,\hat x_i + \beta$$
#
# Now every channel has mean 0 and spread 1, whatever came before. So that nothing is lost, a scale
# $\gamma$ and a shift $\beta$ are learned for each channel. (A tiny `eps` under the root keeps the
# division from being by 0.)
#
# ## The way back
#
# If one $x_j$ grows, then $\hat x_j$ grows, but $\mu$ grows, too, and $\sigma$ changes: every value
# of the channel moves. Three ways, three terms. With $h = \gamma\,dL/dy$, what arrives at $\hat x$:
#
# $$\frac{dL}{dx_j} = \frac1\sigma\Bigl(h_j - \frac1m\sum_i h_i
#   - \hat x_j\,\frac1m\sum_i h_i\hat x_i\Bigr)$$
#
# In words: from what arrives, the part is taken out that would move all values alike, and the part
# that would stretch them. Neither can change anything, since the norm undoes both.

# %%
import numpy as np

import kit
import minipose as mp
from comparison import Comparison
from minipose import gradcheck, losses, nn, ops, optim
from minipose.nn.initialise import glorot_uniform


def norm_by_hand(x, gamma, beta, g, eps=1e-5):
    """y for one channel of m numbers, and what arrives at x when g arrives at y."""
    m = len(x)
    mean = sum(x) / m
    spread = (sum((value - mean) ** 2 for value in x) / m + eps) ** 0.5
    x_hat = [(value - mean) / spread for value in x]
    h = [gamma * value for value in g]
    alike = sum(h) / m
    stretch = sum(a * b for a, b in zip(h, x_hat)) / m
    grad = [(h[j] - alike - x_hat[j] * stretch) / spread for j in range(m)]
    return [gamma * value + beta for value in x_hat], grad


rng = np.random.default_rng(0)
x, g = rng.normal(5, 3, (2, 1, 3, 4)), rng.standard_normal((2, 1, 3, 4))
gamma, beta = np.array([1.5]), np.array([-0.2])
tensor = mp.Tensor(x, requires_grad=True)
y, mean, variance = ops.batch_norm(tensor, mp.Tensor(gamma), mp.Tensor(beta))
y.backward(g)
ours, grad = norm_by_hand(list(x.ravel()), 1.5, -0.2, list(g.ravel()))
print(f"before: mean {x.mean():.2f}, spread {x.std():.2f}; after: {y.data.mean():.2f},", end=" ")
print(f"{y.data.std():.2f} (β and γ)")
assert np.allclose(ours, y.data.ravel()) and np.allclose(grad, tensor.grad.ravel())
assert abs(tensor.grad.sum()) < 1e-12  # the part that moves all values alike is gone
arrays = [rng.standard_normal(shape) for shape in ((4, 2, 3, 3), (2,), (2,))]
gradcheck.check_gradients(lambda *inputs: ops.batch_norm(*inputs)[0], arrays)

# %% [markdown]
# ## In use there is no batch
#
# In training the mean is that of the batch. So what a picture gives depends on the pictures beside
# it. A trained network must not do that: one picture, one answer. So a layer keeps **running**
# means of $\mu$ and $\sigma^2$ while it is trained, and uses those in evaluation. They are part of
# the network and are saved with it, though nobody learns them by descent.

# %%
layer = nn.BatchNorm2d(1, momentum=0.1)
for _ in range(200):
    layer(mp.Tensor(rng.normal(5, 3, (32, 1, 4, 4)).astype(np.float32)))
print(f"running mean {layer.running_mean[0]:.2f}, variance {layer.running_variance[0]:.2f}")
assert abs(layer.running_mean[0] - 5) < 0.3 and abs(layer.running_variance[0] - 9) < 1
alone = mp.Tensor(np.full((1, 1, 4, 4), 8.0, np.float32))
bright = mp.Tensor(np.full((1, 1, 4, 4), 90.0, np.float32))
beside = ops.concatenate([alone, bright], axis=0)
print("in training, beside a bright picture:", layer(beside).data[0, 0, 0, 0].round(2))
layer.eval()
answers = [layer(t).data[0, 0, 0, 0] for t in (alone, beside)]
print("in evaluation, alone and beside it:  ", *(round(float(a), 2) for a in answers))
assert answers[0] == answers[1]

# %% [markdown]
# Forgetting `net.eval()` is a common mistake: nothing crashes, and every answer is a little wrong.
# (The H-Net of report 2's library uses the batch's numbers in evaluation, too. So does minipose's,
# to be the same; then what a picture gives depends on its neighbours.)
#
# ## Does it help?
#
# The ten layers of lesson 13, with weights three times too large, where nothing was learned: now
# with a norm before each tanh. And with weights of the right size.

# %%
DEPTH, WIDTH = 10, 128


class Deep(nn.Module):
    """Ten layers; a module finds its parameters by itself (lesson 16)."""

    def __init__(self, scale, norms, rng):
        weights = [scale * glorot_uniform((WIDTH, WIDTH), rng) for _ in range(DEPTH)]
        self.weights = [mp.Parameter(np.float32(weight)) for weight in weights]
        self.norms = [nn.BatchNorm2d(WIDTH) for _ in range(DEPTH)] if norms else []
        self.last = nn.Linear(WIDTH, 1, rng)

    def forward(self, x):
        for k, weight in enumerate(self.weights):
            x = ops.linear(x, weight)
            x = ops.tanh(self.norms[k](x) if self.norms else x)
        return self.last(x)


def learn(scale, norms, seed, steps=200):
    """Mean squared error in training, of the last 40 steps."""
    rng = np.random.default_rng(seed)
    net = Deep(scale, norms, rng)
    optimizer = optim.SGD(net.parameters(), lr=0.02, momentum=0.9, weight_decay=0)
    history = []
    for _ in range(steps):
        x = rng.standard_normal((64, WIDTH)).astype(np.float32)
        left, right = x[:, : WIDTH // 2].sum(axis=1), x[:, WIDTH // 2 :].sum(axis=1)
        loss = losses.mse(net(mp.Tensor(x)), np.sign(left - right)[:, None])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(loss.item())
    return np.mean(history[-40:])


table = Comparison("mean squared error", 1.0, "always 0")
for size, scale in (("right size", 1.0), ("three times", 3.0)):
    for name, norms in (("plain", False), ("with norms", True)):

        def train(seed, scale=scale, norms=norms):
            return kit.on_one_thread(learn, scale, norms, seed)

        table.add(f"{size}, {name}", train)
table.show(against="three times, plain")
assert table.verdict("three times, with norms", "three times, plain") == "better"
apart = table.verdict("right size, with norms", "right size, plain")
print("with weights of the right size, norms are", apart)

# %%
plot = kit.new_plot(8, 2.6)
axes = plot.add_subplot()
table.draw(axes)
kit.save_plot(plot, "14_normalisation")

# %% [markdown]
# With norms it hardly matters how large the weights began: that is what they are for, and one
# reason why very deep networks became possible (skips, as in lesson 29, are another). What they do
# *besides*, where weights have the right size already, the table says for this one task, and it is
# not always a gain.
#
# Report 1's network has three convolutions (lesson 20), report 2's twenty-three (lesson 29), each
# begun at the right size: in the reports neither has a norm. minipose has both ways; its short
# trainings put a norm before every tanh or ReLU (lessons 27 and 31). A batch of one picture, as in
# report 2, would be a poor sample for one; a *group norm* takes mean and spread of some channels of
# one picture instead, and needs no batch.

# %% [markdown]
# ## Change this, predict, run
#
# How many examples does a norm need? Let it take mean and spread of 2, 4, 16 or 256 values from a
# normal distribution with mean 0 and spread 1. How far off is the mean that it subtracts, on
# average?

# %% tags=["change-this"]
COUNT = 16  # try 2, 4, 64, 256
with kit.experiment(COUNT, as_given=16):
    drawn = np.random.default_rng(0).standard_normal((10_000, COUNT))
    print(f"{COUNT} values: the mean is off by {np.abs(drawn.mean(axis=1)).mean():.3f} on average,")
    spreads = drawn.std(axis=1)
    print(f"the spread, which should be 1, is {spreads.mean():.3f} ± {spreads.std():.3f}")

# %% [markdown]
# ## Five questions
#
# 1. What do $\gamma$ and $\beta$ do, and why are they there?
# 2. Which two parts does the norm take out of the gradient, and why?
# 3. Which numbers are used in evaluation in the place of the batch's?
# 4. Why is a batch norm a poor choice with one picture a step?
# 5. With norms it hardly matters how large the first weights are. Why not?
#
# The answers: `make lesson N=14 ANSWERS=1`, once you have your own.
# Write it yourself: `make check N=14`, `exercises/14_normalisation.py`.
