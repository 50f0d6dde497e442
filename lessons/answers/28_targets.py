# %% tags=["hide-cell"]
lone = np.zeros((25, 3))
lone[0] = 20, 20, 1
disc, square = (int((class_map(lone, (41, 41), t) > 0).sum()) for t in (0.01, 0.0))
assert square == (2 * reach + 1) ** 2
kit.answer(
    f"{disc} pixels at 0.01, a disc; {square} = {2 * reach + 1}² at 0: the blur is cut off at "
    f"4 px\n"
    "in x and in y, one axis after the other, so what is left of a hill fills a square. At 0.2 no\n"
    f"pixel is left: a hill is {bell[reach] ** 2:.3f} high."
)

# %% tags=["hide-cell"]
kit.answer(
    """
1. OpenPose the joints, Mask R-CNN the masks: two other networks.
2. As 10, 3, 7: the number of pixels without, with, and without again, down the columns.
3. So that a nearly right answer is nearly right.
4. Which joint it is.
5. At pixel 17. Read back as 17.5: numbers with the integer part 17 are 17.5 on average.
"""
)
