"""minipose's side of a case."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import minipose as mp
from minipose.backend import device_module, to_device, to_host
from minipose.evaluation import evaluating
from minipose.losses import categorical_cross_entropy, dice_loss, joint_squared_error
from minipose.models import HNet, PoseNet, UNet
from minipose.training.parts import in_parts
from tests.bench.cases import CLASSES, Case, data
from tests.bench.lenet import LeNet
from tests.bench.memory import own_memory, own_peak

VARIANTS = ("minipose",)


class Batch(NamedTuple):
    """Images and what a network should say about them."""

    x: Any
    target: Any = None
    mask: Any = None
    joints: Any = None


class Side:
    """A case, ready to run."""

    def __init__(self, case: Case, variant: str, device: str, state: dict) -> None:
        self.case, self.device = case, device
        arrays = data(case)
        if case.network == "lenet":
            arrays["target"] = np.eye(10, dtype=np.float32)[arrays.pop("classes")]
        elif "classes" in arrays:
            one_hot = np.eye(CLASSES["joints"], dtype=np.float32)[arrays.pop("classes")]
            arrays["joints"] = np.ascontiguousarray(one_hot.transpose(0, 3, 1, 2))
        self.batch = Batch(**{k: to_device(v, device) for k, v in arrays.items()})
        if case.network == "posenet":
            self.net = PoseNet(case.kernels, "regression")
        elif case.network == "lenet":
            self.net = LeNet()
        elif case.network == "hnet":
            self.net = HNet(CLASSES, width=case.width // 2)  # of each order
        else:
            self.net = UNet(CLASSES, width=case.width, normalise=case.normalise)
        if case.network != "hnet":
            self.net.load_state_dict(dict(self.net.named_buffers()) | dict(state.items()))
        self.net.to(device)
        if case.network == "posenet":
            self.optimizer = mp.optim.SGD(self.net.parameters(), lr=1e-5)
        elif case.training:  # Adam has two numbers for each weight from the beginning
            self.optimizer = mp.optim.Adam(self.net.parameters())
        # Batches that can be split are, as in the jobs (a reader's own loop, as LeNet's, has one
        # process); a processor's clock sees one process only.
        parts = int(os.environ["MINIPOSE_THREADS"]) if case.batch > 1 and device == "cpu" else 1
        split = case.training and os.environ["BENCH_CLOCK"] == "perf_counter"
        split = split and case.network != "lenet"
        self.net.train(case.training)
        state = self.optimizer.arrays if case.training else []
        self.replicas = in_parts(self.net, self._loss, parts if split else 1, state)
        self.evaluating = contextlib.nullcontext() if case.training else evaluating(self.net)
        self.evaluating.__enter__()
        self.count = 0

    def close(self) -> None:
        """End the processes that computed parts of the batch."""
        self.evaluating.__exit__(None, None, None)
        self.replicas.__exit__()

    def host_memory(self) -> int:
        """The most that those processes held alone, in bytes.

        What they share with the first counts there: weights, gradients that are handed over,
        prepared kernels, the arrays of a batch.
        """
        trained = sum(own_peak(pid) for pid in getattr(self.replicas, "processes", ()))
        asked = getattr(self.evaluating, "other_processes", ())
        return trained + sum(own_memory(pid) for pid in asked)

    def check(self) -> dict[str, np.ndarray]:
        """Outputs and, for a training case, gradients, without dropout."""
        self.net.eval()
        if not self.case.training:
            with mp.no_grad():
                return {"output": to_host(self._first(self._outputs(self.net, self.batch)).data)}
        with mp.no_grad():
            outputs = self._outputs(self.net, self.batch)
        loss = self.replicas.backward(self.batch, 0)
        found = {name: to_host(p.grad) for name, p in self.net.named_parameters()}
        self.optimizer.zero_grad()
        return {
            "output": to_host(self._first(outputs).data),
            "loss": np.array(loss.item()),
            **found,
        }

    def step(self) -> Callable[[], None]:
        """What is timed."""
        if not self.case.training:
            self.net.eval()
            return self._infer
        self.net.train()
        return self._train

    def wait(self) -> None:
        """Until everything asked for is done."""
        if self.device == "cuda":
            device_module("cuda").cuda.get_current_stream().synchronize()

    def device_memory(self) -> int:
        """Bytes that the library holds on the device."""
        if self.device == "cpu":
            return 0
        return device_module("cuda").get_default_memory_pool().total_bytes()

    def _train(self) -> None:
        self.count += 1
        self.replicas.backward(self.batch, 0, self.count)
        self.optimizer.step()
        self.optimizer.zero_grad()

    def _infer(self) -> None:
        self._outputs(self.net, self.batch)

    @staticmethod
    def _outputs(net: mp.nn.Module, batch: Batch) -> object:
        return net(mp.Tensor(batch.x))

    def _loss(self, net: mp.nn.Module, batch: Batch) -> mp.Tensor:
        outputs = self._outputs(net, batch)
        if self.case.network == "posenet":
            return joint_squared_error(outputs, batch.target)
        if self.case.network == "lenet":
            return categorical_cross_entropy(outputs, batch.target)
        foreground = mp.ops.softmax(outputs["mask"])[:, 1]
        loss = dice_loss(foreground, batch.mask)
        return loss + categorical_cross_entropy(outputs["joints"], batch.joints)

    def _first(self, outputs: object) -> mp.Tensor:
        return outputs["joints"] if isinstance(outputs, dict) else outputs
