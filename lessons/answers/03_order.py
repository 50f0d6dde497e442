# %% tags=["hide-cell"]
said = []
for engine, first in [(hasty, "b"), (hasty, "a"), (once, "b"), (once, "a")]:
    a, b = doublings(1)
    c = Step((b, 1), (a, 1)) if first == "b" else Step((a, 1), (b, 1))
    c.grad = 1
    engine(c)
    said.append(a.grad)
assert said == [3, 3, 3, 3]
wrong = []
for engine in (hasty, once):
    a, b = doublings(1)
    c = Step((b, 1), (b, 1), (b, 1))
    c.grad = 1
    engine(c)
    wrong.append(a.grad)
assert 6 not in wrong
kit.answer(f"""
About b + a both say {said[0]}, in either order: b is used once now, so what arrives there is at once
complete, and a hands nothing on. A wrong engine passes many tests. About b + b + b they say
{wrong[0]} and {wrong[1]}.""")

# %% tags=["hide-cell"]
kit.answer(
    """
1. When it has arrived from every step that used the value.
2. It hands on all that has gathered whenever something arrives, so the first part is handed on
   again with the second.
3. It hands on what arrived first and never what comes later.
4. It counts the uses beforehand, and goes on to a step when the last of its uses has reported.
5. Python allows only so many nested calls, about a thousand; a network may be deeper.
"""
)
