# %% tags=["hide-cell"]
copied = {}
for rows in (4, 3, 1):
    pieces = [min(top + rows, 10) + 2 - top for top in range(0, 10, rows)]
    copied[rows] = sum(pieces) / 12
assert copied[1] == 2.5
kit.answer(f"""
{copied[4]:.2f}, {copied[3]:.2f} and {copied[1]:.2f} times the image: neighbouring strips share
k - 1 rows of it, and each reads them itself. Flat strips fit a small cache, but read more.""")
