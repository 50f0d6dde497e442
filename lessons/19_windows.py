# %% [markdown]
# # 19 · Where is the knee? A hundred questions with yes or no
#
# - **Question.** How can "where" become something that a network learns to classify?
# - **Read first.** Lesson 18: the 128 × 128 picture and the joints in it.
# - **Source.** Report 1, section 4.2 and eq. 3.
# - **Running time.** Under 20 s (the first time: it draws the people).
#
# Finding 51 coordinates, in mm, in a picture is hard to begin with. Report 1 first asks an easier
# question. It lays 10 × 10 windows of 13 × 13 px over the picture and asks, for each of the 17
# joints and each window $w$: is the joint in there?
#
# $$h_{j,w} = \begin{cases}1 & \text{if joint } j \text{ is inside window } w\\
# 0 & \text{otherwise}\end{cases}$$
#
# That is 1700 labels a picture. Ten windows of 13 px in a row of 128 px overlap a little: their
# starts are $(128 - 13)/9 \approx 12.78$ px apart. There is a second rule: a window also counts for
# a joint if **more than 30 % of a bone** at that joint lies in it.

# %%
import numpy as np

import kit
import people
from minipose.plots.crops import window_schematic
from minipose.skeletons import H36M_17, H36M_17_EDGES
from minipose.targets.windows import FRACTION, window_labels

store = people.walkers()
frames = np.arange(0, len(store), 48)
keypoints = store.read("keypoints_2d", frames)  # (19, 17, 2) px
SIDE, GRID, WINDOW = 128, 10, 13
starts = [k * (SIDE - WINDOW) / (GRID - 1) - 0.5 for k in range(GRID)]  # the picture begins at −½

# %% [markdown]
# ## By loops
#
# How much of a bone is in a window? Walk along the bone in 1000 small steps and count.


# %%
def inside(x, y, row, column):
    return 0 <= x - starts[column] < WINDOW and 0 <= y - starts[row] < WINDOW


steps = (np.arange(1000) + 0.5) / 1000


def fraction_inside(a, b, row, column):
    points = a + steps[:, None] * (b - a)  # (1000, 2)
    offset = points - [starts[column], starts[row]]
    return ((offset >= 0) & (offset < WINDOW)).all(axis=1).mean()


def labels_by_loops(joints, enough=FRACTION):
    labels = np.zeros((17, GRID, GRID))
    for row in range(GRID):
        for column in range(GRID):
            for j, (x, y) in enumerate(joints):
                labels[j, row, column] = inside(x, y, row, column)
            for a, b in H36M_17_EDGES:
                if fraction_inside(joints[a], joints[b], row, column) > enough:
                    labels[a, row, column] = labels[b, row, column] = 1
    return labels.reshape(-1)


# %% [markdown]
# minipose computes the fraction exactly: a window allows an interval of positions along the bone in
# x and another in y; what both allow is what is inside. Where the fraction is not within a step of
# 30 %, the two must agree, label by label.

# %%
few = keypoints[:4]
slow, fast = np.stack([labels_by_loops(j) for j in few]), window_labels(few)
print(f"{slow.size} labels by loops and by the package, different: {int((slow != fast).sum())}")
assert (slow != fast).sum() <= 1  # a fraction of 0.3 to within one step may fall on either side

# %% [markdown]
# ## What the labels look like

# %%
labels = window_labels(keypoints).reshape(-1, 17, GRID * GRID)
count = labels.sum(axis=2)  # (19, 17): positive windows of each joint
cells = [(row, column) for row in range(GRID) for column in range(GRID)]
only = np.zeros((len(few), 17))  # windows that hold the joint itself
for n, joints in enumerate(few):
    for j, (x, y) in enumerate(joints):
        only[n, j] = sum(inside(x, y, row, column) for row, column in cells)
print(f"{labels.mean():.2%} of all labels are positive: {count.mean():.2f} windows a joint,")
print(f"where its position alone would give {only.mean():.2f}")
bones = np.array([sum(j in edge for edge in H36M_17_EDGES) for j in range(17)])
for k in np.unique(bones):
    first = H36M_17[int(np.flatnonzero(bones == k)[0])]
    print(f"  bones that meet: {k}, as at the {first}: {count[:, bones == k].mean():.2f} windows")
