# %% tags=["hide-cell"]
needed = next(n for n in range(2, 1000) if 2 >= 2 * 4 * (2 / n) ** 0.5)
assert needed == 32
kit.answer(
    f"{needed} seeds of each for 2 mm; for half of that, four times as many. Ten variants with\n"
    f"{needed} seeds at 5 s a run take {10 * needed * 5 / 60:.0f} minutes even at this toy size. That is why\n"
    "small differences in tables, ours and others', deserve little faith."
)

# %% tags=["hide-cell"]
kit.answer(
    """
1. Take one choice away, leave all else as it was, train again.
2. Otherwise the one that trained longer wins, for that reason.
3. The difference is not larger than what the spread of single runs can make; it may be there or
   not.
4. Next to nothing: of six runs of one recipe, two are often that close, and the others many mm
   apart.
5. Nothing about any of them alone.
"""
)
