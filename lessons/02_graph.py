# %% [markdown]
# # 2 · The graph, drawn
#
# - **Question.** What does the engine remember, and what is a gradient in that picture?
# - **Read first.** Lesson 1.
# - **Source.** The chain rule; `minipose/graph.py`, class `Node`.
# - **Running time.** Under 5 s.
#
# While minipose computes, it notes every step: its name, what it was made from, and how to lead a
# derivative back. The notes form a graph. Here is a small network with all that makes graphs
# interesting: a *skip* (`h1` also goes around the second layer, as will be useful in lesson 29),
# and a square that uses one value twice. `linear(x, w, b)` is the weighted sum $x w^T + b$ of
# lesson 5; a `Parameter` is a tensor that is to be learned, so it always gets a gradient.

# %%
import numpy as np

import kit
import minipose as mp
from minipose import ops

rng = np.random.default_rng(0)
x, target = (mp.Tensor(rng.standard_normal(shape)) for shape in ((5, 2), (5, 1)))
shapes = {"w1": (4, 2), "b1": (4,), "w2": (4, 4), "w3": (1, 4)}
leaves = {name: mp.Parameter(rng.standard_normal(shape)) for name, shape in shapes.items()}


def network(w1, b1, w2, w3):
    h1 = ops.tanh(ops.linear(x, w1, b1))
    h2 = ops.tanh(ops.linear(h1, w2))
    difference = ops.linear(h1 + h2, w3) - target
    return ops.mean(difference * difference)


loss = network(**leaves)
print(loss, "whose node came from", loss.node.parents[0].name)

# %% [markdown]
# ## Walk and draw
# Each node points to the nodes that it was made from, its `parents`, down to the *leaves*, which
# were made from nothing: the weights. Inputs that want no gradient, `x` and `target`, are left out.
# Follow the arrows back:


# %%
def walk(node, seen):
    """All nodes and leaves behind ``node``, with the longest distance of each from the loss."""
    for parent in getattr(node, "parents", ()):
        if parent is not None:
            seen[parent] = max(seen.get(parent, 0), seen[node] + 1)
            walk(parent, seen)
    return seen


depth = walk(loss.node, {loss.node: 0})
label = {leaf: name for name, leaf in leaves.items()}
print(f"{len(depth)} nodes and leaves; the longest way back has {max(depth.values())} steps")

# The rest of this cell only draws: a column for each distance from the loss; in it, leaves below.
place = {}
for column in range(max(depth.values()) + 1):
    members = sorted((n for n in depth if depth[n] == column), key=lambda n: n in label)
    for row, node in enumerate(members):
        place[node] = (-column, -row)
plot = kit.new_plot(9, 2)
axes = plot.add_subplot()
axes.axis("off")
boxes = {}
for node, (across, down) in place.items():
    text = f"{label.get(node) or node.name}\n{'×'.join(map(str, node.shape)) or '1'}"
    box = {"boxstyle": "round,pad=0.35", "edgecolor": "none"}
    box["facecolor"] = kit.canvas.ACCENT if node in label else "#dfeaee"
    boxes[node] = axes.text(across, down, text, ha="center", va="center", fontsize=8, bbox=box)
for node, box in boxes.items():
    for i, parent in enumerate(getattr(node, "parents", ())):
        if parent is not None:
            twice = sum(each is parent for each in node.parents) == 2
            around = place[node][0] - place[parent][0] > 1  # a skip
            bend = 0.5 * i - 0.25 if twice else 0.35 * around
            arrow = {"arrowstyle": "->", "color": kit.canvas.GREY, "shrinkA": 2, "shrinkB": 2}
            arrow |= {"patchA": boxes[parent].get_bbox_patch(), "patchB": box.get_bbox_patch()}
            arrow["connectionstyle"] = f"arc3,rad={-bend}"
            axes.annotate("", place[node], place[parent], arrowprops=arrow)
axes.set(xlim=(-max(depth.values()) - 0.5, 0.5), ylim=(-1.4, 0.8))
kit.save_plot(plot, "02_graph")

