# %% [markdown]
# # 15 · A check that cannot fail
#
# - **Question.** When does a check of a derivative see nothing?
# - **Read first.** Lesson 4: checks. Lesson 9: softmax.
# - **Source.** `minipose/gradcheck.py`.
# - **Running time.** Under 10 s.
#
# Lesson 9 derived the rule of softmax, $y_i = e^{x_i} / \sum_j e^{x_j}$: its backward step takes
# $g = dL/dy$ to $y_i\,(g_i - \sum_j g_j y_j)$. To check it, one needs a
# number $L$. The most obvious is the sum of the outputs, which means $g = (1, \dots, 1)$. Watch:

# %%
import numpy as np
from matplotlib.colors import ListedColormap

import kit
from minipose import Tensor, gradcheck, ops
from minipose.tensor import record

rng = np.random.default_rng(0)
x = Tensor(rng.standard_normal((2, 5)), requires_grad=True)
y = ops.softmax(x)
print("sums of the outputs:", y.data.sum(axis=1))
y.backward(np.ones((2, 5)))
print("largest entry of the gradient:", np.abs(x.grad).max().round(15))
assert np.abs(x.grad).max() < 1e-15

# %% [markdown]
# Probabilities sum to 1, *whatever* the scores are. So this $L$ is a constant, its gradient is
# zero, and the check compares 0 with 0. A rule that is seven times too large passes, and so does
# one that returns nothing but zeros.
#
# ## Wrong on purpose
#
# The way to test a check is to feed it errors. This wraps an op: its values stay right, its
# gradients do not. (`linear` and `conv2d` are the ops of lessons 5 and 10. What counts here is that
# they have several inputs: numbers, weights and, for `linear`, a bias.)


# %%
def altered(op, change):
    """``op``, with its gradients (a tuple) replaced by ``change(gradients, dL/dy)``."""

    def wrong(*inputs):
        y = op(*(Tensor(x.data, requires_grad=True) for x in inputs))
        rule = y.node.backward
        return record("wrong", y.data, inputs, lambda g: change(rule(g), g))

    return wrong


# Shapes of the inputs; the first is that of one sample.
scores = [(5,)]
layer = [(4,), (4, 4), (4,)]
images = [(2, 5, 5), (3, 2, 3, 3)]
ERRORS = {
    "softmax: zero": (ops.softmax, scores, lambda d, g: (0 * d[0],)),
    "softmax: times 7": (ops.softmax, scores, lambda d, g: (7 * d[0],)),
    "softmax: sign": (ops.softmax, scores, lambda d, g: (-d[0],)),
    "linear: mean for bias": (ops.linear, layer, lambda d, g: (*d[:2], g.mean(axis=0))),
    "linear: transposed": (ops.linear, layer, lambda d, g: (d[0], d[1].T.copy(), d[2])),
    "conv2d: mirrored": (ops.conv2d, images, lambda d, g: (d[0], d[1][..., ::-1])),
    "tanh: 1 in 1000 off": (ops.tanh, scores, lambda d, g: (1.001 * d[0],)),
}

# %% [markdown]
# ## Five checks
#
# They differ in the number $L$ that they look at, in the inputs, in the number of samples and in
# how exactly they compare. "To 1 %" is what float32 would allow (lesson 4).

# %%
CHECKS = {
    "sum of\noutputs": {"total": True},
    "nothing\nbut ones": {"draw": np.ones, "total": True},
    "a single\nsample": {"samples": 1},
    "to 1 %": {"rtol": 1e-2},
    "random,\nexact": {},
}


def notices(op, shapes, total=False, draw=rng.standard_normal, samples=3, **settings):
    """Whether the check finds a derivative of ``op`` wrong."""
    arrays = [draw((samples, *shapes[0])), *(draw(shape) for shape in shapes[1:])]
    function = (lambda *inputs: ops.sum(op(*inputs))) if total else op
    try:
        gradcheck.check_gradients(function, arrays, **settings)
    except gradcheck.GradientError:
        return True
    return False


seen = np.zeros((len(ERRORS), len(CHECKS)), dtype=bool)
for row, (op, shapes, change) in enumerate(ERRORS.values()):
    for column, settings in enumerate(CHECKS.values()):
        assert not notices(op, shapes, **settings), "a false alarm about a right derivative"
        seen[row, column] = notices(altered(op, change), shapes, **settings)
for name, count in zip(CHECKS, seen.sum(axis=0)):
    print(f"{name.replace(chr(10), ' '):16} sees {count} of {len(ERRORS)} errors")
assert seen[:, -1].all() and not seen[:, :-1].all(axis=0).any()

plot = kit.new_plot(5.4, 3)
axes = plot.add_subplot()
axes.imshow(seen, cmap=ListedColormap(["#f3c9cf", "#d3e8df"]), aspect="auto")
for (row, column), found in np.ndenumerate(seen):
    axes.text(column, row, "seen" if found else "missed", ha="center", va="center", fontsize=8)
axes.set_xticks(range(len(CHECKS)), list(CHECKS))
axes.set_yticks(range(len(ERRORS)), list(ERRORS))
axes.xaxis.tick_top()
axes.grid(False)
axes.tick_params(length=0)
kit.save_plot(plot, "15_blind_checks")

# %% [markdown]
# Each of the first four has a blind spot. The fourth is too coarse. In the other three a choice is
# *symmetric*, and there right and wrong coincide: a sum hides softmax; among equal numbers nobody
# sees what was mirrored or transposed; with one sample, mean is sum. Random numbers have no
# symmetry. So `gradcheck` draws $c$ at random.
# minipose's own tests are tested in the same way: `make mutants` alters every derivative in turn,
# and a test must fail each time.
#
# ## Change this, predict, run
#
# To save time, let the fifth check compare a few random entries of each gradient instead of all.
# Which of the seven errors does it sometimes miss then, and how often? Each is tried 200 times,
# with other random entries.

# %% tags=["change-this"]
ENTRIES = 1  # try 2, 4, None
with kit.experiment(ENTRIES, as_given=1):
    for name, (op, shapes, change) in ERRORS.items():
        wrong = altered(op, change)
        missed = [not notices(wrong, shapes, entries=ENTRIES, seed=k) for k in range(200)]
        print(f"{name:22} missed in {np.mean(missed):4.0%} of 200 tries")

# %% [markdown]
# ## Five questions
#
# 1. Why does a check with the sum of the outputs see nothing of softmax?
# 2. Why does a check with a single sample miss a mean that should be a sum?
# 3. How does one test a test?
# 4. Why are random numbers good at finding errors?
# 5. "All gradients were checked." What would you ask?
#
# The answers: `make lesson N=15 ANSWERS=1`, once you have your own.
# Write it yourself: `make check N=15`, `exercises/15_blind_checks.py`.
