# %% [markdown]
# # 20 · A detector of joints
#
# - **Question.** How does a network learn to answer 1700 questions with yes or no?
# - **Read first.** Lesson 19: the windows. Lesson 9: softplus. Lessons 10 and 11.
# - **Source.** Report 1, section 4.2, eq. 4 and 5; figures 3 and 4.
# - **Running time.** Under 40 s.
#
# The network's last layer gives any number $z$ for each window. A question with yes or no wants a
# probability $\hat h$ between 0 and 1, and a penalty for a wrong one: the **cross entropy** (eq.
# 4), which eq. 5 sums over joints and windows, and halves.
#
# $$E = -h \log \hat h - (1 - h)\log(1 - \hat h)$$
#
# If the answer is yes ($h = 1$) it is $-\log\hat h$: nothing for a sure yes, without limit for a
# sure no. Which function makes $\hat h$ out of $z$? The report says tanh, and that cannot be meant:
# tanh reaches from −1 to 1, and a negative number has no logarithm. Moved into the right range it
# can: $\hat h = (1 + \tanh z)/2$. This is $\sigma(2z)$, where $\sigma(a) = 1/(1 + e^{-a})$ is the
# *logistic function*, which usually makes a probability of any number.

# %%
import math

import numpy as np

import kit
import minipose as mp
import people
from minipose.experiments.pose3d.data import as_input
from minipose.losses import window_cross_entropy
from minipose.models import PoseNet
from minipose.optim import Adam
from minipose.plots.crops import detected_windows
from minipose.targets.windows import window_labels

for z in (-3.0, -0.2, 0.0, 1.5):
    assert math.isclose((1 + math.tanh(z)) / 2, 1 / (1 + math.exp(-2 * z)), rel_tol=1e-12)


def naive(z, h):
    guess = (1 + math.tanh(z)) / 2
    return -h * math.log(guess) - (1 - h) * math.log(1 - guess)


# %% [markdown]
# ## The same in safe numbers
#
# For a sure answer the naive form breaks: $\tanh 20$ is 1 to the last bit, and $\log(1 - 1)$ is an
# error. In terms of $z$ both logarithms can be taken on paper:
# $-\log\sigma(2z) = \log(1 + e^{-2z})$, and with $\text{softplus}(a) = \log(1 + e^a)$
#
# $$E = \text{softplus}(2z) - 2 h z ,\qquad \text{softplus}(a) = \max(a, 0) + \log(1 + e^{-|a|})$$
#
# where the second form never takes $e$ to a large power. The derivative of softplus is $\sigma$
# (lesson 9), and $2z$ brings a factor of 2: $dE/dz = 2\,\sigma(2z) - 2h = 2\,(\hat h - h)$, twice
# the difference between what was said and what is. (The half of eq. 5 cancels that 2; minipose also
# divides by the number of pictures.)

# %%
rng = np.random.default_rng(0)
z = rng.normal(0, 2, (3, 1700))
h = (rng.random((3, 1700)) < 0.05) * 1.0
by_loops = 0.5 / 3 * sum(naive(a, b) for a, b in zip(z.ravel(), h.ravel()))
logits = mp.Tensor(z, requires_grad=True)  # numbers of which a probability will be made
loss = window_cross_entropy(logits, h)
loss.backward()
print(f"eq. 5 by loops {by_loops:.6f}, by minipose {loss.item():.6f}")
assert math.isclose(by_loops, loss.item(), rel_tol=1e-9)
assert np.allclose(logits.grad, ((1 + np.tanh(z)) / 2 - h) / 3)
sure = window_cross_entropy(mp.Tensor(np.array([[20.0]])), np.array([[0.0]])).item()
assert math.isclose(2 * sure, 40.0, rel_tol=1e-9)  # where ``naive`` takes the logarithm of 0

# %% [markdown]
# ## The network
#
# `PoseNet`, report 1's: three convolutions, each with a 2 × 2 max-pool and tanh; two fully
# connected layers; 1700 outputs:

# %%
net = PoseNet((5, 10, 15), head="detection", rng=np.random.default_rng(0))
side, before, shapes, products = 128, 1, ["1 × 128 × 128"], 0
for channels, kernel in ((5, 5), (10, 5), (15, 6)):
    side = side - kernel + 1  # no margin
    products += channels * before * kernel**2 * side**2  # a picture's; each weight at each place
    side, before = side // 2, channels  # the pool drops a row or column that is left over
    shapes.append(f"{channels} × {side} × {side}")
