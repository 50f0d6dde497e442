# %% tags=["hide-cell"]
often = {}
for name, (op, shapes, change) in ERRORS.items():
    wrong = altered(op, change)
    missed = np.mean([not notices(wrong, shapes, entries=1, seed=k) for k in range(500)])
    if missed > 0.01:
        often[name] = f"{missed:.0%}"
assert list(often) == ["linear: transposed", "conv2d: mirrored"], often
kit.answer(f"""
In 500 tries the check saw nothing in {often}.
A transposed 4 × 4 matrix keeps its diagonal, a quarter of its entries; a mirrored 3 × 3 kernel
keeps its middle column, a third. The other five errors are wrong nearly everywhere.""")

# %% tags=["hide-cell"]
kit.answer(
    """
1. The sum is 1 whatever the scores are: the gradient is 0, and every multiple of it, too.
2. The mean of one number is the number.
3. Give it something that is wrong on purpose, and see whether it fails.
4. Errors hide where something is symmetric; random numbers have no symmetry.
5. With which function of the outputs, at which inputs and shapes, how exactly, and did the check
   fail for a wrong rule?
"""
)
