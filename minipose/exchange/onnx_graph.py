"""An ONNX graph that is written down node by node, beside the network that it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from minipose.errors import UserError
from minipose.nn import Module

OPSET, IR_VERSION = 18, 8  # of 2022: what onnx 1.13 and onnxruntime 1.14 already read
LARGEST = 2**31 - 2**20  # bytes: an ONNX file is one message, of less than 2 GiB


@dataclass(frozen=True)
class Options:
    """What is written of a network.

    Attributes
    ----------
    probabilities : softmax (of the detection's windows, the logistic function) of the scores
    padding : any picture size, padded to multiples of 16 and cropped; without it, only multiples
    fold : whatever does not depend on the picture is computed beforehand: harmonic filters become
        plain kernels, and batch normalisation becomes part of the convolution before it
    """

    probabilities: bool = False
    padding: bool = True
    fold: bool = False

    def as_dict(self) -> dict[str, bool]:
        """Names and values, for a file's metadata."""
        return asdict(self)


@dataclass(frozen=True)
class Port:
    """What enters or leaves a graph: name, shape (a name where any number goes), what it is."""

    name: str
    shape: tuple[int | str, ...]
    about: str

    def __str__(self) -> str:
        return f"{self.name} ({', '.join(map(str, self.shape))})"


Row = Callable[["Graph", Any, str], Any]  # (graph, layer, name of x) -> name of y, or several


class Graph:
    """Nodes and initializers of one network.

    Values are known by their names. ``rows`` says how each kind of layer is written: a function
    that takes the graph, the layer and the name of its input and returns the name of its output.

    Attributes
    ----------
    nodes : ONNX nodes so far, in order
    initializers : arrays of the graph by name; a parameter has the name that it has in the network
    state : all parameters and buffers of the network
    """

    def __init__(self, net: Module, rows: Mapping[type, Row], options: Options) -> None:
        self.rows, self.options = rows, options
        self.state = net.state_dict()
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, np.ndarray] = {}
        self._names = {id(module): name for name, module in net.named_modules()}
        self._scope, self._taken = "", set()
        wrong = [n for n, a in self.state.items() if a.dtype != np.float32]
        if wrong:
            raise UserError(f"{wrong[0]} is {self.state[wrong[0]].dtype}, expected float32")

    def __call__(self, layer: Module, x: str) -> Any:
        """Write a layer's nodes; returns the name of its output.

        Raises UserError if no row says how.
        """
        row = self.rows.get(type(layer))
        if row is None:
            raise UserError(f"{type(layer).__name__}: nothing says how to write this layer in ONNX")
        above, self._scope = self._scope, self._names[id(layer)]
        y = row(self, layer, x)
        self._scope = above
        return y

    def node(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        """Write one node; returns the name of its output, or a list of several."""
        made = [self._new(kind) for _ in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, made, name=made[0], **attributes))
        return made[0] if outputs == 1 else made

    def constant(self, values: Any, dtype: type = np.int64) -> str:
        """The name of an array of numbers, which is an initializer."""
        name = self._new("constant")
        self.initializers[name] = np.asarray(values, dtype)
        return name

    def floats(self, values: Any) -> str:
        """``constant`` in float32."""
        return self.constant(values, np.float32)

    def values(self, layer: Module, name: str) -> np.ndarray:
        """A parameter or buffer of a layer, as an array."""
        return self.state[self._name(layer, name)]

    def own(self, layer: Module, *names: str) -> list[str]:
        """The names of parameters or buffers of a layer, which become initializers.

        What the layer does without (a bias) is left out.
        """
        full = [self._name(layer, n) for n in names if getattr(layer, n) is not None]
        self.initializers |= {name: self.state[name] for name in full}
        return full

    def rename(self, old: str, new: str) -> None:
        """Give a value another name."""
        for node in self.nodes:
            for names in (node.input, node.output):
                for at, name in enumerate(names):
                    if name == old:
                        names[at] = new

    def kept(self) -> dict[str, np.ndarray]:
        """The parameters and buffers that are no initializers, having been folded into others."""
        return {n: a for n, a in self.state.items() if n not in self.initializers}

    def model(
        self,
        name: str,
        inputs: list[Port],
        outputs: list[Port],
        metadata: Mapping[str, str],
        about: str = "",
    ) -> onnx.ModelProto:
        """The whole, checked by ``onnx.checker`` with strict shape inference.

        ``about`` is a text for whoever opens it.

        Raises UserError if it is larger than an ONNX file can be.
        """
        size = sum(a.nbytes for a in self.initializers.values())
        size += sum(len(text) for text in metadata.values())
        if size > LARGEST:
            raise UserError(
                f"{size / 2**30:.2f} GiB of numbers, an ONNX file holds less than 2 GiB"
            )
        tensors = [numpy_helper.from_array(a, n) for n, a in self.initializers.items()]
        ports = [[_value_info(port) for port in side] for side in (inputs, outputs)]
        graph = helper.make_graph(self.nodes, name, *ports, initializer=tensors)
        opset = [helper.make_opsetid("", OPSET)]
        made = helper.make_model(
            graph,
            producer_name="minipose",
            opset_imports=opset,
            ir_version=IR_VERSION,
            doc_string=about,
        )
        helper.set_model_props(made, dict(metadata))
        onnx.checker.check_model(made, full_check=True)
        return made

    def _name(self, layer: Module, name: str) -> str:
        place = self._names[id(layer)]
        return f"{place}.{name}" if place else name

    def _new(self, kind: str) -> str:
        """A name that no value has yet; see ``is_computed``."""
        number, name = 0, f"/{self._scope}/{kind}"
        while name in self._taken:
            number += 1
            name = f"/{self._scope}/{kind}_{number}"
        self._taken.add(name)
        return name


def is_computed(name: str) -> bool:
    """Whether a value is none of the network's own parameters, which begin with no slash."""
    return name.startswith("/")


def _value_info(port: Port) -> onnx.ValueInfoProto:
    kind = onnx.TensorProto.FLOAT
    return helper.make_tensor_value_info(port.name, kind, port.shape, doc_string=port.about)
