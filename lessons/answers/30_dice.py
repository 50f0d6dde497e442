# %% tags=["hide-cell"]
lines = []
for k in (10, 50):
    too_many, too_few = 2 * 100 / (200 + k), 2 * (100 - k) / (200 - k)
    assert too_many > too_few
    lines.append(f"{k}: too many {too_many:.3f}, too few {too_few:.3f}")
kit.answer(
    "\n".join(lines) + "\nToo many is forgiven more easily, and the more so the more there are."
)

# %% tags=["hide-cell"]
kit.answer(
    """
1. Most pixels are background; an empty mask is right at nearly all of them.
2. Sums: of the probabilities, of the labels, and of their products.
3. Cross entropy the fraction of the person, dice 1.
4. Softmax is flat there, so the gradient of dice is nearly 0 although its loss is nearly 1.
5. At half of the dice that is reached: when in doubt, the pixel is taken in.
"""
)
