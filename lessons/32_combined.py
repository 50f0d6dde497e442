# %% [markdown]
# # 32 · Two tasks, one network
#
# - **Question.** What happens inside when one network learns masks and joints at once?
# - **Read first.** Lesson 31: the targets of joints. Lesson 3: derivatives add up.
# - **Source.** Report 2, sections II-D 3 and III, table II.
# - **Running time.** Under 45 s.
#
# Report 2's combined models are one U-Net with two or three **heads**: a 1 × 1 convolution for each
# task, on the same last channels. The loss is a sum,
#
# $$L = w_m\,(1 - \text{dice}) + w_j\,\text{cross entropy} + w_r\,\text{mean squared error}$$
#
# with all $w = 1$ in the report. One network instead of two is cheaper; and the report finds its
# masks *sharper* if joints are learned with them (dice 0.922 against 0.919, one run each).

# %%
import numpy as np

import kit
import minipose as mp
import people
import training
from comparison import Comparison
from minipose.experiments.people.data import make_batch
from minipose.experiments.people.objective import loss_parts, total_loss
from minipose.experiments.people.recipe import MODELS, Recipe
from minipose.experiments.people.train import build
from minipose.metrics import dice_coefficient
from minipose.models import UNet

counts = {}
for name, outputs in MODELS.items():
    net = UNet(outputs.heads, width=6, rng=np.random.default_rng(0))
    counts[name] = sum(p.size for p in net.parameters())
    print(f"{name:24} heads {outputs.heads!s:46} {counts[name]:,} weights")
extra = counts["mask+softmax"] - counts["mask"]
assert extra == 26 * 6 + 26  # a 1 × 1 convolution from 6 channels to 26
print(f"25 joints cost {extra / counts['mask']:.2%} more weights; a second network 100 %")

# %% [markdown]
# ## A 1 × 1 convolution
#
# It has no neighbourhood: at each pixel it is a small fully connected layer, the same everywhere.

# %%
channels = np.random.default_rng(1).random((6, 4, 5), np.float32)
head = net.heads["joints"]
by_loops = np.zeros((26, 4, 5))
for y in range(4):
    for x in range(5):
        by_loops[:, y, x] = head.weight.data[:, :, 0, 0] @ channels[:, y, x] + head.bias.data
assert np.allclose(by_loops, head(mp.Tensor(channels[None])).data[0], atol=1e-5)

# %% [markdown]
# ## Who pulls how hard?
#
# A sum's derivative is the sum of the derivatives, so on the shared weights two pulls add up.
# Compute each alone, compare their lengths, and the angle between them. The angle's cosine is the
# sum of the products of their entries, over both lengths: 1 is the same direction, 0 is none in
# common, and below 0 they work against each other.

# %%
train, test = people.in_room()
recipe = Recipe(model="mask+softmax", width=8, dropout=0.0, batch=1, lr=1e-3, flip=True)
recipe = recipe.changed(background_weight=0.1)  # counts a tenth: see lesson 31
few, unseen = make_batch(train[::40], recipe.outputs), make_batch(test[::4], recipe.outputs)


def pull(net, **weights):
    """The gradient of a weighted loss on all weights that the heads share, as one long vector."""
    net.zero_grad()
    total_loss(net(mp.Tensor(few.images)), few, recipe.changed(**weights)).backward()
    shared = [p for name, p in net.named_parameters() if not name.startswith("heads")]
    return np.concatenate([p.grad.ravel() for p in shared])


def compare(net, when):
    mask, joints, both = pull(net, joint_weight=0.0), pull(net, mask_weight=0.0), pull(net)
    assert np.allclose(mask + joints, both, rtol=1e-3, atol=1e-5)
    lengths = [float(np.linalg.norm(v)) for v in (mask, joints)]
    cosine = mask @ joints / (lengths[0] * lengths[1])
    print(
        f"{when}: the mask pulls with {lengths[0]:.3f}, the joints with {lengths[1]:.3f},", end=" "
    )
    print(f"cosine {cosine:+.2f}")
    return cosine


before = compare(build(recipe, seed=0), "before training")

# %% [markdown]
# ## Three tasks: the triple model
#
# Report 2's largest model adds a third head, the heatmap of 0 to 100 (lesson 31). Its dice fell to
# 0.886, from 0.922 with two heads. Ask for the three pulls on the shared weights, at five random
# starts:

# %%
three = recipe.changed(model="triple", background_weight=1.0)
fewer = make_batch(train[::60], three.outputs)
NAMES = ("mask_weight", "joint_weight", "regression_weight")


def pulls(seed):
    """How hard each of the three losses pulls alone at the shared weights."""
    net, found = build(three, seed), []
    for name in NAMES:
        alone = three.changed(**{other: float(other == name) for other in NAMES})
        net.zero_grad()
        total_loss(net(mp.Tensor(fewer.images)), fewer, alone).backward()
        shared = [p for n, p in net.named_parameters() if not n.startswith("heads")]
        found.append(np.linalg.norm(np.concatenate([p.grad.ravel() for p in shared])))
    return found


