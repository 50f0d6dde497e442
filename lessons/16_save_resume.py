# %% [markdown]
# # 16 · A tree of layers: names, saving, going on
#
# - **Question.** A training is stopped in the middle. What must be in a file so that it goes on as
#   if nothing had happened?
# - **Read first.** Lessons 6, 7 and 8.
# - **Source.** `minipose/nn/module.py`, `minipose/training/checkpoint.py`.
# - **Running time.** Under 10 s.
#
# Report 1's training took days, and in days a computer may be switched off. Two things are needed:
# all numbers of a network must have names, and one has to know which numbers a training consists
# of.
#
# ## A tree
#
# A network is made of parts, these of parts again, and the smallest hold arrays. So a **module** is
# an object with parameters and other modules as attributes. Walk through the attributes, and the
# way to each parameter is its name:

# %%
import tempfile
from pathlib import Path

import numpy as np

import kit
import minipose as mp
from minipose import losses, nn, ops, optim
from minipose.errors import UserError
from minipose.models import PoseNet
from minipose.training import checkpoint


def walk(module, path=""):
    """Pairs of name and parameter, in the order in which they were assigned."""
    found = []
    for name, value in vars(module).items():
        if isinstance(value, mp.Parameter):
            found.append((path + name, value))
        elif isinstance(value, nn.Module):
            found += walk(value, f"{path}{name}.")
    return found


class Arm(nn.Module):
    """The network of lesson 5, with dropout (lesson 7)."""

    def __init__(self, rng):
        self.first, self.second = nn.Linear(2, 64, rng), nn.Linear(64, 2, rng)
        self.dropout = nn.Dropout(0.1)

    def forward(self, hands):
        return self.second(self.dropout(ops.tanh(self.first(hands))))


net = Arm(np.random.default_rng(0))
for name, parameter in walk(net):
    print(f"{name:14} {parameter.shape}")
big = PoseNet((5, 10, 15), "regression", rng=np.random.default_rng(0))
for some in (net, big):
    assert [name for name, _ in walk(some)] == [name for name, _ in some.named_parameters()]

# %% [markdown]
# The tree does more than names: `net.eval()` walks it and switches dropout off everywhere,
# `net.zero_grad()` forgets all gradients, `net.to("cuda")` moves all arrays to another device.
#
# ## A file of arrays
#
# With names, a network is a dictionary of arrays, its *state*. To read it back one builds the same
# network and puts the arrays in. Be strict: a name too many or a shape that differs means that it
# is *not* the same network, and whoever loads what happens to fit gets a mixture of trained and
# random weights that runs, and is wrong.

# %%
folder = Path(tempfile.mkdtemp())
np.savez(folder / "arm.npz", **net.state_dict())
with np.load(folder / "arm.npz", allow_pickle=False) as file:
    state = {name: file[name] for name in file.files}
again = Arm(np.random.default_rng(99))
again.load_state_dict(state)
assert all(np.array_equal(a.data, b.data) for a, b in zip(net.parameters(), again.parameters()))
try:
    again.load_state_dict(state | {"third.weight": np.zeros(3)})
except ValueError as error:
    print("refused:", error)

# %% [markdown]
# (`allow_pickle=False`: an array file may hold Python objects, and to read those is to run
# somebody's code. A file of weights from a stranger should hold numbers and nothing else.)
#
# ## What a training consists of
#
# Train for six epochs; and train for three, save, throw everything away, read, and train for three
# more. Are the weights the same at the end? Not nearly the same: the same to the last bit.


# %%
def arms(count, rng):
    shoulder, bend = rng.uniform(-1.2, 1.2, count), rng.uniform(0.1, 2.6, count)
    elbow = np.stack([np.cos(shoulder), np.sin(shoulder)], axis=1)
    forearm = np.stack([np.cos(shoulder + bend), np.sin(shoulder + bend)], axis=1)
    return np.float32(elbow + 250 / 300 * forearm), np.float32(elbow)


HANDS, ELBOWS = arms(640, np.random.default_rng(1))
SEED, EPOCHS, BATCHES = 0, 6, 20
trace = {}  # (name of the run, step) -> all weights, as one long vector


def weights_of(net):
    return np.concatenate([p.data.ravel() for p in net.parameters()])


def train(name, net, optimizer, epochs, order_seed=SEED):
    """Go through the examples; each epoch's order and dropout follow from (seed, epoch)."""
    for epoch in epochs:
        order = np.random.default_rng([order_seed, epoch]).permutation(len(HANDS))
        for k, few in enumerate(np.array_split(order, BATCHES)):
            step = epoch * BATCHES + k
            net.reseed(order_seed, epoch, k)  # dropout's random numbers
            optimizer.zero_grad()
            losses.mse(net(mp.Tensor(HANDS[few])), ELBOWS[few]).backward()
            optimizer.step()
            trace[name, step] = weights_of(net)
    return weights_of(net)


