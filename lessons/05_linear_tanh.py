# %% [markdown]
# # 5 · A first network: fully connected, and why tanh
#
# - **Question.** What does a fully connected layer do, and why is one followed by a tanh?
# - **Read first.** Lessons 1 and 4.
# - **Source.** Report 1, section 4.3 and figure 4 (layers of 1024 and 2048 with tanh);
#   `minipose/ops/reduction.py`.
# - **Running time.** Under 15 s.
#
# Each output of a fully connected layer is a weighted sum of all inputs, plus a bias. For a batch
# of $N$ samples (examples that go in together), with weights $W$ of shape (out, in):
#
# $$Y_{no} = b_o + \sum_i W_{oi} X_{ni} \qquad\text{or}\qquad Y = X W^T + b$$
#
# ## Its rule, index by index
#
# Write $G_{no} = dL/dY_{no}$. Which outputs does one weight $W_{oi}$ touch? Output $o$ of every
# sample, each time multiplied by $X_{ni}$. And one input $X_{ni}$? Every output of its sample. Add
# up what arrives:
#
# $$\frac{dL}{dW_{oi}} = \sum_n G_{no} X_{ni}, \quad \frac{dL}{dX_{ni}} = \sum_o G_{no} W_{oi},
#   \quad \frac{dL}{db_o} = \sum_n G_{no}$$
#
# These are matrix products again: $G^T X$, $G W$, and a sum of rows. First as loops:

# %%
import numpy as np

import kit
import minipose as mp
from comparison import Comparison
from minipose import losses, nn, ops


def linear_by_loops(x, weight, bias, g):
    """Y, and what arrives at X, W and b when g arrives at Y."""
    y = np.zeros((len(x), len(weight)))
    grad_x, grad_w, grad_b = np.zeros_like(x), np.zeros_like(weight), np.zeros_like(bias)
    for n in range(len(x)):
        for o in range(len(weight)):
            y[n, o] = bias[o]
            grad_b[o] += g[n, o]
            for i in range(x.shape[1]):
                y[n, o] += weight[o, i] * x[n, i]
                grad_x[n, i] += g[n, o] * weight[o, i]
                grad_w[o, i] += g[n, o] * x[n, i]
    return y, (grad_x, grad_w, grad_b)


rng = np.random.default_rng(0)
arrays = [rng.standard_normal(shape) for shape in ((32, 24), (16, 24), (16,))]
g = rng.standard_normal((32, 16))
y, grads = linear_by_loops(*arrays, g)
tensors = [mp.Tensor(a, requires_grad=True) for a in arrays]
theirs = ops.linear(*tensors)
theirs.backward(g)
assert np.allclose(y, theirs.data, rtol=1e-12)
assert all(np.allclose(a, t.grad, rtol=1e-10) for a, t in zip(grads, tensors))
loops = kit.seconds(lambda: linear_by_loops(*arrays, g), repeats=2)
package = kit.seconds(lambda: ops.linear(*tensors).backward(g))
print(f"loops {1000 * loops:.1f} ms, minipose {1000 * package:.3f} ms, the same numbers")

# %% [markdown]
# ## Two layers are one, unless something stands between
#
# A layer of layers is still a weighted sum: $(X W_1^T) W_2^T = X (W_2 W_1)^T$. However many are
# stacked, they can draw nothing but straight lines. So each is followed by a function that bends.
# Report 1 takes $\tanh$, which is nearly straight around 0 and flattens out at $\pm 1$. Its rule is
# $g\,(1 - y^2)$: where it is flat, nothing passes back.

# %%
x, w1, w2 = (mp.Tensor(rng.standard_normal(shape)) for shape in ((5, 3), (8, 3), (2, 8)))
stacked = ops.linear(ops.linear(x, w1), w2).data
assert np.allclose(stacked, ops.linear(x, w2 @ w1).data)
assert not np.allclose(stacked, ops.linear(ops.tanh(ops.linear(x, w1)), w2).data)

# %% [markdown]
# ## Use: where is the elbow?
#
# A pose in miniature. An arm in the plane hangs from a shoulder at the origin: upper arm 300 mm,
# forearm 250 mm, and the elbow bends one way only. From the place of the hand, find the elbow.
# There is a formula (two circles meet), but let a network find it from examples. `nn.Linear` is
# such a layer with its own weight and bias, random at first (lesson 13). Two layers with 64
# outputs, once with tanh and once without, and a last one for the two coordinates.

# %%
SHOULDER, BEND = (-1.2, 1.2), (0.1, 2.6)  # rad: which angles shoulder and elbow take


def arms(count, rng, bends=BEND):
    """Places of hand and elbow, (N, 2) each, in units of 300 mm."""
    shoulder, bend = rng.uniform(*SHOULDER, count), rng.uniform(*bends, count)
    elbow = np.stack([np.cos(shoulder), np.sin(shoulder)], axis=1)
    forearm = np.stack([np.cos(shoulder + bend), np.sin(shoulder + bend)], axis=1)
    return np.float32(elbow + 250 / 300 * forearm), np.float32(elbow)


