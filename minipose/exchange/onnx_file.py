"""ONNX files of networks: written, and the weights read back to the same bits."""

from __future__ import annotations

import base64
import copy
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from minipose.datasets.guard import reading
from minipose.errors import UserError
from minipose.exchange.files import expect_file, expect_finite, new_file
from minipose.exchange.onnx_graph import Graph, Options, Port, is_computed
from minipose.exchange.onnx_harmonic import HARMONIC
from minipose.exchange.onnx_layers import LAYERS
from minipose.exchange.onnx_networks import NETWORKS, ports
from minipose.nn import Module

ROWS = LAYERS | HARMONIC | NETWORKS
ABOUT = "minipose"  # metadata: JSON with the network and the options
KEPT = "minipose.parameter."  # metadata: a parameter that is folded into others, as a TensorProto
FORMAT = "minipose network 1"
SAME = 1e-4  # relative: what another machine's sums of the same weights may differ by


def write(
    path: Path, net: Module, options: Options, about: str = ""
) -> tuple[list[Port], list[Port]]:
    """Write a network of the reports; returns its inputs and outputs.

    ``about`` is a text that the file holds for its reader.

    Raises
    ------
    UserError
        If it cannot be said in ONNX, is too large, or the file cannot be written.
    """
    model = build(net, options, about)
    with new_file(path) as partial:
        onnx.save_model(model, partial)
    return ports(net, options.probabilities, options.padding)


def build(net: Module, options: Options, about: str = "") -> onnx.ModelProto:
    """The network as an ONNX model, checked by ``onnx.checker``."""
    graph = draw(net, options)
    known = {"format": FORMAT, "network": type(net).__name__, **options.as_dict()}
    metadata = {ABOUT: json.dumps(known)}
    for name, array in graph.kept().items():
        tensor = numpy_helper.from_array(array, name).SerializeToString()
        metadata[KEPT + name] = base64.b64encode(tensor).decode()
    sides = ports(net, options.probabilities, options.padding)
    return graph.model(type(net).__name__, *sides, metadata, about)


def draw(net: Module, options: Options) -> Graph:
    """The nodes of a network, with the names of its inputs and outputs."""
    inputs, _ = ports(net, options.probabilities, options.padding)
    graph = Graph(net, ROWS, options)
    for name, value in graph(net, inputs[0].name).items():
        graph.rename(value, name)
    return graph


def read(path: Path, net: Module) -> None:
    """Put the parameters and buffers of a file that ``write`` has written into a network like it.

    Whatever was computed of them must agree with them: a folded file whose kernels were trained
    further would give the weights from before.

    Raises
    ------
    UserError
        If it is no such file, is damaged, or is of another network; nothing is changed then.
    """
    with reading(path, "damaged"):
        state = _state(path, net)
    net.load_state_dict(state)


def _state(path: Path, net: Module) -> dict[str, np.ndarray]:
    """What the file says of the network, once all of it agrees."""
    model = _load(path)
    options = _options(path, model, type(net).__name__)
    arrays = _initializers(path, model)
    state = {name: array for name, array in arrays.items() if not is_computed(name)}
    for entry in model.metadata_props:
        if entry.key.startswith(KEPT):
            state[entry.key.removeprefix(KEPT)] = _decoded(path, entry)
    expect_finite(path, state)
    trial = copy.deepcopy(net)
    try:
        trial.load_state_dict(state)
    except ValueError as error:
        raise UserError(f"{path}: does not fit: {error}") from None
    expected = draw(trial, options).initializers
    wrong = sorted(expected.keys() ^ arrays.keys())
    wrong += [n for n, a in expected.items() if n in arrays and not _same(a, arrays[n])]
    if wrong:
        raise UserError(f"{path}: {wrong[0]} is not what the parameters in the file give")
    return state


def _load(path: Path) -> onnx.ModelProto:
    expect_file(path, "a file that export --onnx has written")
    try:
        return onnx.load_model(path, load_external_data=False)
    except Exception as error:  # protobuf's, which are no ValueErrors in all of its versions
        reason = str(error).partition("\n")[0]
        raise UserError(f"{path}: not a readable ONNX file ({reason})") from None


def _options(path: Path, model: onnx.ModelProto, network: str) -> Options:
    """What the file was written with, if it is of that network."""
    texts = {entry.key: entry.value for entry in model.metadata_props}
    try:
        about = json.loads(texts.get(ABOUT, ""))
        form, of = about.pop("format"), about.pop("network")
        options = Options(**about)
    except (ValueError, KeyError, TypeError, AttributeError):
        form = None
    if form != FORMAT:
        raise UserError(f"{path}: not an ONNX file that export --onnx of this version has written")
    if of != network:
        raise UserError(f"{path}: weights of a {of}, expected a {network}'s")
    return options


def _initializers(path: Path, model: onnx.ModelProto) -> dict[str, np.ndarray]:
    arrays: dict[str, np.ndarray] = {}
    for tensor in model.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
            raise UserError(f"{path}: {tensor.name} lies in another file, expected all in this one")
        if tensor.name in arrays:
            raise UserError(f"{path}: damaged, {tensor.name} is there twice")
        arrays[tensor.name] = _array(path, tensor)
    return arrays


def _decoded(path: Path, entry: onnx.StringStringEntryProto) -> np.ndarray:
    tensor = onnx.TensorProto()
    try:
        tensor.ParseFromString(base64.b64decode(entry.value, validate=True))
    except Exception as error:  # binascii's and protobuf's
        raise UserError(f"{path}: damaged at {entry.key} ({error})") from None
    return _array(path, tensor)


def _array(path: Path, tensor: onnx.TensorProto) -> np.ndarray:
    try:
        array = numpy_helper.to_array(tensor)
    except (
        Exception
    ) as error:  # ValueError, TypeError, KeyError: whatever the field is that is wrong
        raise UserError(f"{path}: damaged at {tensor.name} ({error})") from None
    if array.dtype not in (np.float32, np.int64):
        raise UserError(f"{path}: {tensor.name} is {array.dtype}, expected float32")
    return array


def _same(expected: np.ndarray, array: np.ndarray) -> bool:
    if expected.shape != array.shape or expected.dtype != array.dtype:
        return False
    room = SAME * max(1e-30, float(np.abs(expected).max(initial=0)))
    return bool(np.allclose(array, expected, rtol=0, atol=room, equal_nan=True))