def begin():
    net = Arm(np.random.default_rng(SEED))
    return net, optim.Adam(net.parameters(), lr=1e-2)


whole = train("never stopped", *begin(), range(EPOCHS))
net, optimizer = begin()
train("first half", net, optimizer, range(3))
checkpoint.save(folder / "last.npz", net, optimizer, {"epoch": 3})

# %% [markdown]
# `checkpoint.save` writes the weights, the optimizer's own arrays (lesson 8: velocity, or Adam's
# two means, and how many steps it has made), and a small text: here the epoch. Go on with all of
# it, and with something missing each time:


# %%
def go_on(name, keep_optimizer=True, keep_epoch=True):
    net, optimizer = Arm(np.random.default_rng(77)), None
    optimizer = optim.Adam(net.parameters(), lr=1e-2)
    meta = checkpoint.load(folder / "last.npz", net, optimizer if keep_optimizer else None)
    first = meta["epoch"] if keep_epoch else 0
    end = train(name, net, optimizer, range(first, first + 3))
    gap = float(np.abs(end - whole).max())
    print(f"{name:34} largest difference of a weight {gap:.2g}")
    return gap


gaps = {
    "all of it": go_on("all of it"),
    "weights without the optimizer": go_on("weights without the optimizer", keep_optimizer=False),
    "the epoch forgotten": go_on("the epoch forgotten", keep_epoch=False),
}
assert (
    gaps["all of it"] == 0 < min(gaps["weights without the optimizer"], gaps["the epoch forgotten"])
)

# %% [markdown]
# So a training is: the weights (and a norm's running means, lesson 14), the optimizer's state,
# where it stands, and the random numbers that are still to come. These need no place in the file if
# they follow from (seed, epoch, step), as here and in minipose's loop.
#
# Is bit for bit not too much to ask? The differences are small and the network would be as good.
# But "the same to the bit" can be *tested*, and "about the same" hides what was forgotten.
#
# ## Killed while it writes
#
# If the computer stops in the middle of writing `last.npz`, neither the old file nor a new one is
# there. So minipose writes to another name, and renames it when it is complete: a rename happens
# at once or not at all.

# %%
good = (folder / "last.npz").read_bytes()
(folder / "torn.npz").write_bytes(good[: len(good) // 2])
try:
    checkpoint.read(folder / "torn.npz")
except UserError as error:
    print("half a file:", error)

# %%
plot = kit.new_plot(6.4, 3)
axes = plot.add_subplot()
colours = {"weights without the optimizer": kit.canvas.PREDICTION}
colours |= {"the epoch forgotten": kit.canvas.ACCENT, "all of it": kit.canvas.TRUTH}
for name, colour in colours.items():
    first = 0 if name == "the epoch forgotten" else 60
    rows = [
        (60 + k, np.abs(trace[name, first + k] - trace["never stopped", 60 + k]).max())
        for k in range(60)
    ]
    axes.plot(*zip(*rows), color=colour, label=name)
axes.axvline(60, color=kit.canvas.GREY, linewidth=1, linestyle="--")
axes.text(59, 0.02, "stopped", ha="right", fontsize=8)
axes.set(title="largest difference from the run that never stopped", xlabel="step", xlim=(40, 120))
axes.legend(fontsize=7)
kit.save_plot(plot, "16_save_resume")

# %% [markdown]
# `make train-h36m ARGS=--resume` goes on in this way. Each run keeps two files: `last.npz`, to go
# on, and `best.npz`, the epoch that was best on validation (lesson 7), to be used.

# %% [markdown]
# ## Change this, predict, run
#
# Save at another time. After which epoch must one save, so that the weights at the end are the same
# to the bit? And does it matter which random numbers the network was built with before it was
# loaded?

# %% tags=["change-this"]
SAVED_AFTER = 3  # try 1, 5, 0
with kit.experiment(SAVED_AFTER, as_given=3):
    net, optimizer = begin()
    train("part", net, optimizer, range(SAVED_AFTER))
    checkpoint.save(folder / "other.npz", net, optimizer, {"epoch": SAVED_AFTER})
    net = Arm(np.random.default_rng(12345))
    optimizer = optim.Adam(net.parameters(), lr=1e-2)
    epoch = checkpoint.load(folder / "other.npz", net, optimizer)["epoch"]
    end = train("rest", net, optimizer, range(epoch, EPOCHS))
    same = np.array_equal(end, whole)
    print(f"saved after epoch {SAVED_AFTER}: the same weights at the end, to the bit: {same}")

# %% [markdown]
# ## Five questions
#
# 1. How does a parameter get its name?
# 2. Why is loading strict about names and shapes?
# 3. Which four things does a training consist of?
# 4. Why need the random numbers not be in the file here?
# 5. Why is a checkpoint written under another name first?
#
# The answers: `make lesson N=16 ANSWERS=1`, once you have your own.
# Write it yourself: `make check N=16`, `exercises/16_save_resume.py`.
