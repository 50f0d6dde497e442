"""How parameters follow their gradients, and what goes with it: rates, clipping, averages.

- ``SGD`` and ``Adam`` in ``optimizers``; ``groups`` of parameters with options of their own
- ``Muon``, for the matrices inside a network, beside Adam for the rest: ``muon_with_adam``
- ``Together``: several optimizers as one
- ``schedules``: factors for the rate (warm-up, cosine, one-cycle, ...), by the step's number
- ``clip_gradients``, ``clip_gradient_values``
- ``Average`` of the weights over the last steps

All of them in one training:

>>> import numpy as np
>>> import minipose as mp
>>> rng = np.random.default_rng(0)
>>> layers = [mp.nn.Linear(2, 16, rng), mp.nn.Linear(16, 16, rng), mp.nn.Linear(16, 1, rng)]
>>> net = mp.nn.Sequential(layers[0], mp.nn.Tanh(), layers[1], mp.nn.Tanh(), layers[2])
>>> x = rng.uniform(-1, 1, (256, 2)).astype(np.float32)
>>> y = x[:, :1] * x[:, 1:]
>>> batches = mp.batches(x, y, batch_size=32, shuffle=0)
>>> optimizer = mp.optim.muon_with_adam(net, lr=0.02, adam_lr=0.004)
>>> rate = mp.optim.schedules.warmup_hold_cosine(steps=60 * len(batches), warmup=10)
>>> average = mp.optim.Average(net)
>>> step = 0
>>> for epoch in range(60):
...     for inputs, targets in batches:
...         optimizer.lr = 0.02 * rate(step)
...         mp.losses.mse(net(inputs), targets.data).backward()
...         norm = mp.optim.clip_gradients(net.parameters(), max_norm=1.0)
...         optimizer.step()
...         optimizer.zero_grad()
...         average.update()
...         step += 1
>>> with average.applied():
...     error = mp.losses.mse(net(mp.Tensor(x)), y).item()
>>> print(error < 0.01 * y.var())
True
"""

import importlib

from minipose.optim.optimizers import SGD, Adam, Optimizer, update

_ON_DEMAND = {  # imported when they are first asked for
    "Muon": "muon",
    "muon_with_adam": "muon",
    "Together": "together",
    "Average": "average",
    "clip_gradients": "clipping",
    "clip_gradient_values": "clipping",
}


def __getattr__(name: str) -> object:
    if name == "schedules":
        return importlib.import_module("minipose.optim.schedules")
    if name in _ON_DEMAND:
        return getattr(importlib.import_module(f"minipose.optim.{_ON_DEMAND[name]}"), name)
    raise AttributeError(f"module 'minipose.optim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), "schedules", *_ON_DEMAND})
