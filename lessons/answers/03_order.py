# %% tags=["hide-cell"]
said = []
for engine, first in [(hasty, "b"), (hasty, "a"), (once, "b"), (once, "a")]:
    a, b = doublings(1)
    c = Step((b, 1), (a, 1)) if first == "b" else Step((a, 1), (b, 1))
    c.grad = 1
    engine(c)
    said.append(a.grad)
assert said == [3, 3, 3, 3]
kit.answer(f"""
Both say {said[0]}, in either order: b is used once now, so what arrives there is at once
complete, and a hands nothing on. A wrong engine passes many tests.""")
