# %% [markdown]
# # 4 · Checking a gradient
#
# - **Question.** How do you know that a derivative is right?
# - **Read first.** Lesson 1.
# - **Source.** Taylor's theorem; `minipose/gradcheck.py`.
# - **Running time.** Under 5 s.
#
# A wrong derivative does not crash. The network just learns a little worse, and nobody ever finds
# out. But the function itself can be asked. Move the input a little and see how far the
# output moves:
#
# $$f'(x) \approx \frac{f(x + h) - f(x)}{h} \qquad\text{or better}\qquad
#   f'(x) \approx \frac{f(x + h) - f(x - h)}{2h}$$
#
# Why better? Taylor's theorem writes a smooth function near $x$ as a polynomial in $h$,
# $f(x \pm h) = f \pm h f' + \tfrac{h^2}{2} f'' \pm \tfrac{h^3}{6} f''' + \dots$ One-sided, the
# error is $\tfrac{h}{2} f''$. In the central difference the even terms cancel, and
# $\tfrac{h^2}{6} f'''$ remains.

# %%
import numpy as np

import kit
from minipose import Tensor, gradcheck, ops
from minipose.tensor import record


def slope(dtype, f, x, h, central=True):
    """A difference quotient, with all arithmetic in ``dtype``."""
    x, h = dtype(x), dtype(h)
    behind = x - h if central else x
    return float((f(x + h) - f(behind)) / ((x + h) - behind))


point = 0.7
truth = 1 - np.tanh(point) ** 2
steps = np.logspace(-12, 0, 97)
curves = {
    "one-sided, float64": [slope(np.float64, np.tanh, point, h, central=False) for h in steps],
    "central, float64": [slope(np.float64, np.tanh, point, h) for h in steps],
    "central, float32": [slope(np.float32, np.tanh, point, h) for h in steps if h > 1e-7],
}
errors = {name: np.abs(np.array(found) / truth - 1) for name, found in curves.items()}
for name, error in errors.items():
    print(f"{name:18} at h = 1e-5: {error[np.abs(steps[-len(error) :] / 1e-5 - 1).argmin()]:.0e}")

# %% [markdown]
# ## The step must be neither large nor small
#
# A large $h$ is far from the limit: the error grows with $h$, or with $h^2$. A small $h$ loses
# digits: $f$ is known to about $\varepsilon$, $10^{-16}$ in float64 and $10^{-7}$ in float32, so
# the quotient is uncertain by $\varepsilon / h$. For the central difference, $h^2$ and
# $\varepsilon / h$ are equal at $h = \varepsilon^{1/3}$, about $10^{-5}$ in float64:

# %%
plot = kit.new_plot(5.6, 3.2)
axes = plot.add_subplot()
for (name, error), colour in zip(
    errors.items(), (kit.canvas.GREY, kit.canvas.TRUTH, kit.canvas.PREDICTION)
):
    axes.loglog(steps[-len(error) :], error + 1e-17, label=name, color=colour, linewidth=1.4)
axes.axvline(1e-5, color=kit.canvas.ACCENT, linewidth=1.2)
axes.text(1.3e-5, 3e-1, "the h of\ngradcheck", fontsize=8, va="top")
axes.set(
    xlabel="step h",
    ylabel="relative error",
    title="How wrong is a slope taken with step h?",
    ylim=(1e-13, 2),
)
axes.legend(fontsize=7, loc="lower left")
kit.save_plot(plot, "04_gradient_check")
near = np.abs(np.log10(steps) + 5) < 0.3
assert errors["central, float64"][near].max() < 1e-9
assert errors["central, float32"].min() > 1e-8, (
    "float32 cannot tell a good derivative from a fair one"
)

# %% [markdown]
# So minipose checks in float64, with $h = 10^{-5}$, and asks for agreement to $10^{-6}$.
#
# ## Many inputs, many outputs
#
# A layer has arrays on both sides. Draw a random array $c$ of the output's shape and look at one
# number, $L = \sum_k c_k\, y_k$. Then $dL/dy = c$ is where `backward` starts, and each input
# element is moved in turn. Naively, for softplus, $\log(1 + e^x)$, which bends everywhere:


# %%
def numeric_gradient(function, x, c, h=1e-5):
    grad = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        values = []
        for sign in (1, -1):
            moved = x.copy()
            moved[index] += sign * h
            values.append((function(Tensor(moved)).data * c).sum())
        grad[index] = (values[0] - values[1]) / (2 * h)
    return grad


rng = np.random.default_rng(0)
x, c = rng.standard_normal((3, 4)), rng.standard_normal((3, 4))
tensor = Tensor(x, requires_grad=True)
ops.softplus(tensor).backward(c)
difference = np.abs(tensor.grad - numeric_gradient(ops.softplus, x, c)).max()
report = gradcheck.check_gradients(ops.softplus, [x])
print(f"by hand: {difference:.0e}; gradcheck: worst {report.worst:.0e} of {report.entries} entries")
assert difference < 1e-9 and report.worst < 1e-9 and report.tolerance == 1e-6

# %% [markdown]
# ## Does it notice?
#
# Write a function with a wrong derivative, on purpose. `record` is how each operation of minipose
# (an *op*, for short) notes itself: name, result, inputs and rule. This rule forgot the square in
# $1 - y^2$:


# %%
def wrong_tanh(x):
    y = np.tanh(x.data)
    return record("wrong_tanh", y, inputs=(x,), backward=lambda grad_y: (grad_y * (1 - y),))


try:
    gradcheck.check_gradients(wrong_tanh, [x])
    raise SystemExit("the check saw nothing")
except gradcheck.GradientError as error:
    print(error)

# %% [markdown]
# Every op of minipose goes through this check, in all its inputs, for several shapes
# (`make gradcheck` prints the table). Lesson 15 asks the opposite question: when does such a check
# see nothing?
#
# ## Change this, predict, run
#
# Check a function at a kink, where it bends sharply: $\max(0, x)$ at 0 rises on one side only. What
# do the central differences say there, and what minipose? And one hundredth further on?

# %% tags=["change-this"]
PLACE = 0.0  # try 0.01, -0.01, 0.000001
with kit.experiment(PLACE, as_given=0.0):
    at = np.array([PLACE])
    numeric = numeric_gradient(ops.relu, at, np.ones(1))[0]
    tensor = Tensor(at, requires_grad=True)
    ops.relu(tensor).backward(np.ones(1))
    print(f"relu at {PLACE}: differences say {numeric:.3f}, minipose says {tensor.grad[0]:.0f}")

# %% [markdown]
# ## Five questions
#
# 1. Why is a central difference better than a one-sided one?
# 2. Why must $h$ not be too small?
# 3. Why does minipose check gradients in float64 although it trains in float32?
# 4. A layer has many outputs. How does one number $L$ come out of them, for the check?
# 5. A check passes. What has been shown, and what not?
#
# The answers: `make lesson N=4 ANSWERS=1`, once you have your own.
# Write it yourself: `make check N=4`, `exercises/04_gradient_check.py`.
