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

# %% tags=["hide-cell"]
kit.answer(
    """
1. The steepest direction: above 2/s the walk jumps over the valley further each time. The flat
   direction has to live with that rate.
2. 100 times: 1/(1 - 0.99).
3. There the gradient changes its sign at every jump, so what a step adds takes away from what is
   there.
4. Of the gradient and of its square; it divides the first by the root of the second, so that
   every weight steps by about the rate.
5. Those on flat directions, about which the loss says little: there the pull is balanced late.
"""
)
