"""Each network of the reports from its input to its loss: one derivative, by all its parameters."""

import numpy as np
import pytest

from minipose import Tensor, ops
from minipose.gradcheck import GradientError, check_direction
from minipose.tensor import record
from tests.whole import jobs


@pytest.fixture(params=range(len(jobs())), ids=[str(job) for job in jobs()])
def job(request):
    return jobs()[request.param]


def test_the_slope_along_a_random_direction(job):
    """All parameters and the input move at once; measured: between 2e-10 and 8e-8."""
    check_direction(job.function(), job.arrays(), rtol=1e-6)


def test_every_parameter_takes_part(job):
    """A parameter that reaches no loss would pass any check of its derivative."""
    job.network.reseed(1)
    job.loss(job.network(Tensor(job.x))).backward()
    for name, parameter in job.network.named_parameters():
        assert parameter.grad is not None and np.abs(parameter.grad).max() > 0, name


def test_one_wrong_layer_among_many_is_noticed(monkeypatch):
    """One of the U-Net's 18 convolutions lets gradients of negative results through its ReLU."""
    job = next(job for job in jobs() if job.name == "UNet")
    right, calls = ops.conv2d_relu, []

    def conv2d_relu(*inputs):
        calls.append(inputs[0].shape)
        if len(calls) % 18 != 5:
            return right(*inputs)
        y = ops.conv2d(*inputs)
        return record("relu", np.maximum(y.data, 0), (y,), lambda grad_y: (grad_y,))

    monkeypatch.setattr(ops, "conv2d_relu", conv2d_relu)
    with pytest.raises(GradientError):
        check_direction(job.function(), job.arrays())
    assert len(calls) == 3 * 18