def network(tanh, rng):
    """Three layers, one after the other, with a tanh after the first two if asked for."""
    between = [nn.Tanh()] if tanh else []
    first, second, last = nn.Linear(2, 64, rng), nn.Linear(64, 64, rng), nn.Linear(64, 2, rng)
    return nn.Sequential(first, *between, second, *between, last)


# %% [markdown]
# ## The loop that trains
#
# Four steps, again and again: take some examples; ask the network, and measure its error by one
# number $L$, here the mean of the squared errors; let the engine find $dL/dw$ for every weight; and
# move each weight a little *against* its derivative, since that way the error shrinks:
#
# $$w \leftarrow w - \epsilon\,\frac{dL}{dw}$$
#
# $\epsilon$ is the *learning rate*. That is all. The rest of the course makes each of the four
# steps better.


# %%
def train(net, rng, steps=2000, rate=0.2):
    for step in range(steps):
        hands, elbows = arms(128, rng)
        loss = losses.mse(net(mp.Tensor(hands)), elbows)
        for weight in net.parameters():
            weight.grad = None
        loss.backward()
        now = rate * (1 - step / steps)  # smaller moves towards the end
        for weight in net.parameters():
            weight.assign_(weight.data - now * weight.grad)  # puts other numbers in
    return net


hands, elbows = arms(1000, np.random.default_rng(2))
networks = {}


def off(name, seed):
    """Train one; the mean distance of the elbows that it finds, mm."""
    rng = np.random.default_rng(seed)
    net = network(name == "with tanh", rng)
    networks[name] = kit.on_one_thread(train, net, rng)  # so small a net gains nothing from two
    return millimetres(net(mp.Tensor(hands)).data, elbows)


def millimetres(found, true):
    return float(300 * np.linalg.norm(found - true, axis=1).mean())


# %% [markdown]
# A number needs others beside it. The **constant baseline** says the same for every hand, the mean
# elbow: whoever is not better has learned nothing from the hand. And the random start of a network
# matters, too, so each is trained three times, with other random numbers (*seeds*): a difference
# counts if it is larger than what luck makes. `Comparison` prints both, in all lessons that
# compare: the mean of the seeds, how far single runs spread (±), each run, the difference from the
# row that is compared with, and how large a difference luck alone may make.

# %%
constant = millimetres(np.broadcast_to(elbows.mean(axis=0), elbows.shape), elbows)
table = Comparison("elbow, mm off", constant, "mean elbow")
for name in ("without", "with tanh"):
    table.add(name, lambda seed, name=name: off(name, seed))
table.show(against="without")
assert table.verdict("with tanh", "without") == "better"
assert table.mean("without") < constant

found = {name: net(mp.Tensor(hands)).data for name, net in networks.items()}
plot = kit.new_plot(4.8, 3.2)
for i, (name, places) in enumerate(reversed(found.items())):
    axes = plot.add_subplot(1, 2, i + 1, aspect="equal")
    for k in range(6):
        for elbow, colour in ((elbows[k], kit.canvas.TRUTH), (places[k], kit.canvas.PREDICTION)):
            arm = 300 * np.array([[0, 0], elbow, hands[k]])  # shoulder, elbow, hand
            axes.plot(*arm.T, color=colour, linewidth=1.3)
    title = f"{name}: {millimetres(places, elbows):.0f} mm"
    axes.set(title=title, xlabel="x, mm", ylabel="y, mm")
kit.save_plot(plot, "05_linear_tanh")

# %% [markdown]
# Blue is true, red is found. Without tanh the upper arm even changes its length.
#
# ## Change this, predict, run
#
# The network has seen elbows that bend one way, from 0.1 to 2.6 rad. Ask it, as it is, for hands of
# arms that bend less, more, or the *other* way. Only the questions change: nothing is trained anew.
# How far off will it be?

# %% tags=["change-this"]
ASKED = (0.1, 2.6)  # try (-2.6, -0.1), (0.1, 0.5), (2.6, 3.0)
with kit.experiment(ASKED, as_given=(0.1, 2.6)):
    asked, true = arms(1000, np.random.default_rng(3), ASKED)
    said = networks["with tanh"](mp.Tensor(asked)).data
    upper = 300 * np.linalg.norm(said, axis=1)
    print(
        f"elbows that bend from {ASKED[0]} to {ASKED[1]} rad: {millimetres(said, true):.0f} mm off"
    )
    print(f"upper arms of {upper.min():.0f} to {upper.max():.0f} mm, where all are 300 mm long")

# %% [markdown]
# ## Five questions
#
# 1. A fully connected layer has 3 inputs, 5 outputs and sees 100 samples at once. Which shapes have
#    $X$, $W$, $b$ and $Y$?
# 2. Why is the gradient of a bias a sum over the samples?
# 3. Why do two layers without anything between them draw straight lines only?
# 4. What are the four steps of a training loop?
# 5. What is a constant baseline, and what does it protect from?
#
# The answers: `make lesson N=5 ANSWERS=1`, once you have your own.
# Write it yourself: `make check N=5`, `exercises/05_linear_tanh.py`.
