# %% [markdown]
# # 1 · An engine that fits on a page
#
# - **Question.** How can a program differentiate whatever it computes?
# - **Read first.** Nothing. You need Python, NumPy arrays, the chain rule and the matrix product.
# - **Source.** Report 1, section 4.3, "we use back-propagation"; `minipose/graph.py`.
# - **Running time.** Under 5 s.
#
# A network is a function with adjustable numbers, its weights. To improve it we ask of each weight
# whether the error grows or shrinks when the weight grows a little: the derivative of the error
# with respect to that weight. The smallest network has one weight $w$ and one number $b$ that is
# added, the *bias*:
#
# $$y = \tanh(w x + b), \qquad L = (y - t)^2$$
#
# $x$ goes in, $t$ is what should come out, $L$ is the error. $\tanh$ rises from −1 to 1 in the
# shape of an S; its derivative is $1 - \tanh^2$. So by hand, the chain rule gives
# $\frac{dL}{dw} = 2(y - t)\cdot(1 - y^2)\cdot x$: one factor for each step, the square, $\tanh$ and
# the product. (`kit` is what all lessons share: a place for plots, a stopwatch.)

# %%
import math

import numpy as np

import kit
import minipose as mp

w, b, x, t = 0.8, -0.1, 1.5, 0.3
y = math.tanh(w * x + b)
by_hand = 2 * (y - t) * (1 - y**2) * x

# %% [markdown]
# ## Values that remember
#
# So let every value remember what it was made from, and a rule for its own step: when $g = dL/dy$
# has arrived at the step's result $y$, what goes on to its inputs?
#
# | step | to the inputs |
# |---|---|
# | $y = a + b$ | $g$ and $g$ |
# | $y = a \cdot b$ | $g \cdot b$ and $g \cdot a$ |
# | $y = \tanh a$ | $g \cdot (1 - y^2)$ |


# %%
class Value:
    """A number, the values it was made from, and the rule that leads back to them."""

    def __init__(self, data, inputs=(), rule=None):
        self.data, self.inputs, self.rule, self.grad = data, inputs, rule, None

    def __add__(self, other):
        # type(self): what is made of a value is of the same class (there will be a second one)
        return type(self)(self.data + other.data, (self, other), lambda g: (g, g))

    def __mul__(self, other):
        a, b = self.data, other.data
        return type(self)(a * b, (self, other), lambda g: (g * b, g * a))

    def tanh(self):
        y = np.tanh(self.data)
        return type(self)(y, (self,), lambda g: (g * (1 - y * y),))

    def receive(self, grad):
        """A value that is used twice gets the sum of both derivatives."""
        self.grad = grad if self.grad is None else self.grad + grad


# %% [markdown]
# The way back starts at the result, where $dL/dL = 1$, and asks one value after another for its
# rule. A value may be asked only when all has arrived that it will get (lesson 3), so the values
# are put in order first: each after those that it was made from. Backwards, that is right.


# %%
def in_order(value, seen):
    """All that ``value`` depends on, each after what it was made from; ``value`` comes last."""
    if value in seen:
        return []
    seen.add(value)
    order = []
    for before in value.inputs:
        order += in_order(before, seen)
    return [*order, value]


def backward(result, start=1.0):
    """Leave dL/dv in every ``v.grad``; ``start`` is dL/d(result)."""
    result.receive(start)
    for value in reversed(in_order(result, set())):
        if value.rule is None:  # given, not computed
            continue
        for before, grad in zip(value.inputs, value.rule(value.grad)):
            before.receive(grad)


def neuron(w):
    w = Value(w)
    error = (w * Value(x) + Value(b)).tanh() + Value(-t)
    loss = error * error  # error is used twice
    backward(loss)
    return float(loss.data), float(w.grad)


print(f"dL/dw = {by_hand:.6f} by hand, {neuron(w)[1]:.6f} from the engine")
assert math.isclose(neuron(w)[1], by_hand, rel_tol=1e-12)

# %%
plot = kit.new_plot(5, 3)
axes = plot.add_subplot()
curve = np.linspace(-1.5, 2.5, 200)
axes.plot(curve, [neuron(v)[0] for v in curve], color=kit.canvas.GREY)
for at in (-1.0, -0.2, 0.4, w, 1.7):
    loss, slope = neuron(at)
    ends = np.array([-0.3, 0.3]) / math.hypot(1, slope)
    axes.plot(at + ends, loss + slope * ends, color=kit.canvas.PREDICTION, linewidth=2)
    axes.text(at + 0.1, loss + (0.05 if at < 0.2 else -0.12), f"{slope:+.2f}")
