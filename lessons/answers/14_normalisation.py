# %% tags=["hide-cell"]
errors = {}
for count in (2, 16, 256):
    drawn = np.random.default_rng(0).standard_normal((10_000, count))
    errors[count] = float(np.abs(drawn.mean(axis=1)).mean())
assert 3 < errors[16] / errors[256] < 5
kit.answer(f"""
{errors[2]:.2f} with 2 values, {errors[16]:.2f} with 16, {errors[256]:.2f} with 256: sixteen times
the values, a quarter of the error (lesson 6). This error is new in each step, so a norm over few
values adds noise. In a convolution all pixels count, so even few pictures make many values.""")

# %% tags=["hide-cell"]
kit.answer(
    """
1. They scale and shift what has been normalised, so that the network may undo the norm where that
   is better.
2. The part that moves all values alike and the part that stretches them: the norm would undo
   either.
3. Running means of mean and variance, kept while training.
4. A single picture is a poor sample: its mean and spread say more about it than about all
   pictures.
5. A factor in front of all values of a channel is divided out again.
"""
)
