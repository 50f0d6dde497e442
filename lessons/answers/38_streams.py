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
    "would have found nothing. ν = 0 fails at all three. And ν = −3 passes at all three: it differs from\n"
    "1 by four, which a quarter turn makes a whole turn. Only angles in between would tell."
)

# %% tags=["hide-cell"]
kit.answer(
    """
1. How often its arrows turn while the picture is rotated once.
2. 1 and -1: n - o.
3. After a rotation they would point in different directions: their sum is neither of one order
   nor the other.
4. Lengths stay when the picture is rotated; real and imaginary parts change into each other.
5. Lengths do not turn; the two parts would be divided by different numbers, and the arrow would
   change its direction.
"""
)
