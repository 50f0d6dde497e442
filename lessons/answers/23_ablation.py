# %% tags=["hide-cell"]
needed = next(n for n in range(2, 1000) if 2 >= 2 * 4 * (2 / n) ** 0.5)
assert needed == 32
kit.answer(
    f"{needed} seeds of each, so {10 * needed * 5 / 60:.0f} minutes even at this toy size. "
    f"That is why small\n"
    "differences in tables, ours and others', deserve little faith."
)
