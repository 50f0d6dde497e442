"""PyTorch's files: of tensors alone, by the documented names, back to the same bits."""

import pickle
import zipfile

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed, nothing can be written")
torch.set_num_threads(1)

from minipose.errors import UserError  # noqa: E402
from minipose.exchange import torch_file  # noqa: E402
from minipose.models import UNet  # noqa: E402
from tests.exchange.networks import (  # noqa: E402
    MAKERS,
    assert_same_bits,
    emptied,
    network,
    outputs,
    pictures,
)
from tests.oracles.torch_modules import module_like  # noqa: E402


@pytest.mark.parametrize("name", MAKERS)
def test_a_module_of_pytorch_takes_the_weights_and_gives_them_back(name, tmp_path):
    """The module computes the same, and what it saves is what came."""
    net = network(name)
    names = torch_file.write(tmp_path / "a.pt", net)
    module = module_like(emptied(net)).eval()
    given = torch.load(tmp_path / "a.pt", weights_only=True)
    assert list(given) == names and all(type(t) is torch.Tensor for t in given.values())
    module.load_state_dict(given, strict=True)
    x = pictures(net)
    with torch.no_grad():
        y = module(torch.from_numpy(x))
    for a, b in zip(y.values() if isinstance(y, dict) else [y], outputs(net, x), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-5 * max(1, np.abs(b).max()))
    torch.save(module.state_dict(), tmp_path / "b.pt")
    other = emptied(net)
    torch_file.read(tmp_path / "b.pt", other)
    assert_same_bits(net.state_dict(), other.state_dict())


def test_batch_norm_has_pytorch_s_names(tmp_path):
    """And what theirs counts beside is passed over."""
    net = network("normalised UNet triple")
    torch_file.write(tmp_path / "a.pt", net)
    given = torch.load(tmp_path / "a.pt", weights_only=True)
    theirs = torch.nn.BatchNorm2d(3)
    part = {n.rpartition(".")[2]: t for n, t in given.items() if ".first.layers.1." in n[6:]}
    theirs.load_state_dict({n: t[:3] for n, t in part.items()})
    place = "down.0.first.layers.1"
    given[f"{place}.num_batches_tracked"] = theirs.state_dict()["num_batches_tracked"]
    torch.save(given, tmp_path / "b.pt")
    other = emptied(net)
    torch_file.read(tmp_path / "b.pt", other)
    assert_same_bits(net.state_dict(), other.state_dict())


# --- Files that are refused -----------------------------------------------------------------------


def refused(path, net=None):
    """The message; the network's weights stay as they were."""
    net = network("UNet mask") if net is None else net
    before = net.state_dict()
    with pytest.raises(UserError) as error:
        torch_file.read(path, net)
    assert_same_bits(before, net.state_dict())
    assert str(error.value).startswith(f"{path}: ") and "\n" not in str(error.value)
    return str(error.value)


class Code:
    """Runs when it is unpickled, as any file from a stranger may."""

    def __reduce__(self):
        return print, ("run",)


def test_code_is_never_run(tmp_path, capsys):
    torch.save({"down.0.first.weight": Code()}, tmp_path / "a.pt")
    (tmp_path / "b.pt").write_bytes(pickle.dumps(Code()))
    for name in ("a.pt", "b.pt"):
        assert "as tensors alone" in refused(tmp_path / name)
    assert capsys.readouterr().out == ""


def test_cut_off_and_foreign_files(tmp_path):
    path = tmp_path / "a.pt"
    torch_file.write(path, network("UNet mask"))
    whole = path.read_bytes()
    for part in np.linspace(0, len(whole), 30, endpoint=False).astype(int).tolist():
        path.write_bytes(whole[:part])
        refused(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "hello")
    refused(path)
    assert "no such file, expected" in refused(tmp_path / "b.pt")
    assert "a folder, expected" in refused(tmp_path)


def saved(path, change):
    """A file of a network's tensors with a change."""
    state = dict(torch_file.tensors(network("UNet mask")))
    torch.save(change(state), path)
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: list(s.values()), "a list, expected tensors by name"),
        (lambda s: {"state_dict": s}, "state_dict is a dict, expected a tensor"),
        (lambda s: s | {"epoch": 3}, "epoch is a int, expected a tensor"),
        (lambda s: {n: t.half() for n, t in s.items()}, "is torch.float16"),
        (lambda s: s | {"down.0.first.bias": torch.eye(2).to_sparse()}, "torch.sparse_coo"),
        (lambda s: s | {"heads.joints.bias": torch.zeros(26)}, "has unexpected heads.joints.bias"),
        (lambda s: s | {"heads.mask.bias": torch.full((2,), torch.nan)}, "that are not finite"),
        (lambda s: dict(list(s.items())[1:]), "state lacks down.0.first.weight"),
        (lambda s: s | {"heads.mask.bias": torch.zeros(3)}, "heads.mask.bias has shape (3,)"),
    ],
)
def test_what_does_not_fit(change, message, tmp_path):
    assert message in refused(saved(tmp_path / "a.pt", change))


def test_another_width(tmp_path):
    path = saved(tmp_path / "a.pt", lambda s: s)
    assert "does not fit: UNet: " in refused(path, UNet({"mask": 2}, width=3))