assert only.min() >= 1  # the windows leave no gap: every joint is in one
assert (count <= only.max() + 6 * bones).all()

# %% [markdown]
# Where more bones meet, more windows can count; but they must be long. (The pelvis has three short
# ones, which end in its own window or the next.) How many windows can one bone add? If windows did
# not overlap, no more than three could each hold over 30 % of it. They do overlap, by 0.22 px. A
# bone that runs along such a strip, say a shin of a person who stands straight, lies in two columns
# of windows at once: then six are possible. It is rare, but it is the limit:

# %%
overlap = WINDOW - (starts[1] - starts[0])
strip = starts[5] + overlap / 2  # in the columns 4 and 5
top = starts[3] + 0.04
shin = np.full((1, 17, 2), 5.0)  # all other joints lie together in a corner
shin[0, 2], shin[0, 3] = (strip, top), (strip, top + 3 * 12.7)
both = window_labels(shin).reshape(17, GRID, GRID)
print(f"windows overlap by {overlap:.2f} px; a shin along that strip is in {int(both[3].sum())}")
shin[0, 2:4, 0] += 3.0  # three pixels to the side
one = window_labels(shin).reshape(17, GRID, GRID)
print(f"and three pixels to the side in {int(one[3].sum())}")
assert both[3].sum() == 6 and one[3].sum() == 3

# %% [markdown]
# Note how rare a "yes" is. Whoever says "no" to everything is right in nearly all cases and has
# learned nothing. So the fraction of right answers is a bad measure here. What else? Suppose
# somebody answers all questions with the same probability $q$. The cross entropy of lesson 9 is
# lowest if $q$ is the fraction $p$ of positive labels, and there it is
# $-p \log p - (1-p)\log(1-p)$. A detector must beat this constant baseline:

# %%
p = float(labels.mean())
candidates = np.linspace(0.001, 0.2, 2000)
entropy = -(p * np.log(candidates) + (1 - p) * np.log(1 - candidates))
best = candidates[entropy.argmin()]
print(f'always saying "no" is right in {1 - p:.2%} of all cases')
print(f"best constant q = {best:.4f}, cross entropy {entropy.min():.4f} a window")
assert abs(best - p) < 2e-4

# %% [markdown]
# Yellow windows are positive: four joints alone, then all 17 together (report 1, figure 2).

# %%
picture = store.read("images", frames[3:4])[0]
path = kit.plot_folder() / "19_windows.png"
kit.show_plot(
    window_schematic(picture, keypoints[3], labels[3], path),
    "A crop and the grid of ten by ten windows; then four joints with their positive windows; "
    "then all joints together.",
)

# %% [markdown]
# ## Change this, predict, run
#
# The rule says: more than 30 % of a bone. Make it stricter or looser. How many windows have the
# pelvis, an ankle and the head then? Which of them loses most?

# %% tags=["change-this"]
ENOUGH = 0.3  # try 0.1, 0.6, 0.99
with kit.experiment(ENOUGH, as_given=0.3):
    tried = np.stack([labels_by_loops(pose, enough=ENOUGH) for pose in few])
    tried = tried.reshape(-1, 17, GRID * GRID).sum(axis=2).mean(axis=0)
    for j in (0, 3, 9):
        print(f"{H36M_17[j]:12} {tried[j]:.2f} windows")

# %% [markdown]
# ## Five questions
#
# 1. How many labels has one picture, and why that many?
# 2. Why is the fraction of right answers a bad measure here?
# 3. What is the best constant answer for cross entropy?
# 4. Why can a joint where more bones meet have more positive windows, and why has the pelvis few?
# 5. Ten windows of 13 px lie in 128 px. Why do they overlap, and by how much?
#
# The answers: `make lesson N=19 ANSWERS=1`, once you have your own.
# Write it yourself: `make check N=19`, `exercises/19_windows.py`.
