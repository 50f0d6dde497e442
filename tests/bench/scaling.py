"""``python -m tests.bench.scaling``: what do two ranks gain over one?

One process with one thread and two ranks with a thread each take turns on the same network: on one
batch (strong scaling) and on a batch for each (weak). Needs the extra ``cluster``, and two cores
that have nothing else to do: beside other programs only the processor's time says something.
Prints tables, and draws what the α-β model makes of them for 64 machines.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

from minipose.errors import Parser
from tests.bench import machine
from tests.bench.cases import Case, arithmetic
from tests.bench.scaling_model import ENOUGH, ETHERNET, NVLINK, Link, Work, fit

PLOT, BEGIN, END = Path("docs/images/scaling.png"), "<!-- scaling:begin -->", "<!-- scaling:end -->"
UNET = {"network": "unet", "batch": 8, "size": (96, 64), "width": 16, "training": True}
POSENET = {"network": "posenet", "batch": 128, "size": (128, 128), "training": True}
CASES = [
    Case("posenet", "PoseNet [5 10 15], 128 × 1×128×128", **POSENET),
    Case("posenet-256", "PoseNet [5 10 15], 256 × 1×128×128", **POSENET | {"batch": 256}),
    Case("posenet-large", "PoseNet [32 64 64], 16 × 1×128×128", kernels=(32, 64, 64),
         **POSENET | {"batch": 16}),
    Case("unet", "U-Net 16-256, 8 × 3×96×64", **UNET),
    Case("hnet", "H-Net 8+8 to 128+128, 8 × 3×96×64", **UNET | {"network": "hnet"}),
]  # fmt: skip
SIZES = (64, 1 << 12, 1 << 16, 1 << 18, 1 << 20, 1 << 22)  # bytes
GPU = 20e12  # operations a second, assumed: nothing was measured on a GPU
RANKS = (1, 2, 4, 8, 16, 32, 64)


class Group:
    """So many ranks that train one network, as a process that answers."""

    def __init__(self, case: Case, ranks: int) -> None:
        environment = os.environ | {
            "MINIPOSE_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "BENCH_CLOCK": "perf_counter",
            "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        }  # fmt: skip
        command = [sys.executable, "-m", "tests.bench.scaling_worker", json.dumps(asdict(case))]
        if ranks > 1:
            command = [str(Path(sys.executable).with_name("mpirun")), "-n", str(ranks), *command]
        pipe = subprocess.PIPE
        # Linux shares its processors out among sessions, and mpirun's processes have their own.
        self.process = subprocess.Popen(
            command, env=environment, stdin=pipe, stdout=pipe, text=True, bufsize=1,
            start_new_session=True,
        )  # fmt: skip

    def ask(self, command: str) -> object:
        """The answer to a command."""
        self.process.stdin.write(command + "\n")
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"bench: the ranks ended ({self.process.wait()})")
        return json.loads(line)

    def __enter__(self) -> Group:
        return self

    def __exit__(self, *exception: object) -> None:
        self.process.stdin.close()
        self.process.wait()


def measure(case: Case, rounds: int) -> dict:
    """Seconds a step of each group, and the median of the ratios within a round."""
    half, double = (replace(case, batch=int(case.batch * f)) for f in (0.5, 2))
    with Group(case, 1) as one, Group(half, 1) as smaller, Group(case, 2) as two:
        with Group(double, 2) as weak:
            groups = {"one": one, "half": smaller, "strong": two, "weak": weak}
            for group in groups.values():
                group.ask("time 1")
            count = max(1, round(0.5 / one.ask("time 1")[0]))
            times = {name: [] for name in groups}
            for turn in range(rounds):
                order = list(groups) if turn % 2 else list(groups)[::-1]
                for name in order:
                    times[name].append(groups[name].ask(f"time {count}"))
            traffic = two.ask("traffic")

    def ratios(name: str, clock: int) -> list[float]:
        return [a[clock] / b[clock] for a, b in zip(times["one"], times[name], strict=True)]

    strong = ratios("strong", 0)
    return {
        "title": case.title,
        "batch": case.batch,
        **{name: statistics.median(wall for wall, _ in pairs) for name, pairs in times.items()},
        "speedup": statistics.median(strong),
        "range": (min(strong), max(strong)),
        "busy": statistics.median(ratios("strong", 1)),
        "weak_speedup": 2 * statistics.median(ratios("weak", 0)),
        **traffic,
        "operations": arithmetic(case) / case.batch,
        "load": os.getloadavg()[0],
    }


def all_reduce(rounds: int) -> tuple[list[float], Link]:
    """Seconds of an all-reduce of each of ``SIZES`` between two ranks, and the fit."""
    with Group(CASES[0], 2) as two:
        seconds = []
        for size in SIZES:
            two.ask(f"reduce {size} 3")
            count = 200 if size < 1 << 18 else 20
            seconds.append(min(two.ask(f"reduce {size} {count}")[0] for _ in range(rounds)))
    return seconds, fit(list(SIZES), seconds)


def main() -> int:
    parser = Parser(prog="python -m tests.bench.scaling", description=__doc__)
    names = [case.name for case in CASES]
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="networks")
    parser.add_argument("--rounds", type=int, default=9, help="in which the groups take turns")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put tables and plot into it")
    options = parser.parse_args()
    if not Path(sys.executable).with_name("mpirun").exists():
        print("needs mpi4py and an MPI: pip install -e '.[cluster]'", file=sys.stderr)
        return 1
    rows = []
    for case in CASES:
        if case.name in options.only:
            rows.append(measure(case, options.rounds))
            print(line(rows[-1]), flush=True)
    seconds, link = all_reduce(options.rounds)
    text = "\n".join(tables(rows, seconds, link))
    print(text)
    if options.write:
        draw(rows)
        old = options.write.read_text(encoding="utf-8")
        before, after = old.split(BEGIN)[0], old.split(END)[1]
        options.write.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
        print(f"wrote {options.write} and {PLOT}")
    return 0


def line(row: dict) -> str:
    """One network on the screen."""
    low, high = row["range"]
    return (
        f"{row['title']}: one {1e3 * row['one']:.0f} ms, two {1e3 * row['strong']:.0f} ms, "
        f"{row['speedup']:.2f}× ({low:.2f}-{high:.2f}), of processor time {row['busy']:.2f}×, "
        f"weak {row['weak_speedup']:.2f}×, "
        f"load {row['load']:.1f}"
    )


def one_of_each(rows: list[dict]) -> list[dict]:
    """The first row of each network: what the model says does not depend on the measured batch."""
    found: dict[str, dict] = {}
    for row in rows:
        found.setdefault(name_of(row), row)
    return list(found.values())


def name_of(row: dict) -> str:
    """The network without its batch."""
    return row["title"].split(",")[0]


def work(row: dict, on_gpu: bool = False) -> Work:
    """A step's cost: fitted to one process at two batches, or by arithmetic alone."""
    if on_gpu:
        return Work(0.0, row["operations"] / GPU, row["bytes"], row["messages"])
    image = max(0.0, (row["one"] - row["half"]) / (row["batch"] / 2))
    return Work(max(0.0, row["one"] - image * row["batch"]), image, row["bytes"], row["messages"])