strength = np.array([pulls(seed) for seed in range(5)])
for name, column in zip(("mask", "joints", "heatmap 0-100"), strength.T):
    print(f"{name:14} pulls with {column.mean():7.3f} ± {column.std(ddof=1):.3f}")
assert (strength[:, 2] > 5 * strength[:, 0]).all() and (strength[:, 1] > strength[:, 0]).all()

# %% [markdown]
# The heatmap shouts, so the mask is hardly heard, as with the heatmap alone (lesson 31: 0.888). The
# joints, whose background counts in full here, are loud, too; below it counts a tenth.
#
# ## Do joints help the mask?
#
# The mask alone, and with joints at weight 1, three seeds each; a seed is the same start and the
# same pictures for both. They are tested on subject 11, who is in no training picture.

# %%
average = people.mean_mask(np.stack([person.mask for person in train]))
constant = float(np.mean([dice_coefficient(average, person.mask) for person in test[::4]]))
table = Comparison("dice of unseen masks", constant, "mean mask", False, paired=True)
curves = {}


def dice_of(net):
    with mp.no_grad():
        parts = loss_parts(net(mp.Tensor(unseen.images)), unseen)
    return 1 - parts["dice_loss"].item()


for name, weight in (("mask alone", 0.0), ("with joints", 1.0)):
    ends = []
    for seed in (0, 1, 2):
        net, curve = build(recipe, seed), curves.setdefault(name, [])

        def watch(step, net=net, curve=curve, seed=seed):
            if seed == 0 and step % 30 == 0:
                curve.append((step, dice_of(net)))

        training.learn(net, train, recipe.changed(joint_weight=weight), steps=181, watch=watch)
        ends.append(dice_of(net))
        if weight and seed == 0:
            assert compare(net, "after training ") < before
    table.note(name, ends)
table.show(against="mask alone")
verdict = table.verdict("with joints", "mask alone")
print(f"report 2: 0.922 against 0.919, one run each. Here: {verdict}")
apart = max(table.mean(name) for name in table.results) - constant
print(f"the better of both is {apart:+.3f} from the mean mask, which looks at no picture")

# %%
plot = kit.new_plot(9, 3)
axes, right = plot.subplots(1, 2)
colours = (kit.canvas.GREY, kit.canvas.TRUTH)
for (name, curve), colour in zip(curves.items(), colours):
    axes.plot(*zip(*curve), color=colour, marker=".", label=name)
axes.axhline(constant, color=kit.canvas.GREY, linestyle="--", linewidth=1, label="mean mask")
axes.set(title="dice of masks of unseen people, seed 0", xlabel="steps", ylim=(0, 1))
axes.legend(fontsize=7)
table.draw(right)
kit.save_plot(plot, "32_combined")

# %% [markdown]
# At first both pull in one direction: find the person. After training they pull against each other,
# and nearly cancel. That need not mean that the tasks quarrel: where a sum is smallest its
# derivative is 0, so there any two pulls are opposite, cosine −1. One gains what the other loses,
# and the weight decides (lesson 31). What is certain is the price of the joints: next to nothing.
# Whether they help, this table cannot say, for two reasons: the spread, and the mean mask, which is
# about as good. After so few steps neither network has shown more than where people usually are.
#
# ## Change this, predict, run
#
# Give the joints another weight before any training. How do the two pulls and the angle between
# them change? Predict what the cosine does.

# %% tags=["change-this"]
JOINT_WEIGHT = 1.0  # try 0.1, 10.0, 100.0
with kit.experiment(JOINT_WEIGHT, as_given=1.0):
    begun = build(recipe, seed=0)
    mask_pull = pull(begun, joint_weight=0.0)
    joint_pull = pull(begun, mask_weight=0.0, joint_weight=JOINT_WEIGHT)
    lengths = [np.linalg.norm(v) for v in (mask_pull, joint_pull)]
    both = pull(begun, joint_weight=JOINT_WEIGHT)
    print(f"lengths {lengths[0]:.3f} and {lengths[1]:.3f}, cosine", end=" ")
    print(f"{mask_pull @ joint_pull / lengths[0] / lengths[1]:+.2f};", end=" ")
    along = both @ mask_pull / np.linalg.norm(both) / lengths[0]
    print(f"their sum against the mask's: cosine {along:+.2f}")

# %% [markdown]
# ## Five questions
#
# 1. What is a head?
# 2. How many weights do 25 joints cost in a network of width 6?
# 3. Two losses are added. What happens to their gradients on shared weights?
# 4. What does a cosine below 0 between two pulls mean?
# 5. "Masks are sharper with joints: 0.922 against 0.919." What is missing?
#
# The answers: `make lesson N=32 ANSWERS=1`, once you have your own.
