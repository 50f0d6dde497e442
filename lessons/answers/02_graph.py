# %% tags=["hide-cell"]
h1 = ops.tanh(ops.linear(x, leaves["w1"], leaves["b1"]))
h2 = ops.tanh(ops.linear(h1, leaves["w2"]))
difference = ops.linear(h1 + h2 + h1, leaves["w3"]) - target
more = along_every_path(ops.mean(difference * difference).node, np.ones(()), {})
counts = {name: len(paths) for name, paths in more.items()}
assert counts["w1"] == 6 and counts["w2"] == 2
kit.answer(f"""
{counts["w1"]} to w1: three paths through the sum (h1, h2, h1), each doubled by the square.
{counts["w2"]} to w2, as before: it lies behind h2 alone.""")
