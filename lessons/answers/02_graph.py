# %% tags=["hide-cell"]
counts = {}
for skips in (1, 2):
    h1 = ops.tanh(ops.linear(x, leaves["w1"], leaves["b1"]))
    total = ops.tanh(ops.linear(h1, leaves["w2"]))
    for _ in range(skips):
        total = total + h1
    difference = ops.linear(total, leaves["w3"]) - target
    found = along_every_path(ops.mean(difference * difference).node, np.ones(()), {})
    counts[skips] = {name: len(paths) for name, paths in found.items()}
assert counts[1]["w1"] == 4 and counts[2]["w1"] == 6 and counts[1]["w2"] == counts[2]["w2"] == 2
kit.answer(f"""
{counts[2]["w1"]} to w1 with two skips: three paths through the sum, each doubled by the square; so 2
with none and 8 with three. {counts[2]["w2"]} to w2, always: it lies behind the second layer alone.""")

# %% tags=["hide-cell"]
kit.answer(
    """
1. The name of its step, the nodes that it was made from, and the rule that leads a derivative
   back to them.
2. They want no gradient, so nothing has to find its way to them.
3. Multiplied along a path, added over paths.
4. About 2 to the 20, a million: each layer may be walked through or around. So nobody walks paths
   one by one.
5. What each step kept for its rule is memory; once a rule has been used, it is needed no more.
"""
)
