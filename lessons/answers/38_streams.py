# %% tags=["hide-cell"]
wrong = {}
B = ring_basis(3, -1)[0]
z = rng.normal(0, 1, (3, 3)) + 1j * rng.normal(0, 1, (3, 3))
for quarter in (1, 2, 3):
    y = [(B * m).sum() for m in (z, np.rot90(z, quarter) * 1j**quarter)]
    wrong[90 * quarter] = abs(y[1] - y[0]) / abs(y[0])
assert wrong[180] < 1e-12 < 0.1 < min(wrong[90], wrong[270])
kit.answer(
    "\n".join(f"{angle}°: off by {error:.0e}" for angle, error in wrong.items())
    + "\nThe arrows turn by 2θ instead of 0, and 2 · 180° is a full turn: a test at 180° alone\n"
    "would have found nothing."
)
