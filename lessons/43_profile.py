# %% [markdown]
# # 43 · Where the time goes, and the same code on a GPU
#
# - **Question.** Which operations does a training step spend its time on, and how can one source
#   also run on a graphics card?
# - **Read first.** Lesson 2: the graph. Lesson 10: convolution. Lesson 21: the regressor.
# - **Source.** Report 1, section 4.1: "2 to 3 days to train for 1 epoch"; `minipose/backend.py`,
#   after CuPy's `get_array_module`.
# - **Running time.** Under 20 s.
#
# Before making anything faster, measure: on one thread, in processor time, which other programs
# do not change. A step is forward, backward, update. The graph lets us look inside: each node has
# its op's name and its rule, which can be wrapped in a stopwatch.

# %%
import time
from collections import defaultdict

import numpy as np

import kit
import minipose as mp
from minipose import ops
from minipose.backend import array_module, to_host
from minipose.losses import joint_distance
from minipose.models import PoseNet
from minipose.optim import SGD, Adam
from tests.strict import counts, strict

BATCH = 32
rng = np.random.default_rng(0)
images = rng.random((BATCH, 1, 128, 128), np.float32)
target = rng.normal(0, 300, (BATCH, 51)).astype(np.float32)
net = PoseNet((5, 10, 15), "regression", rng=rng)
optimizer = Adam(net.parameters(), lr=1e-4)
spent = defaultdict(float)  # (op, direction) -> s


def timed(function, key):
    def wrapper(*arguments, **options):
        start = time.process_time()
        result = function(*arguments, **options)
        spent[key] += time.process_time() - start
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
    begin = time.process_time()
    loss.backward()
    middle = time.process_time()
    optimizer.step()
    return middle - begin, time.process_time() - middle


# %% [markdown]
# Forward ops are functions of the module `ops`: they can be wrapped there for the measurement.
# PoseNet's convolution, pool, bias and tanh are one op, `conv2d_max_pool2d`. Without the
# fast layer, which computes it in one go, the graph has a node for each.

# %%
NAMES = ("conv2d_max_pool2d", "linear", "tanh", "reshape", "sum", "sqrt", "mean", "multiply")
unwatched = kit.processor_seconds(step, repeats=3)
before = {name: getattr(ops, name) for name in NAMES}
for name in NAMES:
    setattr(ops, name, timed(before[name], (name, "forward")))
ROUNDS, whole = 3, time.process_time()
parts = [kit.on_one_thread(step, BATCH, True) for _ in range(ROUNDS)]
parts = np.mean(parts, axis=0)
whole = (time.process_time() - whole) / ROUNDS
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
limit = 1024**3 / kit.processor_seconds(lambda: square @ square)
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
for (name, direction), value in sorted(each.items(), key=lambda item: item[1])[-5:]:
    axes.barh(f"{name}, {direction}", 1000 * value, color=kit.canvas.TRUTH, height=0.6)
axes.set(title=f"one step of {BATCH} pictures, ms", xlabel="ms")
kit.save_plot(plot, "43_profile")

# %% [markdown]
# A convolution from few channels to few is a thin matrix product: moving numbers costs more than
# products. Adam touches every weight, for however few pictures.
#
# ## The same source on a graphics card
#
# A graphics card (GPU) has many small calculators and a memory of its own. **CuPy** is a library
# with NumPy's names for arrays in there: `cupy.tanh(x)` is `numpy.tanh(x)`, computed on the card.
# So a function that asks its *operand* for its library needs no second version:


# %%
def softplus(x):
    xp = array_module(x)  # numpy or cupy
    return xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x)))


x = np.linspace(-4, 4, 5, dtype=np.float32)
assert np.allclose(softplus(x), ops.softplus(mp.Tensor(x)).data)

# %% [markdown]
# Most machines have no such card, and there mistakes stay hidden: a NumPy array that gets in
# between fails on a card only. So the tests have a stand-in, NumPy inside, that refuses NumPy
# arrays as CuPy does, and counts what is brought home. The layer of lesson 5, a loss, backward and
# a step of descent, here and over there:


# %%
def one_step(library):
    draws = np.random.default_rng(0)
    shapes = ((8, 5), (3, 5), (3,), (8, 3))
    x, w, b, t = (library.asarray(draws.normal(0, 1, s).astype(np.float32)) for s in shapes)
    weight, bias = mp.Parameter(w), mp.Parameter(b)
    y = ops.tanh(ops.linear(mp.Tensor(x), weight, bias))
    mp.losses.mse(y, mp.Tensor(t)).backward()
    SGD([weight, bias], lr=0.1, momentum=0.9, weight_decay=0.0).step()
    return weight.data


counts.clear()
here, there = one_step(np), one_step(strict)
assert counts["to host"] == 0  # the step never came home
assert np.array_equal(here, to_host(there)) and counts["to host"] == 1
print("the same numbers, and nothing was brought home during the step")
try:
    ops.add(mp.Tensor(strict.asarray(x)), mp.Tensor(x))
    raise SystemExit("mixing went unnoticed")
except TypeError as error:
    print("mixing both:", error)

# %% [markdown]
# Bringing home costs more than the copy: the processor only *orders* work from the card, and a
# number that it wants to see must be finished first. So minipose looks at the loss now and then.

# %% [markdown]
# ## Change this, predict, run
#
# Change the number of pictures in a step. Which part grows with it, and which stays as it is?

# %% tags=["change-this"]
PICTURES = 32  # try 8, 16, 24
with kit.experiment(PICTURES, as_given=32):
    back_s, update_s = np.min([kit.on_one_thread(step, PICTURES) for _ in range(3)], axis=0)
    print(
        f"{PICTURES} pictures: backward {1000 * back_s:.0f} ms, update {1000 * update_s:.0f} ms;",
        end=" ",
    )
    print(f"{1000 * (back_s + update_s) / PICTURES:.2f} ms a picture")

# %% [markdown]
# ## Five questions
#
# 1. What is done before anything is made faster?
# 2. Where are most of PoseNet's products, where most of its weights?
# 3. Why does the update not depend on the number of pictures?
# 4. How does one function run on NumPy and on CuPy?
# 5. Why does `loss.item()` cost more than copying one number?
#
# The answers: `make lesson N=43 ANSWERS=1`, once you have your own.
