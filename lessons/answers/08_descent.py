# %% tags=["hide-cell"]
ends = {}
for lr in (0.019, 0.0199, 0.0201):
    path, _ = descend(lambda w, lr=lr: optim.SGD(w, lr=lr, momentum=0, weight_decay=0))
    ends[lr] = abs(path[-1][1] - LOWEST[1])
    assert np.isclose(ends[lr], abs(1 - lr * STEEP[1]) ** 250 * 0.4, rtol=1e-6)
kit.answer(f"""
The limit is 2/100. After 250 steps w2 is {ends[0.019]:.0e} away from the lowest point with 0.019,
{ends[0.0199]:.2f} with 0.0199 (it jumps from wall to wall, a little lower each time) and
{ends[0.0201]:.1f} with 0.0201: further than the 0.4 that it started with, and growing.""")
