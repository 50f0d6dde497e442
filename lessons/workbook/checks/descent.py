"""Lesson 8: each optimizer beside minipose's, step by step."""

import numpy as np

import minipose as mp
from lessons.workbook.judge import leaf, same

START = np.array([2.0, -3.0, 0.5])
GRADS = [np.array([1.0, -0.5, 0.25]), np.array([0.5, 2.0, -1.0]), np.array([-1.5, 1.0, 0.1])]
SECOND = np.array([[1.5], [-0.5]])  # another parameter, whose gradient is that of GRADS, doubled


def _ours(make):
    """Where minipose's optimizer has brought both parameters after each step."""
    w, second = mp.Parameter(START.copy()), mp.Parameter(SECOND.copy())
    optimizer, path = make([w, second]), []
    for grad in GRADS:
        w.grad, second.grad = grad.copy(), 2 * grad[:2, None]
        optimizer.step()
        path.append((w.data.copy(), second.data.copy()))
    return path


def _compare(name, make, path, known):
    w, second = leaf(START), leaf(SECOND)
    optimizer = make([w, second])
    for k, (grad, (expected, beside)) in enumerate(zip(GRADS, path)):
        w.grad, second.grad = grad.copy(), 2 * grad[:2, None]
        optimizer.step()
        mistakes = {m: walk[k] for m, walk in known.items()}
        same(f"{name}: w after step {k + 1}", w.data, expected, known=mistakes, rtol=1e-9)
        mistakes = {"if only the first parameter moves: does the loop end too soon?": SECOND}
        what = f"{name}: the second parameter after step {k + 1}"
        same(what, second.data, beside, known=mistakes, rtol=1e-9)


def _walk(move):
    """The path of a formula move(w, g, memory, t) -> w."""
    w, memory, path = START.copy(), {}, []
    for t, g in enumerate(GRADS, start=1):
        w = move(w, g, memory, t)
        path.append(w)
    return path


def sgd(mine):
    e, m, d = 0.1, 0.9, 0.01

    def variant(momentum=m, decay=d, sign=-1.0, keep=True, rate=e, decay_rate=e):
        def move(w, g, memory, t):
            v = momentum * memory.get("v", 0 * w) - decay * decay_rate * w + sign * rate * g
            memory["v"] = v if keep else 0 * w
            return w + v

        return _walk(move)

    known = {
        "if one climbs: − ε · gradient": variant(sign=1.0),
        "if the velocity is not kept: self.velocity[k] = v": variant(keep=False),
        "without weight decay": variant(decay=0.0),
        "if the decay pushes away from 0: − λ ε w": variant(decay=-d),
        "if the decay forgets ε: λ · ε · w": variant(decay_rate=1.0),
        "if the gradient forgets ε": variant(rate=1.0),
        "if the momentum has become 1 − m": variant(momentum=1 - m),
        "if w − v is taken: v points downhill already": _walk(_minus),
    }
    package = _ours(lambda p: mp.optim.SGD(p, lr=e, momentum=m, weight_decay=d))
    _compare("SGD", lambda p: mine.SGD(p, e, m, d), package, known)


def _minus(w, g, memory, t):
    memory["v"] = 0.9 * memory.get("v", 0 * w) - 0.01 * 0.1 * w - 0.1 * g
    return w - memory["v"]


def adam(mine):
    e, b1, b2, eps = 0.1, 0.9, 0.99, 1e-3

    def variant(
        kept=True,
        half=False,
        correct=True,
        first=0,
        root=True,
        inside=False,
        squared=True,
        sign=-1.0,
        swap=False,
    ):
        def move(w, g, memory, t):
            one, two = (b2, b1) if swap else (b1, b2)
            memory["m"] = one * memory.get("m", 0 * w) + (1 - one) * g
            memory["v"] = two * memory.get("v", 0 * w) + (1 - two) * (g * g if squared else g)
            t += first
            mean = memory["m"] / (1 - one**t) if correct else memory["m"]
            square = memory["v"] / (1 - two**t) if correct and not half else memory["v"]
            if not kept:
                memory["m"], memory["v"] = mean, square
            below = np.sqrt(square + eps) if inside else (np.sqrt(square) if root else square) + eps
            return w + sign * e * mean / below

        return _walk(move)

    with np.errstate(all="ignore"):
        known = {
            "if both means are not corrected for their start at 0: m̂ and v̂": variant(correct=False),
            "if t is one too large": variant(first=1),
            "if the corrected means are kept: m̂ and v̂ are for this step only": variant(kept=False),
            "if only m is corrected: v̂, too": variant(half=True),
            "without the root": variant(root=False),
            "if eps is under the root": variant(inside=True),
            "if g stands where g² should": variant(squared=False),
            "if one climbs": variant(sign=1.0),
            "if β₁ and β₂ are exchanged": variant(swap=True),
        }
    package = _ours(lambda p: mp.optim.Adam(p, lr=e, betas=(b1, b2), eps=eps))
    _compare("Adam", lambda p: mine.Adam(p, e, b1, b2, eps), package, known)


PARTS = (sgd, adam)
