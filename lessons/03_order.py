# %% [markdown]
# # 3 · Why order matters
#
# - **Question.** In which order must the engine visit the steps?
# - **Read first.** Lessons 1 and 2.
# - **Source.** The chain rule; `minipose/graph.py`, functions `walk` and `last_to_first`.
# - **Running time.** Under 10 s.
#
# Two lines are enough to break a careless engine: $b = a + a$ and $c = b + b$, so that $dc/da = 4$.
# To see what happens, strip the engine to the bone: a step knows its inputs, and for each the
# derivative of the step with respect to it, here always 1.

# %%
import numpy as np

import kit
import minipose as mp


class Step:
    def __init__(self, *inputs):
        self.inputs = inputs  # pairs (step, factor)
        self.grad = 0
        self.done = False


def doublings(n):
    """a, and c after n lines of the kind b = a + a."""
    a = c = Step()
    for _ in range(n):
        c = Step((c, 1), (c, 1))
    return a, c


# %% [markdown]
# ## Two engines that are wrong
# *Hasty*: whenever something arrives at a step, hand on what has gathered there. *Once*: the same,
# but never visit a step a second time.


# %%
def hasty(step):
    for before, factor in step.inputs:
        before.grad += step.grad * factor
        hasty(before)


def once(step):
    step.done = True
    for before, factor in step.inputs:
        before.grad += step.grad * factor
        if not before.done:
            once(before)


for engine in (hasty, once):
    a, c = doublings(2)
    c.grad = 1
    engine(c)
    print(f"{engine.__name__}: dc/da = {a.grad}")
    assert a.grad != 4

# %% [markdown]
# $b$ is used twice, so 1 arrives at it twice. The hasty engine hands on 1, and then $1 + 1$,
# although the first is on its way already: $2\cdot 1 + 2\cdot 2 = 6$. The other hands on the first
# 1 and never learns of the second. Both trust a gradient that is not *complete*.
#
# ## One that is right and slow: hand on only what has just arrived, along each path by itself


# %%
def every_path(step, arriving=1):
    """Returns the number of visits, its own and those that it causes."""
    step.grad += arriving
    return 1 + sum(every_path(before, arriving * factor) for before, factor in step.inputs)


# %% [markdown]
# ## One that is right and fast
# A gradient is complete when it has arrived from *everyone* who used the value. So count the uses
# first. Then start at the result, and go on to a step when its last use has reported.


# %%
def count_uses(result):
    uses, stack = {}, [result]
    while stack:
        for before, _ in stack.pop().inputs:
            if before not in uses:
                stack.append(before)
            uses[before] = uses.get(before, 0) + 1
    return uses


def in_order(result):
    waiting = count_uses(result)
    ready, visits = [result], 0
    result.grad = 1
    while ready:
        step = ready.pop()
        visits += 1
        for before, factor in step.inputs:
            before.grad += step.grad * factor
            waiting[before] -= 1
            if waiting[before] == 0:
                ready.append(before)
    return visits


table = {every_path: [], in_order: []}
for n in range(1, 17):
    for engine, counts in table.items():
        a, c = doublings(n)
        counts.append(engine(c))
        assert a.grad == 2**n

plot = kit.new_plot(5, 2.8)
axes = plot.add_subplot()
for (engine, counts), colour in zip(table.items(), (kit.canvas.PREDICTION, kit.canvas.TRUTH)):
    print(f"{engine.__name__:10} for {n} doublings visits {counts[-1]} steps")
    axes.semilogy(range(1, n + 1), counts, marker=".", color=colour, label=engine.__name__)
axes.set(xlabel="lines b = a + a", ylabel="steps visited", title="Paths double, steps do not")
axes.legend()
kit.save_plot(plot, "03_order")

# %% [markdown]
# Lesson 1 had another way to the same end: it put all values in order first. minipose counts uses,
# in loops, not by functions that call themselves: Python allows only so many nested calls, about a
# thousand, and a network may be deeper. (Lesson 1's engine would fail here.)

# %%
a = value = mp.Tensor(1.0, requires_grad=True)
LINES = 5_000
for _ in range(LINES):
    value = 0.5 * value + 0.5 * value
value.backward()
print(f"minipose, {LINES} lines: gradient {a.grad}; paths: 10 to the {LINES * np.log10(2):.0f}")
assert a.grad == 1

# %% [markdown]
# ## Change this, predict, run
#
# The careless engines fail on $c = b + b$. Replace the last line: what do they say about
# $c = b + a$, whose right answer is 3, and about $c = b + b + b$ (one step with three inputs),
# whose right answer is 6?

# %% tags=["change-this"]
LAST_LINE = "b + b"  # try "b + a", "a + b", "b + b + b"
with kit.experiment(LAST_LINE, as_given="b + b"):
    for engine in (hasty, once, every_path, in_order):
        a, b = doublings(1)
        named = {"a": a, "b": b}
        terms = [(named[name], 1) for name in LAST_LINE.split(" + ")]
        c = Step(*terms)
        c.grad = 0 if engine is every_path else 1
        engine(c)
        print(f"c = {LAST_LINE}: {engine.__name__:10} says dc/da = {a.grad}")

# %% [markdown]
# ## Five questions
#
# 1. When is a gradient complete?
# 2. What does the hasty engine do wrong?
# 3. What does the engine `once` do wrong?
# 4. How does the fast engine know that a gradient is complete?
# 5. Why does minipose not use functions that call themselves?
#
# The answers: `make lesson N=3 ANSWERS=1`, once you have your own.
# Write it yourself: `make check N=3`, `exercises/03_order.py`.
