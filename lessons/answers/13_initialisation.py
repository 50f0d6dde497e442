# %% tags=["hide-cell"]
factors = {}
for name, draw in {"Glorot": glorot_uniform, "He": he_normal}.items():
    rng = np.random.default_rng(3)
    x = signal
    sizes = []
    for _ in range(30):
        sums = x @ draw((WIDTH, WIDTH), rng).T
        x = np.maximum(sums, 0)
        sizes.append(np.sqrt(np.mean(sums**2)))
    factors[name] = (sizes[-1] / sizes[0]) ** (1 / 29)
assert abs(factors["Glorot"] - math.sqrt(0.5)) < 0.05 and abs(factors["He"] - 1) < 0.05
kit.answer(f"""
By {factors["Glorot"]:.2f} with Glorot's weights, about the root of one half, since ReLU drops half
of the signal's square; by {factors["He"]:.2f} with He's, which make up for it.""")
