"""One library in a process of its own: reads commands from stdin, answers in JSON, a line each.

``check PATH`` writes outputs and gradients, ``time N`` runs N steps and answers seconds a step,
``memory`` answers the most memory that the process ever held, in bytes.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import time

import numpy as np

from tests.bench.memory import peak_memory


def main() -> None:
    side, name, variant, device, weights = sys.argv[1:6]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not get between the answers
    if side == "theirs":
        import torch

        torch.set_num_threads(int(os.environ["MINIPOSE_THREADS"]))
        tf32 = os.environ.get("CUPY_TF32") == "1"
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
    from tests.bench import cases, ops_cases

    if weights == "ops":
        built = ops_cases.build(side, variant, device)
    else:
        module = importlib.import_module(f"tests.bench.{side}")
        with np.load(weights) if weights != "none" else contextlib.nullcontext({}) as state:
            built = module.Side(cases.Case(**json.loads(name)), variant, device, state)
    for line in sys.stdin:
        command, *rest = line.split()
        print(json.dumps(answer(built, command, rest)), file=answers, flush=True)
    getattr(built, "close", lambda: None)()


def answer(built: object, command: str, rest: list[str]) -> object:
    """What a command gives."""
    if command == "check":
        np.savez(rest[0], **built.check())
        return "done"
    if command == "choose":
        return built.choose(rest[0])
    if command == "memory":
        others = getattr(built, "host_memory", lambda: 0)()
        return {"host": peak_memory() + others, "device": built.device_memory()}
    if command == "time":
        step, count = built.step(), int(rest[0])
        clock = getattr(time, os.environ["BENCH_CLOCK"])
        built.wait()
        start = clock()
        for _ in range(count):
            step()
        built.wait()
        return (clock() - start) / count
    if command == "ceiling":
        return sgemm(built)
    raise ValueError(f"worker: unknown command {command!r}")


def sgemm(built: object, size: int = 2048) -> float:
    """float32 operations per second of a large matrix product (NumPy's or CuPy's)."""
    from minipose.backend import device_module

    xp = device_module(built.device)
    a = xp.ones((size, size), dtype=xp.float32)
    out = a @ a
    best, clock = float("inf"), getattr(time, os.environ["BENCH_CLOCK"])
    for _ in range(5):
        built.wait()
        start = clock()
        xp.matmul(a, a, out=out)
        built.wait()
        best = min(best, clock() - start)
    return 2 * size**3 / best


if __name__ == "__main__":
    main()