def tables(rows: list[dict], seconds: list[float], link: Link) -> list[str]:
    """Markdown."""
    lines = [
        f"Measured on: {machine.describe('cpu')}; load "
        f"{min(r['load'] for r in rows):.1f} to {max(r['load'] for r in rows):.1f}.",
        "",
        "| network, batch | one process | two ranks | strong | least-most | of processor time | "
        "the model says | weak |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        model = work(row)
        said = model.compute(row["batch"]) / model.step(2, row["batch"] / 2, link)
        low, high = row["range"]
        lines.append(
            f"| {row['title']} | {1e3 * row['one']:.0f} ms | {1e3 * row['strong']:.0f} ms | "
            f"{row['speedup']:.2f} × | {low:.2f}-{high:.2f} | {row['busy']:.2f} × | {said:.2f} × | "
            f"{row['weak_speedup']:.2f} × |"
        )
    lines += ["", "| all-reduce between two ranks | measured | α-β model |", "|---|---|---|"]
    for size, found in zip(SIZES, seconds, strict=True):
        lines.append(
            f"| {size} bytes | {1e6 * found:.0f} µs | {1e6 * link.seconds(2, size):.0f} µs |"
        )
    lines += [
        "",
        f"Fitted: α = {1e6 * link.alpha:.1f} µs, 1/β = {1e-9 / max(link.beta, 1e-15):.1f} GB/s.",
        "",
        f"| network | messages a step | MB a step | images a machine for {ENOUGH:.0%} on 64: "
        f"{ETHERNET.name} | whole batch | {NVLINK.name} | whole batch |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in one_of_each(rows):
        needed = [work(row).needed(64, ETHERNET), work(row, on_gpu=True).needed(64, NVLINK)]
        cells = " | ".join(f"{batch} | {64 * batch}" for batch in needed)
        lines.append(f"| {name_of(row)} | {row['messages']} | {row['bytes'] / 1e6:.2f} | {cells} |")
    return lines


def draw(rows: list[dict]) -> None:
    """How much of the speed of as many single machines is left, at two batches a machine."""
    from minipose.plots import canvas

    plot = canvas.new_plot(10, 4.6)
    axes = plot.subplots(1, 2, sharey=True)
    places = [(ETHERNET, False, "this machine's ranks"), (NVLINK, True, "GPUs (assumed speed)")]
    for ax, (link, on_gpu, who) in zip(axes, places, strict=True):
        for n, row in enumerate(one_of_each(rows)):
            for style, batch in (("-", row["batch"]), ("--", max(1, row["batch"] // 16))):
                left = [100 * work(row, on_gpu).speedup(p, batch, link) / p for p in RANKS]
                label = f"{name_of(row)}, {batch} each"
                ax.semilogx(RANKS, left, style, color=f"C{n}", label=label)
        ax.set_title(f"{link.name}, {who}", loc="left", fontsize=10)
        ax.set(xlabel="machines", ylabel="% of linear speed", ylim=(0, 104))
        ax.set_xticks(RANKS, [str(p) for p in RANKS])
        ax.minorticks_off()
    axes[0].legend(fontsize=8, loc="lower left", ncols=2, title="images on each machine")
    canvas.save(plot, PLOT)


if __name__ == "__main__":
    sys.exit(main())
