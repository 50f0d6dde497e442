# %% tags=["hide-cell"]
plain = rng.normal(0, 1, (CHANNELS, CHANNELS, 3, 3))
staged_plain = sum(mix(plain[:, :, i, j], moved) for i, j, moved in shifted(x.real))
assert np.allclose(staged_plain, real(x.real, plain))
kit.answer(
    "Nothing: 9 mixings of all pairs instead of one. It is the sum over shifts of lesson 40.\n"
    "The saving is not in the two stages but in having fewer patterns than pixels."
)
