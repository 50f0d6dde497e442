# %% [markdown]
# # 43 · Where the time goes
#
# - **Question.** Which operations does a training step spend its time on?
# - **Read first.** Lesson 2: the graph. Lesson 10: convolution. Lesson 21: the regressor.
# - **Source.** Report 1, section 4.1: "2 to 3 days to train for 1 epoch".
# - **Running time.** Under 20 s.
#
# Before making anything faster, measure. A step is forward, backward and update. The graph lets us
# look inside: each node has its op's name and its rule, which can be wrapped in a stopwatch.

# %%
import time
from collections import defaultdict

import numpy as np

import kit
import minipose as mp
from minipose import ops
from minipose.losses import joint_distance
from minipose.models import PoseNet
from minipose.optim import Adam

BATCH = 32
rng = np.random.default_rng(0)
images = rng.random((BATCH, 1, 128, 128), np.float32)
target = rng.normal(0, 300, (BATCH, 51)).astype(np.float32)
net = PoseNet((5, 10, 15), "regression", rng=rng)
optimizer = Adam(net.parameters(), lr=1e-4)
spent = defaultdict(float)  # (op, direction) -> s


def timed(function, key):
    def wrapper(*arguments, **options):
        start = time.perf_counter()
        result = function(*arguments, **options)
        spent[key] += time.perf_counter() - start
        return result

    return wrapper


def nodes(node, seen):  # all that a result depends on
    if hasattr(node, "parents") and id(node) not in seen:
        seen[id(node)] = node
        for parent in node.parents:
            nodes(parent, seen)
    return seen.values()


def step(batch=BATCH, watch=False):  # gives the seconds of backward and of the update
    loss = joint_distance(net(mp.Tensor(images[:batch])), target[:batch])
    if watch:
        for node in nodes(loss.node, {}):
            node.backward = timed(node.backward, (node.name, "backward"))
    optimizer.zero_grad()
    begin = time.perf_counter()
    loss.backward()
    middle = time.perf_counter()
    optimizer.step()
    return middle - begin, time.perf_counter() - middle


# %% [markdown]
# Forward ops are functions of the module `ops`: they can be wrapped there for the measurement.
# PoseNet's convolution, pool, bias and tanh are one op, `conv2d_max_pool2d`. minipose's fast layer
# computes it in one go: one op after the other, they write channels of four times the size and read
# them again. Without the fast layer the graph has a node for each of them.

# %%
NAMES = ("conv2d_max_pool2d", "linear", "tanh", "reshape", "sum", "sqrt", "mean", "multiply")
unwatched = kit.seconds(step, repeats=3)
before = {name: getattr(ops, name) for name in NAMES}
for name in NAMES:
    setattr(ops, name, timed(before[name], (name, "forward")))
ROUNDS, whole = 3, time.perf_counter()
parts = np.array([step(watch=True) for _ in range(ROUNDS)]).mean(axis=0)
whole = (time.perf_counter() - whole) / ROUNDS
for name in NAMES:
    setattr(ops, name, before[name])
each = {key: value / ROUNDS for key, value in spent.items()} | {("Adam", "update"): parts[1]}
total = sum(each.values())
print(f"a step takes {1000 * unwatched:.0f} ms; watched, {1000 * whole:.0f} ms")
for (name, direction), value in sorted(each.items(), key=lambda item: -item[1])[:7]:
    print(f"{name:18} {direction:9} {1000 * value:7.1f} ms {value / total:6.1%}")
watched_back = sum(value for (_, direction), value in each.items() if direction == "backward")
assert 0.5 * parts[0] < watched_back <= 1.05 * parts[0] and total <= 1.05 * whole

# %% [markdown]
# ## How fast could it be?
#
# The limit is what this machine reaches in a large matrix product. Count the products of a
# convolution: each output pixel needs (channels in) · (kernel)² for each channel out. Backward
# needs as many for the weights, and again for the input (not for the picture).

# %%
forward_products = backward_products = 0
side, channels = 128, 1
for out_channels, kernel in ((5, 5), (10, 5), (15, 6)):
    out = side - kernel + 1
    products = BATCH * out * out * channels * out_channels * kernel**2
    forward_products += products
    backward_products += products * (1 if channels == 1 else 2)
    side, channels = out // 2, out_channels
connected = BATCH * sum(layer.weight.size for layer in (net.fc1, net.fc2, net.out))
square = rng.random((1024, 1024), np.float32)
limit = 1024**3 / kit.seconds(lambda: square @ square)
back = sum(
    each.get((name, "backward"), 0) for name in ("conv2d_max_pool2d", "conv2d", "max_pool2d")
)
rows = {
    "convolutions, forward": forward_products / each["conv2d_max_pool2d", "forward"],
    "convolutions, backward": backward_products / back,
    "fully connected, forward": connected / each["linear", "forward"],
    "fully connected, backward": 2 * connected / each["linear", "backward"],
}
print(f"the limit: {limit / 1e9:.1f} billion products a second")
for name, rate in rows.items():
    print(f"{name:26} {rate / 1e9:5.1f}, {rate / limit:4.0%} of it")
arithmetic = forward_products / (forward_products + connected)
few = sum(p.size for p in net.shared_parameters())
weights = few / sum(p.size for p in net.parameters())
print(f"the convolutions hold {weights:.2%} of the weights and do {arithmetic:.0%} of the products")
assert arithmetic > 0.5 > 100 * weights

# %%
plot = kit.new_plot(7.2, 3)
axes = plot.add_subplot(axisbelow=True)
colours = dict(forward=kit.canvas.TRUTH, backward=kit.canvas.PREDICTION, update=kit.canvas.ACCENT)
for (name, direction), value in sorted(each.items(), key=lambda item: item[1])[-5:]:
    axes.barh(f"{name}, {direction}", 1000 * value, color=colours[direction], height=0.6)
axes.set(title=f"one step of {BATCH} pictures, ms", xlabel="ms")
kit.save_plot(plot, "43_profile")

# %% [markdown]
# A convolution from few channels to few is a long and thin matrix product, in which moving numbers
# costs more than multiplying them. And Adam touches every weight, however few pictures the step has
# seen.
#
# ## Change this, predict, run
#
# Double the batch. Which lines of the table double, which stay?