axes.set(xlabel="weight w", ylabel="error L", title="Each line has the slope that the engine gave")
kit.save_plot(plot, "01_engine")

# %% [markdown]
# ## The same engine on arrays
#
# A network has many weights and sees many examples at once, so its values are arrays. The
# derivatives of $L$ by all numbers of an array, in an array of the same shape, are its
# **gradient**. The rules above hold for each element. Two things are new. `@` is the matrix product
# $Y = AB$, with the rule $G B^T$ and $A^T G$ (lesson 5 derives it; $B^T$ is $B$ with rows and
# columns exchanged). And NumPy *broadcasts*: adding a bias of shape (3,) to an array (4, 3) uses
# each bias four times. A value that is used four times gets the sum of four derivatives. So what
# arrives is summed over every axis that was repeated: those that the value does not have, and those
# where its length is 1.


# %%
def summed_to(shape, grad):
    """Undo broadcasting: what was repeated gets the sum over its copies."""
    grad = grad.sum(axis=tuple(range(grad.ndim - len(shape))))  # axes that were put in front
    stretched = tuple(axis for axis, length in enumerate(shape) if length == 1)
    return grad.sum(axis=stretched, keepdims=True)


class ArrayValue(Value):
    """A value that holds an array."""

    def __matmul__(self, other):
        a, b = self.data, other.data
        return type(self)(a @ b, (self, other), lambda g: (g @ b.T, a.T @ g))

    def receive(self, grad):
        super().receive(summed_to(self.data.shape, grad))


# %% [markdown]
# minipose's value is the `Tensor`, which keeps a gradient if told to. Take two *layers*: a product
# with weights, a bias and $\tanh$, then another product. Our engine and minipose must agree on all
# four gradients, whichever shape the bias has that NumPy accepts. $L$ is the sum of the outputs, so
# the way back starts with ones:


# %%
def two_layers(tanh, x, weight1, bias1, weight2):
    return tanh(x @ weight1 + bias1) @ weight2


NAMES = ("x", "weight1", "bias1", "weight2")


def gradients(bias_shape):
    """By our engine and by minipose: four gradients each."""
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape) for shape in ((4, 2), (2, 3), bias_shape, (3, 1))]
    ours = [ArrayValue(a) for a in arrays]
    theirs = [mp.Tensor(a, requires_grad=True) for a in arrays]
    backward(two_layers(ArrayValue.tanh, *ours), start=np.ones((4, 1)))
    two_layers(mp.ops.tanh, *theirs).sum().backward()
    return [value.grad for value in ours], [tensor.grad for tensor in theirs]


for bias_shape in ((3,), (1, 3), (4, 1), (4, 3), (1, 1), ()):
    for mine, other in zip(*gradients(bias_shape)):
        assert mine.shape == other.shape
        assert np.allclose(mine, other, rtol=1e-12)
for name, mine in zip(NAMES, gradients((3,))[0]):
    print(f"{name:8} {mine.shape!s:7} the same gradient as minipose's")

# %% [markdown]
# ## Change this, predict, run
#
# Below, `summed_to` may be left out, so that every gradient stays as it arrives. Which of the four
# gradients go wrong then, and how? Predict, then try it.

# %% tags=["change-this"]
SUMMED = True  # try False
with kit.experiment(SUMMED, as_given=True):

    class Careless(ArrayValue):
        def receive(self, grad):
            if SUMMED:
                super().receive(grad)
            else:
                Value.receive(self, grad)

    rng = np.random.default_rng(0)
    shapes = dict(zip(NAMES, ((4, 2), (2, 3), (3,), (3, 1))))
    values = [Careless(rng.standard_normal(shape)) for shape in shapes.values()]
    backward(two_layers(Careless.tanh, *values), start=np.ones((4, 1)))
    for (name, shape), value in zip(shapes.items(), values):
        verdict = "fits" if value.grad.shape == shape else "DOES NOT FIT"
        print(f"{name:8} is {shape!s:7} its gradient {value.grad.shape!s:7} {verdict}")

# %% [markdown]
# ## Five questions
#
# 1. Which two things must a value remember, so that the engine can find derivatives?
# 2. Why is $dL/dL = 1$ the right start?
# 3. In `error * error`, one value is used twice. What happens to the two gradients that arrive?
# 4. A bias of shape (3,) is added to an array (100, 3). Which shape arrives at the bias, and what
#    has to be done?
# 5. What does the rule of $\tanh$ hand back where the output is nearly 1? What does that mean for
#    learning?
#
# The answers: `make lesson N=1 ANSWERS=1`, once you have your own.
# Write it yourself: `make check N=1`, `exercises/01_engine.py`.
