# %% [markdown]
# # 45 · The same code on a GPU
#
# - **Question.** How can one source run on a processor and on a graphics card?
# - **Read first.** Lesson 1: the engine. Lesson 5: fully connected layers.
# - **Source.** `minipose/backend.py`, after CuPy's `get_array_module`.
# - **Running time.** Under 20 s.
#
# A graphics card (GPU) has thousands of small calculators and its own memory. **CuPy** is a library
# with NumPy's names for arrays in there: `cupy.tanh(x)` is `numpy.tanh(x)`, computed on the card. A
# function that asks its *operand* for its library needs no second version:

# %%
import numpy as np

import kit
import minipose as mp
from minipose.backend import array_module, register_array_module, to_device, to_host
from minipose.devices import gpu_status
from minipose.models import PoseNet
from minipose.optim import SGD


def softplus(x):
    xp = array_module(x)
    return xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x)))


x = np.linspace(-4, 4, 5, dtype=np.float32)
assert np.allclose(softplus(x), mp.ops.softplus(mp.Tensor(x)).data)
print("GPU:", gpu_status()[1])

# %% [markdown]
# ## A stand-in, to see what would go wrong
#
# Most machines have no such card, and then mistakes stay hidden: a NumPy array that gets in between
# works here and fails there, where the two memories must not be mixed. So let us build an array
# library that is NumPy inside, but refuses NumPy arrays as CuPy does, and counts what is brought
# home.


# %%
class FarArray:  # lives "over there": only the library ``far`` may touch it
    __array_ufunc__ = None  # NumPy's own functions refuse it
    brought_home = 0

    def __init__(self, array):
        self.inner = array

    def get(self):
        FarArray.brought_home += 1
        return self.inner

    def __getattr__(self, name):  # shape, dtype, reshape, sum, ...
        return guarded(getattr(self.inner, name))


def near(value):  # what is inside; an array that is not over there is the mistake we want to see
    if isinstance(value, np.ndarray) and value.ndim:
        raise TypeError(f"a NumPy array {value.shape} got into a computation over there")
    if isinstance(value, (list, tuple)):
        return type(value)(near(part) for part in value)
    return value.inner if isinstance(value, FarArray) else value


def guarded(thing):  # an array becomes a far one, a function takes and gives far ones
    if isinstance(thing, (np.ndarray, np.generic)):
        return FarArray(thing)
    if not callable(thing) or isinstance(thing, type):
        return thing

    def call(*arguments, **options):
        arguments = [near(a) for a in arguments]
        options = {name: near(value) for name, value in options.items()}
        return guarded(thing(*arguments, **options))

    return call


class Far:  # the library: NumPy's names
    asarray = staticmethod(lambda x: FarArray(np.array(x)))

    def __getattr__(self, name):
        return guarded(getattr(np, name))


# Python looks for operators in the class itself, so hand them on one by one.
def operator(name):
    return lambda self, *others: guarded(getattr(self.inner, name))(*others)


def operator_in_place(name):
    def change(self, other):
        getattr(self.inner, name)(near(other))
        return self

    return change


OPERATORS = "add sub mul truediv pow matmul radd rsub rmul rtruediv neg lt gt getitem setitem len"
for word in OPERATORS.split():
    setattr(FarArray, f"__{word}__", operator(f"__{word}__"))
for name in ("__iadd__", "__isub__", "__imul__"):
    setattr(FarArray, name, operator_in_place(name))
far = Far()
register_array_module(FarArray, far)

# %% [markdown]
# The layer of lesson 5, a loss, backward and a step of descent, here and over there:


# %%
def one_step(library):
    rng = np.random.default_rng(0)
    shapes = ((8, 5), (3, 5), (3,), (8, 3))
    x, w, b, t = (library.asarray(rng.normal(0, 1, s).astype(np.float32)) for s in shapes)
    weight, bias = mp.Parameter(w), mp.Parameter(b)
    y = mp.ops.tanh(mp.ops.linear(mp.Tensor(x), weight, bias))
    mp.losses.mse(y, mp.Tensor(t)).backward()
    SGD([weight, bias], lr=0.1, momentum=0.9, weight_decay=0.0).step()
    return weight.data


here, there = one_step(np), one_step(far)
assert isinstance(there, FarArray) and FarArray.brought_home == 0  # the step never came home
assert np.array_equal(here, to_host(there)) and FarArray.brought_home == 1
try:
    mp.ops.add(mp.Tensor(far.asarray(x)), mp.Tensor(x))
    raise AssertionError("mixing went unnoticed")
except TypeError as error:
    print("mixing both:", error)

# %% [markdown]
# minipose's tests run every op through such a stand-in, a stricter one (`tests/strict`). Bringing
# home costs more than the copy: the processor only *orders* work from the card and goes on, and a
# number that it wants, like `loss.item()`, must be finished first. So minipose looks at the loss
# only now and then (`LOOK_EVERY` in `minipose/training/loop.py`).

# %%
rates = {}
images = np.random.default_rng(0).random((32, 1, 128, 128), np.float32)
for device in ("cpu", "cuda") if gpu_status()[0] else ("cpu",):
    net = PoseNet((5, 10, 15), "regression", rng=np.random.default_rng(0)).to(device)
    batch, target = (to_device(a, device) for a in (images, np.zeros((32, 51), np.float32)))

    def step(net=net, batch=batch, target=target):
        loss = mp.losses.joint_distance(net(mp.Tensor(batch)), target)
        net.zero_grad()
        loss.backward()
        return loss.item()  # waits, so that the time is the whole time

    rates[device] = 32 / kit.seconds(step, repeats=3)
    print(f"{device}: {rates[device]:.0f} pictures a second, forward and backward")
plot = kit.new_plot(5, 1 + 0.4 * len(rates))
axes = plot.add_subplot(axisbelow=True, title="PoseNet forward and backward, pictures a second")
axes.barh(list(rates), list(rates.values()), color=kit.canvas.TRUTH, height=0.5)
kit.save_plot(plot, "45_gpu")

# %% [markdown]
# ## Change this, predict, run
#
# In `softplus`, write `np.maximum` for `xp.maximum`. What happens here, and what over there?
