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
from minipose.experiments.people.data import make_batch
from minipose.experiments.people.objective import loss_parts, total_loss
from minipose.experiments.people.recipe import MODELS, Recipe
from minipose.experiments.people.train import build
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
# has no neighbourhood: at each pixel it is a small fully connected layer, the same everywhere.

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
# Compute each alone, compare their lengths, and the angle between them. Its cosine is the sum of
# the products of their entries, over both lengths: 1 is the same direction, 0 is none in common,
# and below 0 they work against each other.

# %%
train, test = people.in_room()
recipe = Recipe(model="mask+softmax", width=8, dropout=0.0, batch=1, lr=1e-3, flip=True)
recipe = recipe.changed(background_weight=0.1)  # counts a tenth: see lesson 33
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


# %% [markdown]
# ## One run of each
#
# The mask alone, and with joints at two weights: the same start, pictures and steps. Subject 11 is
# not among the pictures.

# %%
curves = {}
for name, weight in (("mask alone", 0.0), ("joints, weight 1", 1.0), ("joints, weight 10", 10.0)):
    net, curves[name] = build(recipe, seed=0), []
    if weight == 1:
        before = compare(net, "before training")

    def watch(step, net=net, curve=curves[name]):
        if step % 30 == 0:
            with mp.no_grad():
                parts = loss_parts(net(mp.Tensor(unseen.images)), unseen)
            curve.append((step, 1 - parts["dice_loss"].item()))

    people.learn(net, train, recipe.changed(joint_weight=weight), steps=241, watch=watch)
    if weight == 1:
        assert compare(net, "after training ") < before
    print(f"{name}: dice of unseen masks {curves[name][-1][1]:.3f}")
assert max(dice for _, dice in curves["mask alone"]) > 0.5

# %%
plot = kit.new_plot(5.4, 3)
axes = plot.add_subplot()
colours = (kit.canvas.GREY, kit.canvas.TRUTH, kit.canvas.ACCENT)
for (name, curve), colour in zip(curves.items(), colours):
    axes.plot(*zip(*curve), color=colour, marker=".", label=name)
axes.set(title="dice of masks of unseen people", xlabel="steps", ylim=(0, 1))
axes.legend()
kit.save_plot(plot, "32_combined")

# %% [markdown]
# At first both pull in one direction: find the person. Later they do so less; with a cosine below 0
# one gains what the other loses, and the weight decides (lesson 33). Whether joints help the mask,
# as the report found, one run cannot say; nor can two runs that differ by 0.003. What is certain is
# their price: next to nothing.
#
# ## Change this, predict, run
#
# In "mask alone" the joints' loss has weight 0, but the joints' head is there. What happens to its
# weights?
