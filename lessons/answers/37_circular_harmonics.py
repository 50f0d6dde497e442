# %% tags=["hide-cell"]
line = np.exp(-(down**2) / 0.01)
half = {nu: (ring * np.exp(1j * nu * angle) * line).sum() for nu in (-1, -2)}
assert abs(half[-1]) < 1e-6 * abs(half[-2])
kit.answer(
    "Every even ν: e^(−iνπ) = 1. A line is the same after half a turn, so an odd ν, which would\n"
    f"have to answer y and −y at once, says 0 ({abs(half[-1]):.0e}). Odd numbers see edges, where\n"
    f"the sides differ; even ones see lines and bars: here ν = −2 says {abs(half[-2]):.0f}."
)

# %% tags=["hide-cell"]
kit.answer(
    """
1. It turns the arrow by θ and keeps its length.
2. Its length stays, its direction turns by -νθ.
3. The radial profile R and the phase β are learned; ν, how often the arrow turns along a circle,
   is fixed.
4. All directions meet there and cancel.
5. At quarter turns: they take pixels to pixels.
"""
)
