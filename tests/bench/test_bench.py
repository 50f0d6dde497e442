"""The benchmark's own arithmetic: what it counts, what it refuses, what it writes."""

import numpy as np
import pytest

import minipose as mp
from minipose import ops
from minipose.kernels import im2col
from minipose.kernels.faster import plain_only
from tests.bench import __main__ as bench
from tests.bench import cases, driver, ops_cases, plain, results, tables
from tests.bench.lenet import LeNet

HARMONIC = {  # one op each here, whole modules elsewhere: PyTorch has no counterpart
    "complex_batch_norm", "complex_relu", "concatenate_streams", "harmonic_conv2d",
    "harmonic_kernel", "magnitude_gate", "map_dropout",
    "normalised_gate", "polar",
}  # fmt: skip
NOT_IN_A_NETWORK = {  # of this project: they have no size of their own to be timed at
    "abs", "clip", "einsum", "flatten", "logsumexp", "max", "maximum", "min", "minimum",
    "pixel_shuffle", "pixel_unshuffle", "stack",
    "var", "where",
}  # fmt: skip


def test_every_op_is_timed():
    timed = {op.op for op in ops_cases.OPS}
    assert set(ops.__all__) - timed == HARMONIC | NOT_IN_A_NETWORK


def test_ops_are_chosen_by_name_or_by_how_their_row_begins(capsys):
    def names(*given):
        return [ops_cases.OPS[k].name for k in ops_cases.chosen(list(given))]

    assert names("sum", "conv2d 1×1") == ["conv2d 1×1, 64 → 26, 192×128", "sum 1×64×192×128"]
    assert ops_cases.chosen(None) == list(range(len(ops_cases.OPS)))
    quick = [ops_cases.OPS[k].op for k in ops_cases.chosen(None, quick=True)]
    assert set(quick) == ops_cases.QUICK
    with pytest.raises(SystemExit):
        bench.main(["--ops", "sum", "nothing"])
    assert "--ops: expected names of ops, or how their rows begin, got ['nothing']" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize(
    "wrong", ["--runs 0", "--runs x", "--seconds 0", "--seconds nan", "--threads 0"]
)
def test_what_cannot_be_measured_is_refused(capsys, wrong):
    with pytest.raises(SystemExit) as stopped:
        bench.main(wrong.split())
    assert stopped.value.code == 2
    assert (
        capsys.readouterr().err.splitlines()[-1].startswith(f"error: argument {wrong.split()[0]}")
    )


@pytest.mark.parametrize("name", ["unet-infer", "posenet-small-infer", "lenet-infer"])
def test_arithmetic_is_that_of_the_convolutions(monkeypatch, name):
    """Counted call by call in a forward pass, with kernels at every place where they are put."""
    case = cases.Case(
        "", "", cases.named(name).network, False, 1, (32, 16), kernels=(2, 3, 4), width=2
    )
    products = []
    forward, linear = im2col.forward, ops.linear

    def count(x, weight, *rest):
        y = forward(x, weight, *rest)
        products.append(weight.size * y.shape[2] * y.shape[3])
        return y

    monkeypatch.setattr(im2col, "forward", count)
    monkeypatch.setattr(ops, "linear", lambda x, w, b: products.append(w.size) or linear(x, w, b))
    with plain_only():
        if case.network == "unet":
            mp.models.UNet(cases.CLASSES, width=2)(mp.Tensor(np.zeros((1, 3, 32, 16), np.float32)))
        elif case.network == "lenet":
            LeNet()(mp.Tensor(np.zeros((1, 1, 28, 28), np.float32)))
        else:
            net = mp.models.PoseNet((2, 3, 4), "regression")
            net(mp.Tensor(np.zeros((1, 1, 128, 128), np.float32)))
    assert cases.arithmetic(case) == 2 * sum(products)


def test_plain_steps_are_timed_beside_fast_ones(capsys, monkeypatch):
    tiny = cases.Case("tiny", "Tiny, training step", "unet", True, 1, (32, 16), width=1)
    monkeypatch.setattr(plain, "TRAINED", [tiny])
    monkeypatch.setenv("MINIPOSE_THREADS", "1")
    monkeypatch.setenv("BENCH_CLOCK", "process_time")
    monkeypatch.setattr("sys.argv", ["plain", "--pairs", "2"])
    assert plain.main() == 0
    assert "| Tiny | 0.0" in capsys.readouterr().out
    times = plain.ratios(tiny, 2)
    assert times.shape == (2, 2) and (times > 0).all()


def test_different_results_are_refused(tmp_path):
    same, other = tmp_path / "a.npz", tmp_path / "b.npz"
    np.savez(same, y=np.ones(100), g=np.arange(5.0))
    np.savez(other, y=np.ones(100) * 1.0001, g=np.arange(5.0))
    assert driver.compare(same, other) == pytest.approx(1e-4, rel=0.01)
    np.savez(other, y=np.ones(100) * 1.01, g=np.arange(5.0))
    with pytest.raises(AssertionError, match=r"y differs from PyTorch's by 9\.9e-03"):
        driver.compare(same, other)
    np.savez(other, y=np.full(100, np.nan), g=np.arange(5.0))
    with pytest.raises(AssertionError, match="y differs"):
        driver.compare(same, other)
    np.savez(other, y=np.ones(100))
    with pytest.raises(AssertionError, match=r"different results: \{'g'\}"):
        driver.compare(same, other)


