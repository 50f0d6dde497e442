# %% tags=["hide-cell"]
lone = np.zeros((25, 3))
lone[0] = 20, 20, 1
disc, square = (int((class_map(lone, (41, 41), t) > 0).sum()) for t in (0.01, 0.0))
assert square == (2 * reach + 1) ** 2
kit.answer(
    f"{disc} pixels at 0.01, a disc; {square} = {2 * reach + 1}² at 0: the blur is cut off at "
    f"4 px\n"
    "in x and in y, one axis after the other, so what is left of a hill fills a square."
)
