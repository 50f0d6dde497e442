# %% tags=["hide-cell"]
copied = {}
for rows in (4, 3, 1):
    pieces = [min(top + rows, 10) + 2 - top for top in range(0, 10, rows)]
    copied[rows] = sum(pieces) / 12
assert copied[1] == 2.5
kit.answer(f"""
{copied[4]:.2f}, {copied[3]:.2f} and {copied[1]:.2f} times the image: neighbouring strips share
k - 1 rows of it, and each reads them itself. Flat strips fit a small cache, but read more.""")

# %% tags=["hide-cell"]
kit.answer(
    """
1. The small, fast memory in the processor; what is larger is written to slow memory and read
   back.
2. One pixel follows the other, so pixel (i, j) further on is i · width + j pixels further.
3. Some output rows whose columns fit the cache; neighbours share k - 1 rows of the image.
4. How they use memory.
5. Other programs run at the same time; they make the clock go on, but not the time that this one
   computes.
"""
)
