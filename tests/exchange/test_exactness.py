"""Scores are rounded by whoever computes them; the softmax behind them adds next to nothing."""

import numpy as np
import pytest

pytest.importorskip("onnx", reason="onnx is not installed, nothing can be written")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
pytest.importorskip("minipose.fast", reason="without it there is no Winograd to be compared")

from tests.exchange.exactness import differences
from tests.exchange.networks import network, pictures


def test_every_computation_beside_float64():
    net = network("normalised UNet triple")
    net.heads["mask"].weight.data *= 20  # scores as large as a trained network's
    found = list(differences(net, [pictures(net, 1, (64, 48))]))
    assert {(head, who) for head, who, _ in found} == {
        (head, who)
        for head in ("mask", "joints")
        for who in (
            "minipose", "minipose without Winograd", "onnxruntime", "onnxruntime, folded"
        )
    }  # fmt: skip
    for _, _, (score, probability, softmax) in found:
        assert 0 < score < 5e-6 and 0 < probability < 5e-5 and softmax < 1e-6
    assert net.heads["mask"].weight.dtype == np.float32