def row(title, ratio):
    memory = {"host": 3 << 20, "device": 0}
    one = {"ours": 0.01, "theirs": 0.01 * ratio, "ratio": ratio, "difference": 1e-5}
    pairs = {"eager": {**one, "memory": memory}}
    return {"title": title, "pairs": pairs, "best": "eager", "ratio": ratio, "memory": memory,
            "goal": 1.5, "eager_goal": 3.0, "arithmetic": 1e9, "ceiling": 2e11}  # fmt: skip


def test_the_tables_are_replaced_and_the_prose_stays(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    monkeypatch.setattr(results, "PATH", tmp_path)
    kept = results.Results("cpu", "a machine; 2026-01-01", fresh=False)
    kept.add("networks", "unet-train", row("U-Net", 1.0))
    tables.write(kept, page)
    page.write_text(
        page.read_text().replace("# Performance", "# Performance\n\nProse.") + "More.\n"
    )
    again = results.Results("cpu", "a machine; 2026-01-02", fresh=False)
    again.add("networks", "posenet-small-train", row("PoseNet", 2.0))
    tables.write(again, page)
    text = page.read_text()
    assert (
        text.count("<!-- bench: cpu -->") == 1 and "Prose." in text and text.endswith("\nMore.\n")
    )
    assert "| U-Net | 10 ms |" in text  # from the earlier run
    assert "**2.00 (1.5)**" in text and "| 1.00 (1.5)" in text
    assert "a machine; 2026-01-02" in text and "2026-01-01" not in text

    other = results.Results("cuda", "another machine; 2026-01-02", fresh=False)
    assert not other.rows("networks")
    other.add("networks", "unet-train", row("U-Net", 3.0))
    tables.write(other, page)
    longer = page.read_text()
    begin, end = longer.index(tables.BEGIN), longer.index(tables.END)
    assert begin < longer.index("bench: cpu -->") < longer.index("bench: cuda -->") < end
    assert longer.startswith(text[: text.index(tables.END)]) and longer.endswith("\nMore.\n")
    tables.write(other, page)
    assert page.read_text() == longer


def test_several_runs_show_their_middle_and_their_range(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    monkeypatch.setattr(results, "PATH", tmp_path)
    kept = results.Results("cpu", "a machine; 2026-01-01", fresh=False)
    for number, ratio in enumerate((9.0, 1.2, 1.6, 1.4)):  # the first is of an earlier call
        kept.add("networks", "unet-train", row("U-Net", ratio), again=number > 1)
    kept.add("ops", "relu", {"name": "relu", "ours": 0.01, "theirs": 0.01, "ratio": 1.0})
    tables.write(kept, page)
    text = page.read_text()
    assert "| times the best (goal) | in 3 runs | times eager (goal) |" in text
    assert "| 1.40 (1.5) | 1.20-1.60 | 1.40 (3) |" in text
    assert "| relu | 10 ms | 10 ms | 1.00 |\n" in text  # no range of a single run
    assert results.Results("cpu", "a machine; 2026-01-03", fresh=False).rows("networks")


def test_small_convolutions_stand_beside_plain_im2col(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    monkeypatch.setattr(results, "PATH", tmp_path)
    kept, name = results.Results("cpu", "a machine; 2026-01-01", fresh=False), "conv2d 5×5"
    pair = {"ours": 0.01, "theirs": 0.02, "ratio": 2.0}
    kept.add("small", name, {"name": name, "plain": pair, "torch": None})
    tables.write(kept, page)
    assert "| conv2d 5×5 | 10 ms | 2.00 | – |" in page.read_text()
    kept.add("small", name, {"name": name, "plain": pair, "torch": {**pair, "ratio": 1.5}})
    tables.write(kept, page)
    assert "| conv2d 5×5 | 10 ms | 2.00 | 1.50 |" in page.read_text()


def test_the_plain_side_of_small_convolutions_is_plain():
    pytest.importorskip("minipose.fast")
    number = next(k for k, op in enumerate(ops_cases.SMALL, len(ops_cases.OPS))
                  if op.shapes[:2] == ((128, 6, 14, 14), (16, 6, 5, 5)))  # fmt: skip
    homes = []
    for variant in ("minipose", "plain"):
        side = ops_cases.build("ours", variant, "cpu")
        side.choose(str(number))
        homes.append(side._apply().node.backward.__module__)
    assert homes == ["minipose.fast.convolution", "minipose.ops.conv"]


def test_results_of_another_machine_are_dropped(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "PATH", tmp_path)
    results.Results("cpu", "a machine; 2026-01-01", fresh=False).add(
        "networks", "unet-train", row("U-Net", 1.0)
    )
    assert results.Results("cpu", "a machine; 2026-01-02", fresh=False).rows("networks")
    assert not results.Results("cpu", "another machine; 2026-01-02", fresh=False).rows("networks")
