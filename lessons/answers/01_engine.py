# %% tags=["hide-cell"]
rng = np.random.default_rng(0)
given = [Value(rng.standard_normal(shape)) for shape in ((4, 2), (2, 3), (3,))]
y = Value(given[0].data @ given[1].data) + given[2]
backward(y, start=np.ones((4, 3)))
assert given[2].grad.shape == (4, 3)
assert np.allclose(summed_to((3,), given[2].grad), 4)
kit.answer(f"""
Only the bias: its gradient has shape {given[2].grad.shape} instead of (3,), one row for each
example. Nothing else was repeated. The sum of the rows is the right gradient.""")

# %% tags=["hide-cell"]
kit.answer(
    """
1. The values that it was made from, and the rule that takes the derivative with respect to it
   back to them.
2. The derivative of L with respect to itself: if L grows by a little, L grows by just that.
3. They are added: each use is a path by which the value moves the result.
4. (100, 3) arrives. It is summed over the 100 rows, since the same three numbers were used in
   each.
5. g (1 - y²), nearly 0: next to nothing is handed back, so the weights before it hardly learn
   (lesson 13).
"""
)
