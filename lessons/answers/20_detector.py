# %% tags=["hide-cell"]
clever = 0.5 * np.log(base / (1 - base))  # tanh's inverse: σ(2z) = base
assert np.allclose((1 + np.tanh(clever)) / 2, base, atol=1e-6)
kit.answer(
    f"−log ½ = {math.log(2):.4f}, whatever the label is. A bias with σ(2b) = each window's\n"
    f"fraction of yes starts at {constant:.4f} instead of {curve[0]:.4f}; the network learns this\n"
    "first."
)