# %% [markdown]
# ## A gradient is a sum over paths
#
# First with numbers. When $w$ moves, the loss moves along every path of arrows from $w$ to the
# loss. Along one path, the chain rule multiplies the derivatives of its steps; over all paths, it
# adds:
#
# $$\frac{dL}{dw} = \sum_{\text{paths}}\ \prod_{\text{steps } u \to v} \frac{dv}{du}$$
#
# Take $u = 2w$ and $L = u \cdot w$ at $w = 3$, so $u = 6$. The path $w \to u \to L$ has the factors
# $du/dw = 2$ and $dL/du = w = 3$: together 6. The path $w \to L$ has the factor $u = 6$. The sum is
# 12, and since $L = 2w^2$, $dL/dw = 4w = 12$.

# %%
w = mp.Tensor(3.0, requires_grad=True)
((2.0 * w) * w).backward()
print(f"u = 2w, L = u·w at w = 3: 2·3 along one path, 6 along the other, minipose says {w.grad}")
assert w.grad == 2 * 3 + 6 == 12

# %% [markdown]
# With arrays the derivative of a step is a whole table, each output by each input. Nobody writes it
# down: the step's rule takes what has arrived at the output and gives what goes on to the input, as
# if the table had been multiplied. So a path is a chain of rules; the sum over paths stays.
#
# The most naive way to differentiate is to walk every path by itself. Each node's `backward` does
# one step:


# %%
def along_every_path(node, grad, found):
    """Carry ``grad`` back along each path on its own; note what arrives at the leaves."""
    if node in label:
        found.setdefault(label[node], []).append(grad)
        return found
    for parent, grad_parent in zip(node.parents, node.backward(grad)):
        if parent is not None:
            along_every_path(parent, grad_parent, found)
    return found


arrived = along_every_path(loss.node, np.ones((), dtype=loss.dtype), {})
loss.backward()
for name, leaf in leaves.items():
    print(f"{name}: {len(arrived[name])} paths, shape {leaf.grad.shape}")
    assert np.allclose(sum(arrived[name]), leaf.grad, rtol=1e-12)
assert len(arrived["w1"]) == 2 * 2  # the square doubles the paths, and so does the skip

# %% [markdown]
# minipose found the same without walking paths one by one; the next lesson shows how. Note two
# things about memory. What the steps keep for their rules takes room, so the graph is *released* as
# it is walked, and a second `backward` is refused. And inside `no_grad`, for instance when a
# trained network is only used, nothing is noted at all.

# %%
try:
    loss.backward()
except ValueError as error:
    print("second backward:", error)
with mp.no_grad():
    assert network(**leaves).node is None

# %% [markdown]
# ## Change this, predict, run
#
# How often does `h1` go around the second layer? With one skip there are four paths to `w1`, since
# the square doubles both. Predict the number for none, two and three skips, and how many paths lead
# to `w2`.

# %% tags=["change-this"]
SKIPS = 1  # try 0, 2, 3
with kit.experiment(SKIPS, as_given=1):
    h1 = ops.tanh(ops.linear(x, leaves["w1"], leaves["b1"]))
    total = ops.tanh(ops.linear(h1, leaves["w2"]))
    for _ in range(SKIPS):
        total = total + h1
    difference = ops.linear(total, leaves["w3"]) - target
    found = along_every_path(ops.mean(difference * difference).node, np.ones(()), {})
    print({name: len(paths) for name, paths in found.items()})

# %% [markdown]
# ## Five questions
#
# 1. What does a node of the graph hold?
# 2. Why do `x` and `target` not appear in the picture?
# 3. Along one path, are derivatives added or multiplied? And over several paths?
# 4. Twenty layers, each with a skip around it: how many paths lead from the first weight to the
#    loss?
# 5. Why does minipose release the graph while it walks back?
#
# The answers: `make lesson N=2 ANSWERS=1`, once you have your own.
# Write it yourself: `make check N=2`, `exercises/02_graph.py`.
