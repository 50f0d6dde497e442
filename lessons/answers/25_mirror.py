# %% tags=["hide-cell"]
plain = [error(nets["as they are", 0], light) for light in (1.0, 0.5, 0.25)]
assert plain[1] > plain[0]
kit.answer(
    f"In half the light the network that saw no change is off by {plain[1]:.0f} mm instead of\n"
    f"{plain[0]:.0f}: the background is black in any light, and outlines stay. So there was little\n"
    f"to win. In a quarter of the light it is {plain[2]:.0f} mm: there look at the second number again."
)

# %% tags=["hide-cell"]
kit.answer(
    """
1. x is negated (or 127 - x in pixels), and left and right joints exchange their places.
2. The centres of the first and the last pixel are 0 and 127, and each becomes the other.
3. That a left hand may be on either side: its mean, somewhere in the middle of the body.
4. Rotating by 90°, or stretching: a cat stays a cat, a pose gets another label.
5. That such pictures, with such labels, may come.
"""
)
