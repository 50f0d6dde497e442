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
# with respect to that weight. The smallest network has one weight and one bias:
#
# $$y = \tanh(w x + b), \qquad L = (y - t)^2$$
#
# $x$ goes in, $t$ is what should come out, $L$ is the error. $\tanh$ rises from −1 to 1 in the
# shape of an S; its derivative is $1 - \tanh^2$. So by hand, the chain rule gives
# $\frac{dL}{dw} = 2(y - t)\cdot(1 - y^2)\cdot x$.

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
# Each step has its factor. So let every value remember what it was made from, and a rule for its
# own step: when $g = dL/dy$ has arrived at the result $y$, what goes on to the inputs?
#
# | step | to the inputs |
# |---|---|
# | $y = a + b$ | $g$ and $g$ |
# | $y = a \cdot b$ | $g \cdot b$ and $g \cdot a$ |
# | $y = \tanh a$ | $g \cdot (1 - y^2)$ |


# %%
class Value:
    """A number or an array, the values it was made from, and the rule that leads back to them."""

    def __init__(self, data, inputs=(), rule=None):
        self.data, self.inputs, self.rule, self.grad = data, inputs, rule, None

    def __add__(self, other):
        return Value(self.data + other.data, (self, other), lambda g: (g, g))

    def __mul__(self, other):
        a, b = self.data, other.data
        return Value(a * b, (self, other), lambda g: (g * b, g * a))

    def __matmul__(self, other):  # for arrays, further down
        a, b = self.data, other.data
        return Value(a @ b, (self, other), lambda g: (g @ b.T, a.T @ g))

    def tanh(self):
        y = np.tanh(self.data)
        return Value(y, (self,), lambda g: (g * (1 - y * y),))


def in_order(value, seen):
    """All that ``value`` depends on, each after what it was made from; ``value`` comes last."""
    if value in seen:
        return []
    seen.add(value)
    order = []
    for before in value.inputs:
        order += in_order(before, seen)
    return [*order, value]


def summed_to(shape, grad):
    """Undo broadcasting (further down): what was repeated gets the sum over its copies."""
    return np.sum(grad, axis=tuple(range(np.ndim(grad) - len(shape))))


def backward(result, summed_to=summed_to):
    """Leave dL/dv in every ``v.grad``, where L is ``result``, or the sum of its elements."""
    result.grad = np.ones_like(result.data)
    # From the result back, so that a gradient is complete before it is handed on (lesson 3).
    for value in reversed(in_order(result, set())):
        if value.rule is None:  # given, not computed
            continue
        for before, grad in zip(value.inputs, value.rule(value.grad)):
            grad = summed_to(np.shape(before.data), grad)
            before.grad = grad if before.grad is None else before.grad + grad


def neuron(w):
    w = Value(w)
    # A value that is used twice, here error, gets the sum of both derivatives.
    error = (w * Value(x) + Value(b)).tanh() + Value(-t)
    loss = error * error
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
# A network has many weights and sees many examples at once. Two things are new. `@` is the matrix
# product $Y = AB$, with the rule $G B^T$ and $A^T G$ (lesson 5 derives it; $B^T$ is $B$ with rows
# and columns exchanged). And NumPy *broadcasts*: adding a bias of shape (3,) to an array (4, 3)
# uses each bias four times, so its derivative is a sum of four: `summed_to`. minipose's value is
# the `Tensor`, which keeps a gradient if told to. Both must agree on those of two layers:


# %%
def two_layers(tanh, x, weight1, bias1, weight2):
    return tanh(x @ weight1 + bias1) @ weight2


rng = np.random.default_rng(0)
arrays = [rng.standard_normal(shape) for shape in ((4, 2), (2, 3), (3,), (3, 1))]
ours = [Value(a) for a in arrays]
theirs = [mp.Tensor(a, requires_grad=True) for a in arrays]
backward(two_layers(Value.tanh, *ours))
two_layers(mp.ops.tanh, *theirs).sum().backward()
for name, mine, other in zip(("x", "weight1", "bias1", "weight2"), ours, theirs):
    assert mine.grad.shape == other.grad.shape
    assert np.allclose(mine.grad, other.grad, rtol=1e-12)
    print(f"{name:8} {mine.grad.shape!s:7} the same gradient")

# %% [markdown]
# ## Change this, predict, run
#
# Let `summed_to` return its gradient unchanged. Which of the four gradients go wrong, and how?

# %% tags=["hide-cell"]
ours = [Value(a) for a in arrays]
backward(two_layers(Value.tanh, *ours), summed_to=lambda shape, grad: grad)
assert [a.grad.shape == b.grad.shape for a, b in zip(ours, theirs)] == [True, True, False, True]
kit.answer(f"""
Only the bias: its gradient has shape {ours[2].grad.shape} instead of {theirs[2].grad.shape}, one
row for each example. Nothing else was repeated. The sum of the rows is the right gradient.""")
