# %% [markdown]
# # 5 · Fully connected, and why tanh
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
from minipose import losses, nn, ops, optim


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
# such a layer with its own weight and bias, random at first (lesson 13); `mse` is the mean of the
# squared errors, which the steps of lesson 8 make small. Two layers with 64 outputs, once with tanh
# and once without, and a last one for the two coordinates:


# %%
def arms(count, rng):
    """Places of hand and elbow, (N, 2) each, in units of 300 mm."""
    shoulder, bend = rng.uniform(-1.2, 1.2, count), rng.uniform(0.1, 2.6, count)
    elbow = np.stack([np.cos(shoulder), np.sin(shoulder)], axis=1)
    forearm = np.stack([np.cos(shoulder + bend), np.sin(shoulder + bend)], axis=1)
    return np.float32(elbow + 250 / 300 * forearm), np.float32(elbow)


def train(bend, steps=1500):
    rng = np.random.default_rng(1)
    layers = [nn.Linear(2, 64, rng), bend, nn.Linear(64, 64, rng), bend, nn.Linear(64, 2, rng)]
    net = nn.Sequential(*(layer for layer in layers if layer))
    optimizer = optim.Adam(net.parameters(), lr=3e-3)
    for step in range(steps):
        optimizer.lr = 3e-3 * (1 - step / steps)  # shorter steps towards the end
        hands, elbows = arms(128, rng)
        optimizer.zero_grad()
        losses.mse(net(mp.Tensor(hands)), elbows).backward()
        optimizer.step()
    return net


hands, elbows = arms(1000, np.random.default_rng(2))
networks, found = {}, {}
error = {"mean elbow": 300 * np.linalg.norm(elbows - elbows.mean(axis=0), axis=1)}
for name, bend in {"with tanh": nn.Tanh(), "without": None}.items():
    networks[name] = kit.on_one_thread(train, bend)
    found[name] = networks[name](mp.Tensor(hands)).data
    error[name] = 300 * np.linalg.norm(found[name] - elbows, axis=1)
for name, distances in error.items():
    print(f"{name:10}: {distances.mean():6.1f} mm off on average, at worst {distances.max():.0f}")
assert error["with tanh"].mean() < 0.3 * error["without"].mean()

plot = kit.new_plot(4.8, 3.2)
for i, (name, places) in enumerate(found.items()):
    axes = plot.add_subplot(1, 2, i + 1, aspect="equal")
    for k in range(6):
        for elbow, colour in ((elbows[k], kit.canvas.TRUTH), (places[k], kit.canvas.PREDICTION)):
            arm = 300 * np.array([[0, 0], elbow, hands[k]])  # shoulder, elbow, hand
            axes.plot(*arm.T, color=colour, linewidth=1.3)
    axes.set(title=f"{name}: {error[name].mean():.0f} mm", xlabel="x, mm", ylabel="y, mm")
kit.save_plot(plot, "05_linear_tanh")

# %% [markdown]
# Blue is true, red is found. Without tanh the upper arm even changes its length.
#
# ## Change this, predict, run
#
# Train with tanh as before, but ask for hands that were never seen: let the elbow bend the *other*
# way (`bend` from −2.6 to −0.1). What will the network answer?
