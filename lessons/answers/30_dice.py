# %% tags=["hide-cell"]
lines = []
for k in (10, 50):
    too_many, too_few = 2 * 100 / (200 + k), 2 * (100 - k) / (200 - k)
    assert too_many > too_few
    lines.append(f"{k}: too many {too_many:.3f}, too few {too_few:.3f}")
kit.answer(
    "\n".join(lines) + "\nToo many is forgiven more easily, and the more so the more there are."
)
