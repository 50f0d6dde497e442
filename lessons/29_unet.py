# %% [markdown]
# # 29 · U-Net from its parts
#
# - **Question.** How can a network see the whole person and still draw their outline to the pixel?
# - **Read first.** Lesson 10: convolution. Lesson 11: max-pool. Lesson 28: the targets.
# - **Source.** Report 2, section II-C 1 (Ronneberger, Fischer & Brox 2015).
# - **Running time.** Under 10 s.
#
# PoseNet ends in fully connected layers: a fixed list of numbers, 51 places, for a picture of one
# fixed size. For a mask one needs an answer for each pixel, of a picture of any size, and what is
# right for one pixel should be right for all. So report 2 takes **U-Net**, whose weights are all in
# convolutions. On the way *down* it halves the picture four times, so that a pixel of the smallest
# channels has seen much of the person; on the way *up* it doubles it four times again. What a
# halving throws away is handed across: the **skip** connections.
#
# ## The parts
#
# With the ops of the earlier lessons and the weights of a minipose network, in its own order. In
# the place of tanh stands **ReLU**, $\max(z, 0)$, which is cheaper and does not flatten where it is
# large. At the end a convolution of 1 × 1, the *head*, mixes the channels of each pixel to its
# scores.

# %%
import itertools

import numpy as np

import kit
import minipose as mp
from minipose import ops
from minipose.models import UNet

WIDTH = 4
net = UNet({"mask": 2}, width=WIDTH, rng=np.random.default_rng(0)).eval()  # no dropout


def convolve(x, layer, padding):
    return ops.relu(ops.conv2d(x, layer.weight, layer.bias, padding=padding))


def twice(x, block):
    """Two 3 × 3 convolutions; a margin of one pixel of zeros keeps the size."""
    return convolve(convolve(x, block.first, 1), block.second, 1)


def double(x, block):
    """Each pixel becomes 2 × 2; a 2 × 2 convolution smooths, with a margin right and below."""
    large = ops.pad(ops.upsample_nearest(x, 2), ((0, 0), (0, 0), (0, 1), (0, 1)))
    return convolve(large, block.convolution, 0)


def unet(x, net, skips=True, tell=lambda name, x: None):
    kept = []
    for level, block in enumerate(net.down):
        x = twice(x if level == 0 else ops.max_pool2d(x, 2), block)
        tell(f"down, level {level + 1}", x)
        kept.append(x)
    kept.pop()
    for level, (bigger, block) in enumerate(zip(net.double, net.up)):
        other = kept.pop()
        beside = other if skips else other * 0.0
        x = twice(ops.concatenate([beside, bigger(x)], axis=1), block)
        tell(f"up, level {4 - level}", x)
    return ops.conv2d(x, net.heads["mask"].weight, net.heads["mask"].bias)


x = mp.Tensor(np.random.default_rng(1).random((1, 3, 96, 64), np.float32))
ours = unet(x, net, tell=lambda name, x: print(f"{name:14} {' × '.join(map(str, x.shape[1:]))}"))
assert np.array_equal(ours.data, net(x)["mask"].data)
print("our function and minipose's network: equal to the bit")

# %% [markdown]
# ## How many weights?
#
# A convolution from $a$ to $b$ channels with a $k \times k$ kernel has $k^2 a b$ weights and $b$
# biases. Report 2's network is 64 channels wide at the top and 1024 at the bottom. Count without
# building it:


# %%
def parameters(width, outputs):
    def one(a, b, k):
        return k * k * a * b + b

    channels = [3] + [width * 2**level for level in range(5)]
    down = sum(one(a, b, 3) + one(b, b, 3) for a, b in itertools.pairwise(channels))
    up = sum(one(2 * b, b, 2) + one(2 * b, b, 3) + one(b, b, 3) for b in channels[1:5])
    return down + up + sum(one(width, n, 1) for n in outputs)


assert parameters(WIDTH, [2]) == sum(p.size for p in net.parameters())
print(f"width {WIDTH}: {parameters(WIDTH, [2]):,}; width 64: {parameters(64, [2]):,}")
assert parameters(64, [2]) == 31_031_810  # the published count
assert parameters(64, [2, 26, 1]) == 31_033_565

# %% [markdown]
# ## How far does a pixel see?
#
# Ask the engine: where the derivative of one output pixel with respect to the input is not zero, a
# small change of the input matters. With the skips, and with zeros in their place:

# %%
x = mp.Tensor(np.random.default_rng(1).random((1, 3, 224, 224), np.float32), requires_grad=True)
influence, near = {}, {}
for name, skips in (("with skips", True), ("without", False)):
    x.grad = None
    unet(x, net, skips)[0, 1, 112, 112].backward()
    influence[name] = np.abs(x.grad[0]).sum(axis=0)  # (224, 224)
    seen = np.flatnonzero(influence[name].any(axis=0))
    near[name] = influence[name][108:117, 108:117].sum() / influence[name].sum()
    print(f"{name:10} columns {seen[0]} to {seen[-1]};", end=" ")
    print(f"{near[name]:.1%} of the influence comes from within 4 px")
assert near["with skips"] > 2 * near["without"]

# %% [markdown]
# So wide sight comes from the bottom of the U, and without the skips there is no other. With them a
# pixel also looks closely at itself and its neighbours: that is how the outline gets sharp. The
# influence, on a logarithmic scale:

# %%
plot = kit.new_plot(6.4, 3.2)
for k, (name, values) in enumerate(influence.items()):
    axes = plot.add_subplot(1, 2, k + 1)
    axes.imshow(np.log10(values / values.max() + 1e-6), cmap="magma", vmin=-4, vmax=0)
    axes.set_axis_off()
    axes.set_title(f"{name}: what one pixel looks at", fontsize=9)
kit.save_plot(plot, "29_unet")

# %% [markdown]
# ## Change this, predict, run
#
# Four halvings need multiples of 16. Give our `unet` and minipose's network a picture of another
# size. What does each do with it?

# %% tags=["change-this"]
SIZE = (96, 64)  # try (100, 70), (16, 16), (15, 15)
with kit.experiment(SIZE, as_given=(96, 64)):
    tried = mp.Tensor(np.random.default_rng(3).random((1, 3, *SIZE), np.float32))
    print("minipose:", net(tried)["mask"].shape)
    try:
        print("ours:    ", unet(tried, net).shape)
    except ValueError as error:
        print("ours stops:", error)

# %% [markdown]
# ## Five questions
#
# 1. Why do fully connected layers not suit a mask?
# 2. What do the skips carry, and from where to where?
# 3. How many times is a picture of 192 × 128 halved, and how large is it at the bottom?
# 4. What is a 1 × 1 convolution at the end for?
# 5. How can the engine tell which pixels an output pixel has seen?
#
# The answers: `make lesson N=29 ANSWERS=1`, once you have your own.
