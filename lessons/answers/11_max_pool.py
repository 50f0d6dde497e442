# %% tags=["hide-cell"]
same = {}
for shift in (1, 2):
    moved = pool(np.roll(edges, shift, axis=3), np.ones((1, 1, 22, 22)))[0]
    same[shift] = max(np.mean(moved == np.roll(pooled, s, axis=3)) for s in (0, 1))
assert same[2] == 1 and same[1] < 0.9
kit.answer(f"""
Moved by two pixels, {same[2]:.0%} of it: the blocks move along. Moved by one, {same[1]:.0%} at
best: the blocks cut the channel elsewhere. Convolution follows every shift, the pool only even
ones. The network must learn to live with the difference.""")

# %% tags=["hide-cell"]
kit.answer(
    """
1. The largest alone; on it depends the result.
2. What arrives was one number; handing it on twice counts it twice. Any rule that hands on 1 in
   all is fair.
3. Twice as far in each direction: its pixels stand for two of the picture.
4. It never exchanges larger and smaller, so the largest stays the largest.
5. Even ones; others cut the blocks elsewhere.
"""
)