print(" → ".join([*shapes, f"{15 * side**2}", "1024", "2048", "1700"]))
assert 15 * side**2 == net.fc1.weight.shape[1]
few = sum(p.size for p in net.shared_parameters())
print(f"{sum(p.size for p in net.parameters()):,} weights, {few:,} of them in the convolutions,")
connected = sum(layer.weight.size for layer in (net.fc1, net.fc2, net.out))  # each is used once
print(f"which do {products:,} products a picture; the fully connected layers {connected:,}")

# %% [markdown]
# ## Training
#
# Several hundred pictures of six people. Subject 11 is never trained on.

# %%
store = people.walkers()
split = store.split()


def load(part):
    images, joints = (store.read(name, split[part]) for name in ("images", "keypoints_2d"))
    return as_input(images), window_labels(joints)


def per_window(guess, h):
    """Eq. 4, averaged."""
    guess = np.clip(guess, 1e-7, 1 - 1e-7)
    return float(-(h * np.log(guess) + (1 - h) * np.log(1 - guess)).mean())


def detect(x):
    with mp.no_grad():
        return (1 + np.tanh(net(mp.Tensor(x)).data)) / 2


(x, h), (test_x, test_h) = load("train"), load("test")
base = h.mean(axis=0).clip(1e-4, 1)  # for each question, how often the answer was yes
constant = per_window(np.broadcast_to(base, test_h.shape), test_h)
optimizer = Adam(net.parameters(), lr=1e-3)
rng = np.random.default_rng(1)
curve, EPOCHS = [], 5
for epoch in range(EPOCHS + 1):
    curve.append(per_window(detect(test_x), test_h))
    print(f"after {epoch} epochs of {len(x)} pictures, subject 11: {curve[-1]:.4f}")
    if epoch == EPOCHS:
        break
    optimizer.lr = 1e-3 * (1 - 0.9 * epoch / EPOCHS)
    for batch in np.array_split(rng.permutation(len(x)), 20):
        optimizer.zero_grad()
        window_cross_entropy(net(mp.Tensor(x[batch])), h[batch]).backward()
        optimizer.step()
print(f"constant baseline, the same for every picture: {constant:.4f}")
assert curve[-1] < 0.9 * constant

# %% [markdown]
# Report 1 reached about 0.05 in training, after 50 epochs of 150,000 pictures; that says little
# without a constant baseline. What the detector says of somebody it has never seen:

# %%
some = np.linspace(0, len(test_x) - 1, 6).astype(int)
found, truth = (v[some].reshape(-1, 17, 100) for v in (detect(test_x), test_h))
pictures = store.read("images", split["test"][some])
kit.show_plot(
    detected_windows(pictures, truth, found, kit.plot_folder() / "20_detector.png"),
    "Crops of people; above the windows with a joint, below the detector's probabilities.",
)

# %% [markdown]
# ## Change this, predict, run
#
# Before training, all $z$ are near 0. What does eq. 4 cost then, whatever the label is? And if the
# bias of the last layer began so that every window says the same probability, which should it be?

# %% tags=["change-this"]
FIRST_SAID = 0.5  # try 0.3, 0.1, 0.05, 0.01
with kit.experiment(FIRST_SAID, as_given=0.5):
    cost = per_window(np.full(test_h.shape, FIRST_SAID), test_h)
    bias = 0.5 * math.log(FIRST_SAID / (1 - FIRST_SAID))
    print(f"every window says {FIRST_SAID}: {cost:.4f} a window; the bias is {bias:+.2f}")
    print(f"{test_h.mean():.4f} of all windows hold something; trained: {curve[-1]:.4f}")

# %% [markdown]
# ## Five questions
#
# 1. Why can $\tanh z$ itself not be a probability?
# 2. What is $dE/dz$ for a yes-or-no question with cross entropy?
# 3. Why is the loss computed from $z$ and not from the probability?
# 4. Where are most of PoseNet's weights, and where is most of its arithmetic?
# 5. The detector's loss is 0.04 a window. What must stand beside that number?
#
# The answers: `make lesson N=20 ANSWERS=1`, once you have your own.
# Write it yourself: `make check N=20`, `exercises/20_detector.py`.
