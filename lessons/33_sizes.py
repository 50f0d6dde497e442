# %% [markdown]
# # 33 · Pictures of all sizes
#
# - **Question.** Photographs have every size and shape. How do they fit into one batch, and what
#   does that cost?
# - **Read first.** Lesson 6: batches. Lesson 18: places when a picture is scaled. Lesson 29: U-Net.
# - **Source.** Report 2, section II-A: "we rescaled smaller edges of all images to 128 pixels";
#   padding is in its published code. `minipose/experiments/people/data.py`,
#   `minipose/datasets/resize.py`.
# - **Running time.** Under 20 s.
#
# An array has one height and one width. Photographs do not. There are three ways out: scale all to
# one size (people get thinner or fatter), cut (people lose their feet), or scale to *about* one
# size and **pad** with zeros. Report 2 takes the third: the shorter side becomes 128 px, the longer
# one as long as the picture's shape asks. Zeros are added until both are multiples of 16, since
# U-Net halves four times; below and to the right, so that no joint moves.

# %%
import numpy as np

import kit
import minipose as mp
import people
from minipose.datasets.resize import factor_for, scale_points
from minipose.experiments.people.data import grouped, make_batch, padded_sizes
from minipose.experiments.people.recipe import MODELS
from minipose.losses import dice_loss
from minipose.models import UNet

store = people.anywhere()
sizes = store.sizes  # (120, 2): height and width of each picture, the shorter side has 48 px
print("some sizes:", *(f"{h} × {w}" for h, w in sizes[:6]))

# %% [markdown]
# ## Scaled, with its joints
#
# All of a picture is scaled by $f$, the shorter side's new length over its old. Joints go along by
# lesson 18's formula, with its halves: $p' = (p + \tfrac12)\,f - \tfrac12$.

# %%
photograph = (640, 427)  # height, width
f = factor_for(photograph, side=128)
places = np.array([[-0.5, -0.5], [426.5, 639.5], [100.0, 300.0]])
scaled = scale_points(places, f)
print(f"factor {f:.4f}; the borders {places[0]} and {places[1]} come to {scaled[0]}", end=" ")
print(f"and {scaled[1].round(2)}, (100, 300) to {scaled[2].round(2)}")
by_hand = [[(x + 0.5) * 128 / 427 - 0.5, (y + 0.5) * 128 / 427 - 0.5] for x, y in places]
assert np.allclose(by_hand, scaled)
assert np.allclose(scaled[0], -0.5) and np.isclose(scaled[1, 0], 127.5)  # borders stay borders

# %% [markdown]
# ## Padded
#
# Up to the next multiple of 16, in plain Python and by minipose:

# %%
padded = padded_sizes(sizes)
for (h, w), (H, W) in zip(sizes, padded):
    assert H == next(n for n in range(h, h + 16) if n % 16 == 0)
    assert W == next(n for n in range(w, w + 16) if n % 16 == 0)
few = [store[int(i)] for i in (0, 1, 2)]
batch = make_batch(few, MODELS["mask"])
for n, person in enumerate(few):
    h, w = person.mask.shape
    assert not batch.images[n, :, h:].any() and not batch.images[n, :, :, w:].any()
    assert not batch.mask[n, h:].any() and not batch.mask[n, :, w:].any()
print("three pictures", [person.mask.shape for person in few], "in one batch", batch.images.shape)

# %% [markdown]
# ## What is wasted?
#
# If all are padded to the largest, much of the arithmetic is spent on zeros. So put together what
# has the same padded size. Count the pixels that a network goes through in an epoch, in three ways:

# %%
BATCH = 8
rng = np.random.default_rng(0)
useful = int(sizes.prod(axis=1).sum())
largest = len(sizes) * int(padded.max(axis=0).prod())
order = rng.permutation(len(sizes))
mixed = 0
for start in range(0, len(order), BATCH):
    some = padded[order[start : start + BATCH]]
    mixed += len(some) * int(some.max(axis=0).prod())
groups = grouped(sizes, np.arange(len(sizes)), BATCH, np.random.default_rng(0))
alike = sum(len(group) * int(padded[group].max(axis=0).prod()) for group in groups)
for name, pixels in (("all to the largest", largest), ("as they come", mixed), ("alike", alike)):
    print(f"{name:19} {pixels / useful:.2f} times the pixels of the pictures")
assert alike < mixed < largest
assert sorted(np.concatenate(groups)) == list(range(len(sizes)))  # each picture once
assert all(len({tuple(padded[i]) for i in group}) == 1 for group in groups)

