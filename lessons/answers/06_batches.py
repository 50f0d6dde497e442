# %% tags=["hide-cell"]
ends = {}
for rate in (0.005, 0.05, 0.2):
    curve = []
    kit.on_one_thread(learn, 1, 0, EXAMPLES, curve, 128, rate)
    last = np.array([error for _, error in curve[-16:]])
    ends[rate] = (last.mean(), np.ptp(last))
assert ends[0.005][1] < ends[0.05][1]
lines = [
    f"rate {rate}: {mean:.0f} mm, trembling by {width:.0f}" for rate, (mean, width) in ends.items()
]
kit.answer(
    "\n".join(lines)
    + "\nA small rate trembles less, and has not got as far. A large one trembles so much that it"
    "\nis no nearer, either."
)

# %% tags=["hide-cell"]
kit.answer(
    """
1. Once through all examples; 64 steps.
2. Nine times as many: the noise falls with the root.
3. One product of many rows uses the machine better than many products of one row; and what a step
   costs in any case is shared.
4. With a constant rate the noise of the batches keeps the weights jumping about the lowest point;
   the jumps shrink with the rate.
5. Whether both may see as many examples, make as many steps or take as long, and at which rate
   each.
"""
)
