# %% tags=["hide-cell"]
said, wanted = rng.random((1, 1, 8, 8)), rng.random((1, 1, 8, 8))
small = mse(mp.Tensor(said), wanted).item()
large = mse(mp.Tensor(100 * said), 100 * wanted).item()
assert np.isclose(large, 1e4 * small)
one = Recipe(model="mask+regression", peak=1.0)
equal = np.mean([loudness(ASKED["0-100 regression"], seed) for seed in range(3)])
equal /= np.mean([loudness(one, seed) for seed in range(3)])
assert 10 < equal < 1e4
kit.answer(
    f"At these random starts a weight of about {equal:.0f}; once the network's answers fit, far more:\n"
    "100² = 10,000, if the network's output is scaled alike. That is what the report's remedy does:\n"
    "not a better target but a louder loss. At the start outputs are far below 100, so a hundred times\n"
    "the target pulls some ten to a hundred times as hard; the rest comes later."
)

# %% tags=["hide-cell"]
kit.answer(
    """
1. The heatmaps of 0 to 1 and of 0 to 100. The others ask which joint is nearest, as a class, with
   ones or with the blur's values.
2. The squared error grows with the square of the unit, and so does its pull beside the other
   loss.
3. It makes it 10 times as long, and leaves its direction.
4. Nothing: it divides by the size of past gradients. Only the ratio of the weights counts.
5. Joints at the mean of their places, which needs no picture.
"""
)
