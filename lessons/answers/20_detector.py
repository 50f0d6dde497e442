# %% tags=["hide-cell"]
clever = 0.5 * np.log(base / (1 - base))  # tanh's inverse: σ(2z) = base
assert np.allclose((1 + np.tanh(clever)) / 2, base, atol=1e-6)
kit.answer(
    f"−log ½ = {math.log(2):.4f}, whatever the label is. A bias with σ(2b) = each window's\n"
    f"fraction of yes starts at {constant:.4f} instead of {curve[0]:.4f}; the network learns this\n"
    "first."
)

# %% tags=["hide-cell"]
kit.answer(
    """
1. It reaches from -1 to 1, and a negative number is no probability.
2. What was said minus what is, times 2 with the report's σ(2z).
3. For a sure answer the probability is 0 or 1 to the last bit, and the logarithm of 0 is an
   error; in z both logarithms can be taken on paper.
4. The weights in the fully connected layers, the arithmetic in the convolutions, whose few
   weights are used at many places.
5. What a constant answer reaches.
"""
)
