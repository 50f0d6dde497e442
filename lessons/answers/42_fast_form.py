# %% tags=["hide-cell"]
plain = rng.normal(0, 1, (CHANNELS, CHANNELS, 3, 3))
staged_plain = sum(mix(plain[:, :, i, j], moved) for i, j, moved in shifted(x.real))
assert np.allclose(staged_plain, real(x.real, plain))
kit.answer(
    "It tends to 9/1.5 = 6: nine pixels become one number a pair, and half a number more for the\n"
    "centre. With one channel of each order the patterns cost more than they save: 168 products\n"
    "instead of 144. A plain 3 × 3 convolution gains nothing: nine patterns, nine mixings of all pairs (the\n"
    "sum over shifts of lesson 40)."
)

# %% tags=["hide-cell"]
kit.answer(
    """
1. Four; or one, with the parts in one block.
2. a b + a c = a (b + c): the number of a pair can be taken out of the sum over pixels.
3. Fewer fixed patterns than pixels.
4. Equal: it is a law of arithmetic; only rounding differs.
5. The first stage moves many numbers for little work.
"""
)
