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
of the signal's square; by {factors["He"]:.2f} with He's, which make up for it. A factor in front of
the weights multiplies both: He times 1.5 grows by 1.5 in each layer, 1.5³⁰ in all.""")

# %% tags=["hide-cell"]
kit.answer(
    """
1. Equal weights get equal gradients, so they stay equal: all units do the same.
2. 1/100.
3. Forward the spread asks for 1/in, backward for 1/out; it is a compromise.
4. ReLU puts zero in the place of half of its inputs, which halves the mean square.
5. The spread of the outputs and of the gradients, layer by layer: do they fade or grow?
"""
)
