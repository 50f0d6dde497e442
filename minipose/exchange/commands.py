"""``python -m minipose export`` and ``import``: from a checkpoint to another program, and back."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from minipose.errors import UserError
from minipose.exchange.files import expect_file, expect_new, writing
from minipose.nn import Module

ONNX, TORCH = (".onnx",), (".pt", ".pth")
IN_ONNX = ("probabilities", "no_padding", "fold")  # flags that say how an ONNX file is written


def add_flags(commands: Any) -> None:
    """Add both commands to the command line."""
    about = "write a checkpoint's network for other programs"
    parser = commands.add_parser("export", help=about, description=about)
    parser.add_argument("checkpoint", type=Path, help="best.npz of a run, of any network")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--onnx", type=Path, metavar="FILE", help="the network, as .onnx")
    which.add_argument("--torch", type=Path, metavar="FILE", help="its weights for PyTorch, as .pt")
    in_onnx = parser.add_argument_group("what an ONNX file holds")
    in_onnx.add_argument(
        "--probabilities",
        action="store_true",
        help="softmax of the scores (of a detection the logistic function); default: scores",
    )
    in_onnx.add_argument(
        "--no-padding",
        action="store_true",
        help="no padding to multiples of 16: pictures must have such sides already",
    )
    in_onnx.add_argument(
        "--fold",
        action="store_true",
        help="compute what no picture changes: harmonic filters become plain kernels, batch "
        "normalisation a part of the convolution before it",
    )

    about = "read weights back from an exported file into a checkpoint"
    parser = commands.add_parser("import", help=about, description=about)
    parser.add_argument("file", type=Path, help="written by export: .onnx, or .pt for PyTorch")
    parser.add_argument(
        "--like", type=Path, required=True, metavar="CHECKPOINT",
        help="of the same network: its recipe and progress are kept, its weights are not",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="the new checkpoint, .npz"
    )


def export(args: argparse.Namespace) -> None:
    """Write a network as ONNX, or its weights as PyTorch's tensors."""
    if args.onnx is not None:
        _export_onnx(args)
        return
    for flag in IN_ONNX:
        if getattr(args, flag):
            raise UserError(f"--{flag.replace('_', '-')}: only of --onnx; --torch writes weights")
    from minipose.exchange import torch_file

    expect_new(args.torch, TORCH)
    net, _ = load(args.checkpoint)
    names = torch_file.write(args.torch, net)
    print(
        f"{args.torch}: {len(names)} tensors of a {type(net).__name__}, {names[0]} to {names[-1]}"
    )


def _export_onnx(args: argparse.Namespace) -> None:
    from minipose.exchange import onnx_file
    from minipose.exchange.onnx_graph import Options

    expect_new(args.onnx, ONNX)
    net, meta = load(args.checkpoint)
    options, about = Options(args.probabilities, not args.no_padding, args.fold), trained_on(meta)
    inputs, outputs = onnx_file.write(args.onnx, net, options, about)
    print(f"{args.onnx}: {type(net).__name__}, {about}")
    for kind, side in (("in", inputs), ("out", outputs)):
        for port in side:
            print(f"  {kind}: {port}: {port.about}")


def import_(args: argparse.Namespace) -> None:
    """Read weights into a new checkpoint."""
    from minipose.training import checkpoint

    expect_file(args.file, "a file that export has written")
    if args.file.suffix in ONNX:
        from minipose.exchange import onnx_file as kind
    elif args.file.suffix in TORCH:
        from minipose.exchange import torch_file as kind
    else:
        raise UserError(f"{args.file}: expected a file {' or '.join(ONNX + TORCH)}")
    expect_new(args.out, (".npz",))
    net, meta = load(args.like)
    kind.read(args.file, net)
    with writing(args.out):
        checkpoint.save(args.out, net, None, meta | {"imported": str(args.file)})
    print(f"{args.out}: {type(net).__name__}, {len(net.state_dict())} arrays from {args.file}")


def trained_on(meta: dict[str, Any]) -> str:
    """What kind of pictures a checkpoint's network has learned from."""
    if meta["job"] == "h36m":
        return "trained on square crops around a person, 128 × 128 px"
    from minipose.datasets.resize import SIDE

    short = SIDE // 2 ** meta["recipe"].get("halved", 0)
    return f"trained on pictures whose shorter side is {short} px"


def load(path: Path) -> tuple[Module, dict[str, Any]]:
    """The network of any checkpoint, also a detector, and what the file says beside it.

    Raises
    ------
    UserError
        If it is not a checkpoint.
    """
    from minipose.experiments.run import load_network
    from minipose.training import checkpoint

    _, meta = checkpoint.read(path)
    if (meta.get("job"), meta.get("head")) == ("h36m", "detection"):
        return _detector(path, meta), meta
    _, net, meta = load_network(path)
    return net, meta


def _detector(path: Path, meta: dict[str, Any]) -> Module:
    """Report 1's first network, which finds no pose by itself: evaluate and predict refuse it."""
    from minipose.experiments.pose3d.recipe import Recipe
    from minipose.experiments.pose3d.train import build
    from minipose.experiments.settings import checked
    from minipose.training import checkpoint

    try:
        net = build(Recipe(**checked(meta["recipe"], (Recipe,))), "detection", meta["seed"])
    except KeyError as error:
        raise UserError(f"{path}: the checkpoint of a training lacks {error}") from None
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    checkpoint.load(path, net)
    return net.eval()