# %% [markdown]
# The price: batches are no longer drawn from all pictures, but from those of one shape, and the
# last of each shape is small. Shuffled anew each epoch, that has done no harm here; but a step's
# gradient is a mean over fewer kinds of picture (lesson 6).
#
# ## Is padding innocent?
#
# Zeros beyond the border are what a convolution with a margin sees anyway. But only in the first
# layer: what it puts into the padded part is not zero next to the picture, whose last pixels it
# sees from there, nor anywhere once there are biases. So a picture's answer changes a little with
# what is padded to it. How much, and where?

# %%
net = UNet({"mask": 2}, width=4, rng=np.random.default_rng(1)).eval()
image = rng.random((1, 3, 64, 48), np.float32)
with mp.no_grad():
    alone = net(mp.Tensor(image))["mask"].data
    wide = np.pad(image, ((0, 0), (0, 0), (0, 0), (0, 32)))
    beside = net(mp.Tensor(wide))["mask"].data[..., :48]
gap = np.abs(alone - beside)[0].max(axis=0)  # (64, 48)
print(
    f"scores of {np.abs(alone).max():.2f} change by up to {gap.max():.3f} at the border,", end=" "
)
print(f"{gap[:, :8].max():.4f} at the far side")
assert 0 < gap[:, :8].max() < gap[:, -8:].max()

# %% [markdown]
# And the loss? The mask is 0 in the padding, so a network that says "person" there pays; it learns
# quickly that zeros are nobody. For dice, right answers in the padding count nothing at all, as
# they should:

# %%
said, mask = rng.random((1, 20, 20)), (rng.random((1, 20, 20)) < 0.3) * 1.0
margin = ((0, 0), (0, 12), (0, 12))
plain = dice_loss(mp.Tensor(said), mask).item()
with_margin = dice_loss(mp.Tensor(np.pad(said, margin)), np.pad(mask, margin)).item()
assert np.isclose(plain, with_margin)
means = [
    np.mean((a - b) ** 2) for a, b in ((said, mask), (np.pad(said, margin), np.pad(mask, margin)))
]
print(
    f"dice loss {plain:.4f} with and without; mean squared error {means[0]:.3f} and {means[1]:.3f}"
)
assert means[1] < means[0]

# %%
plot = kit.new_plot(9, 3)
left, middle, right = plot.subplots(1, 3)
middle.set_axisbelow(True)
left.scatter(sizes[:, 1], sizes[:, 0], s=10, color=kit.canvas.TRUTH, label="as they are")
left.scatter(
    padded[:, 1],
    padded[:, 0],
    s=30,
    facecolors="none",
    edgecolors=kit.canvas.PREDICTION,
    label="padded",
)
left.set(title="sizes, px", xlabel="width", ylabel="height")
left.legend(fontsize=7)
middle.bar(
    ["largest", "as they\ncome", "alike"],
    [largest / useful, mixed / useful, alike / useful],
    color=kit.canvas.TRUTH,
)
middle.axhline(1, color=kit.canvas.GREY, linestyle="--", linewidth=1)
middle.set(title="pixels computed / pixels of pictures")
shown = right.imshow(gap, cmap="magma", vmin=0)
right.set_axis_off()
right.set(title="changed by 32 columns\nof zeros at the right")
kit.save_plot(plot, "33_sizes")

# %% [markdown]
# A *mean* over pixels is another matter, as the last numbers show: padding dilutes it, so the same
# error counts for less in a picture that was padded more.

# %% [markdown]
# ## Change this, predict, run
#
# How many pictures a batch? With larger batches, what happens to the waste of "as they come", and
# of "alike"?

# %% tags=["change-this"]
TOGETHER = 8  # try 1, 4, 32
with kit.experiment(TOGETHER, as_given=8):
    come = 0
    for start in range(0, len(order), TOGETHER):
        some = padded[order[start : start + TOGETHER]]
        come += len(some) * int(some.max(axis=0).prod())
    some_groups = grouped(sizes, np.arange(len(sizes)), TOGETHER, np.random.default_rng(0))
    same = sum(len(group) * int(padded[group].max(axis=0).prod()) for group in some_groups)
    print(
        f"batches of {TOGETHER}: as they come {come / useful:.2f}, alike {same / useful:.2f};",
        end=" ",
    )
    print(f"{len(some_groups)} batches of one shape, {-(-len(sizes) // TOGETHER)} otherwise")

# %% [markdown]
# ## Five questions
#
# 1. Why are pictures padded to multiples of 16?
# 2. Why are zeros added at the right and below, and not around?
# 3. What is gained by batches of one padded size, and what does it cost?
# 4. Why does padding change a network's answer at all?
# 5. Why does padding not change the dice, but the mean squared error?
#
# The answers: `make lesson N=33 ANSWERS=1`, once you have your own.
# Write it yourself: `make check N=33`, `exercises/33_sizes.py`.
