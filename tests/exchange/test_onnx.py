"""Each network as ONNX: checked by onnx, computed by onnxruntime, read back to the same bits."""

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="onnx is not installed, nothing can be written")
runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

from minipose.datasets.picture_files import read_grey, read_rgb  # noqa: E402
from minipose.datasets.resize import factor_for, resize_bicubic  # noqa: E402
from minipose.exchange import onnx_file  # noqa: E402
from minipose.exchange.onnx_graph import Options  # noqa: E402
from minipose.experiments.pose3d.predict import crop_person  # noqa: E402
from minipose.models import HNet, PoseNet  # noqa: E402
from tests.exchange.networks import (  # noqa: E402
    MAKERS,
    assert_same_bits,
    emptied,
    network,
    outputs,
    pictures,
)

SAME = 1e-5  # of the largest score
FOLDING = ["normalised UNet triple", "HNet mask", "HNet triple"]
each_form = pytest.mark.parametrize(
    ("name", "fold"), [(n, False) for n in MAKERS] + [(n, True) for n in FOLDING]
)


def session(model: onnx.ModelProto):
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    return runtime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def assert_same(theirs: list[np.ndarray], ours: list[np.ndarray], most: float = SAME) -> None:
    for a, b in zip(theirs, ours, strict=True):
        assert a.shape == b.shape and a.dtype == b.dtype == np.float32
        assert np.isfinite(b).all() and b.std() > 0
        np.testing.assert_allclose(a, b, rtol=0, atol=most * max(1, np.abs(b).max()))


@each_form
def test_the_outputs_are_the_same_and_the_weights_come_back(name, fold, tmp_path):
    net = network(name)
    inputs, leaving = onnx_file.write(tmp_path / "a.onnx", net, Options(fold=fold))
    model = onnx.load(tmp_path / "a.onnx")
    onnx.checker.check_model(model, full_check=True)
    run = session(model)
    for got, ports in ((run.get_inputs(), inputs), (run.get_outputs(), leaving)):
        assert [(g.name, tuple(g.shape)) for g in got] == [(p.name, p.shape) for p in ports]
    for count, size in ((2, (37, 50)), (1, (64, 48))):
        x = pictures(net, count, size)
        assert_same(run.run(None, {"image": x}), outputs(net, x))
    other = emptied(net)
    onnx_file.read(tmp_path / "a.onnx", other)
    assert_same_bits(net.state_dict(), other.state_dict())


@pytest.mark.parametrize(
    "name", ["PoseNet detection", "PoseNet regression", "UNet triple", "HNet mask"]
)
def test_probabilities(name):
    net = network(name)
    x = pictures(net)
    got = session(onnx_file.build(net, Options(probabilities=True))).run(None, {"image": x})
    expected = outputs(net, x)
    if isinstance(net, PoseNet):
        if net.head == "detection":
            expected = [1 / (1 + np.exp(-2 * z)) for z in expected]
    else:
        expected = [_softmax(z) if z.shape[1] > 1 else z for z in expected]
    assert_same(got, expected)


def _softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("name", ["UNet triple", "HNet mask"])
def test_without_padding_sides_are_multiples_of_16(name):
    net = network(name)
    model = onnx_file.build(net, Options(padding=False))
    assert not {"Pad", "Slice"} & {node.op_type for node in model.graph.node}
    run = session(model)
    x = pictures(net, 2, (32, 48))
    assert_same(run.run(None, {"image": x}), outputs(net, x))
    with pytest.raises(Exception, match=r"(?i)dimension|shape"):
        run.run(None, {"image": pictures(net, 2, (32, 40))})


@pytest.mark.parametrize("size", [(1, 1), (1, 33), (15, 16), (17, 64)])
def test_any_size(size):
    net = network("UNet mask")
    x = pictures(net, 1, size)
    got = session(onnx_file.build(net, Options())).run(None, {"image": x})
    np.testing.assert_allclose(got[0], outputs(net, x)[0], rtol=0, atol=SAME)


def test_a_flat_background_does_not_cost_h_net_its_digits():
    """Where one sum runs over all pixels, a mean of nearly equal numbers is wrong by 1e-4."""
    rng = np.random.default_rng(0)
    x = np.full((1, 3, 192, 128), 0.95, np.float32)
    x[:, :, 30:170, 45:85] = rng.random((1, 3, 140, 40))
    net = HNet({"mask": 2}, width=4).eval()
    assert_same(session(onnx_file.build(net, Options())).run(None, {"image": x}), outputs(net, x))


@pytest.mark.parametrize("name", FOLDING)
def test_folded_files_hold_plain_convolutions_alone(name):
    nodes = onnx_file.build(network(name), Options(fold=True)).graph.node
    assert not {"BatchNormalization", "Cos", "Sin", "MatMul"} & {n.op_type for n in nodes}
    plain = onnx_file.build(network(name), Options()).graph
    assert {"BatchNormalization", "Cos"} & {n.op_type for n in plain.node}
    state = network(name).state_dict()  # and the others hold the parameters as they are
    held = {t.name: onnx.numpy_helper.to_array(t) for t in plain.initializer if t.name in state}
    assert_same_bits(state, {n: held[n] for n in state})


# --- Real pictures --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["normalised UNet triple", "HNet triple"])
def test_ten_real_pictures(name, shared):
    net, folder = network(name), shared("data", "real", "ccp", "images")
    run = session(onnx_file.build(net, Options(fold=True)))
    paths = sorted(folder.glob("*.jpg"))[:10]
    assert len(paths) == 10
    for path in paths:
        image = read_rgb(path)
        small = resize_bicubic(image, factor_for(image.shape[:2]))
        x = np.ascontiguousarray(small.transpose(2, 0, 1)[None]).astype(np.float32) / 255
        assert_same(run.run(None, {"image": x}), outputs(net, x))


def test_ten_real_people_for_posenet(shared):
    net, folder = network("PoseNet regression"), shared("data", "real", "ccp", "images")
    run = session(onnx_file.build(net, Options()))
    crops = []
    for path in sorted(folder.glob("*.jpg"))[:10]:
        grey = read_grey(path)
        crops.append(crop_person(grey, (0, 0, *grey.shape[::-1]), None)[0])
    x = np.stack(crops)[:, None].astype(np.float32) / 255
    assert x.shape == (10, 1, 128, 128)
    assert_same(run.run(None, {"image": x}), outputs(net, x))
