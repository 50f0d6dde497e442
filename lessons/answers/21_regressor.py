# %% tags=["hide-cell"]
total = sum(p.size for p in begun.parameters())
frozen = sum(p.size for p in begun.shared_parameters())
assert frozen < 0.01 * total
kit.answer(
    f"Only {frozen:,} of {total:,} weights are frozen ({frozen / total:.2%}), and yet the\n"
    "convolutions do most of the arithmetic: each of their weights is used at many places\n"
    "(lesson 43 counts). What was good for windows is then all that the regressor ever sees."
)
