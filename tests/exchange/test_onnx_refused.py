"""ONNX files that are refused in one line, and the weights from before stay."""

import base64

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="onnx is not installed, nothing can be written")

from minipose.errors import UserError  # noqa: E402
from minipose.exchange import onnx_file, onnx_graph  # noqa: E402
from minipose.exchange.onnx_graph import Options  # noqa: E402
from minipose.models import HNet, UNet  # noqa: E402
from tests.exchange.networks import assert_same_bits, network  # noqa: E402


def written(path, name="HNet mask", **options):
    onnx_file.write(path, network(name), Options(**options))
    return onnx.load(path)


def refused(path, net=None, model=None):
    """The message; the network's weights stay as they were."""
    if model is not None:
        path.write_bytes(model.SerializeToString())
    net = network("HNet mask") if net is None else net
    before = net.state_dict()
    with pytest.raises(UserError) as error:
        onnx_file.read(path, net)
    assert_same_bits(before, net.state_dict())
    assert str(error.value).startswith(f"{path}: ") and "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x00" * 100, b"PK\x03\x04" + b"\xff" * 50])
def test_what_is_no_onnx_file(content, tmp_path):
    (tmp_path / "a.onnx").write_bytes(content)
    assert "ONNX file" in refused(tmp_path / "a.onnx")


def test_no_file_at_all(tmp_path):
    assert "no such file, expected" in refused(tmp_path / "a.onnx")
    assert "a folder, expected" in refused(tmp_path)


def test_an_onnx_file_of_another_program(tmp_path):
    model = written(tmp_path / "a.onnx")
    del model.metadata_props[:]
    assert "not an ONNX file that export" in refused(tmp_path / "a.onnx", model=model)


@pytest.mark.parametrize("fold", [False, True])
def test_cut_off_files(fold, tmp_path):
    path = tmp_path / "a.onnx"
    written(path, fold=fold)
    whole = path.read_bytes()
    for part in np.linspace(0, len(whole), 20, endpoint=False).astype(int).tolist():
        path.write_bytes(whole[:part])
        refused(path)
    path.write_bytes(whole[:-1])
    refused(path)


def test_another_network(tmp_path):
    path = tmp_path / "a.onnx"
    written(path)
    assert "weights of a HNet, expected a UNet's" in refused(path, network("UNet mask"))
    assert "does not fit: HNet: state lacks heads.joints" in refused(path, network("HNet triple"))
    wider = HNet({"mask": 2}, width=3)
    assert "has shape (4, 3, 1) in the state, expected (6, 3, 1)" in refused(path, wider)
    written(path, "PoseNet detection")
    assert "does not fit" in refused(path, network("PoseNet regression"))
    written(path, "UNet triple")
    assert "unexpected heads.joints.bias" in refused(path, network("UNet mask"))


def test_weights_in_another_file(tmp_path):
    model = written(tmp_path / "a.onnx", "UNet mask")
    onnx.save_model(
        model, tmp_path / "a.onnx", save_as_external_data=True, size_threshold=0, location="b.bin"
    )
    assert "lies in another file" in refused(tmp_path / "a.onnx", network("UNet mask"))


def test_weights_of_another_precision(tmp_path):
    path, net = tmp_path / "a.onnx", network("UNet mask")
    model = written(path, "UNet mask")
    for tensor in model.graph.initializer:
        if tensor.name == "up.0.first.weight":
            half = onnx.numpy_helper.to_array(tensor).astype(np.float16)
            tensor.CopyFrom(onnx.numpy_helper.from_array(half, tensor.name))
    assert "up.0.first.weight is float16, expected float32" in refused(path, net, model)


def test_damaged_tensors(tmp_path):
    path = tmp_path / "a.onnx"
    model = written(path, "UNet mask")
    first = next(t for t in model.graph.initializer if t.name == "down.0.first.weight")
    first.raw_data = first.raw_data[:-4]
    assert "damaged at down.0.first.weight" in refused(path, network("UNet mask"), model)
    model = written(path, "UNet mask")
    model.graph.initializer.append(model.graph.initializer[0])
    assert "is there twice" in refused(path, network("UNet mask"), model)


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_weights_that_are_not_finite(value, tmp_path):
    path = tmp_path / "a.onnx"
    model = written(path, "UNet mask")
    tensor = next(t for t in model.graph.initializer if t.name == "down.0.first.weight")
    array = onnx.numpy_helper.to_array(tensor).copy()
    array.flat[3] = value
    tensor.CopyFrom(onnx.numpy_helper.from_array(array, tensor.name))
    said = refused(path, network("UNet mask"), model)
    assert "down.0.first.weight holds numbers that are not finite" in said


def test_names_that_are_no_text(tmp_path):
    """Some versions of protobuf hand bytes on that are no UTF-8."""
    path = tmp_path / "a.onnx"
    content = written(path, "UNet mask").SerializeToString()
    path.write_bytes(content.replace(b"down.0.first.weight", b"down.\xff.first.weight"))
    refused(path, network("UNet mask"))


@pytest.mark.parametrize("change", ["kernel", "parameter", "text", "missing"])
def test_kernels_and_kept_parameters_that_do_not_agree(change, tmp_path):
    """Else a file that was trained further elsewhere would give its old weights."""
    path = tmp_path / "a.onnx"
    model = written(path, fold=True)
    kept = next(
        e for e in model.metadata_props if e.key.endswith("down.1.first.convolution.radial")
    )
    if change == "kernel":
        tensor = next(t for t in model.graph.initializer if t.name.startswith("/down.1.first"))
        array = onnx.numpy_helper.to_array(tensor).copy()
        array.flat[0] += 0.01
        tensor.CopyFrom(onnx.numpy_helper.from_array(array, tensor.name))
    elif change == "parameter":
        tensor = onnx.TensorProto.FromString(base64.b64decode(kept.value))
        array = onnx.numpy_helper.to_array(tensor) * 1.01
        tensor = onnx.numpy_helper.from_array(array, tensor.name)
        kept.value = base64.b64encode(tensor.SerializeToString()).decode()
    elif change == "text":
        kept.value = "?" + kept.value
    else:
        model.metadata_props.remove(kept)
    words = {"text": "damaged at", "missing": "lacks down.1.first.convolution.radial"}
    net = network("HNet mask")
    assert words.get(change, "is not what the parameters in the file give") in refused(
        path, net, model
    )


def test_what_cannot_be_written(monkeypatch, tmp_path):
    class Own(UNet):
        pass

    with pytest.raises(UserError, match="Own: nothing says how to write this layer in ONNX"):
        onnx_file.write(tmp_path / "a.onnx", Own({"mask": 2}, width=1), Options())
    with pytest.raises(UserError, match=r"down.0.first.weight is float64, expected float32"):
        net = UNet({"mask": 2}, width=1).astype(np.float64)
        onnx_file.write(tmp_path / "a.onnx", net, Options())
    monkeypatch.setattr(onnx_graph, "LARGEST", 10**5)
    with pytest.raises(UserError, match="an ONNX file holds less than 2 GiB"):
        onnx_file.write(tmp_path / "a.onnx", network("UNet mask"), Options())
    assert not list(tmp_path.iterdir())
