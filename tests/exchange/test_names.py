"""docs/export.md lists the name of every tensor that a file for PyTorch holds, and no other."""

import re

from minipose.exchange.torch_names import THEIRS, renamed
from tests.exchange.networks import MAKERS, network
from tests.test_docs import ROOT

LETTERS = {"N": r"\d+", "PART": "(first|second)", "HEAD": "(mask|joints|regression)"}


def documented():
    """The patterns of each network's names."""
    text = (ROOT / "docs/export.md").read_text(encoding="utf-8")
    table = re.search(r"\| network \| name \| shape \|\n(.*?)\n\n", text, re.S)[1]
    found, network = {}, ""
    for row in table.splitlines()[1:]:
        first, names, _ = (cell.strip() for cell in row.strip("|").split("|"))
        network = first or network
        for name in re.findall(r"`([^`]+)`", names):
            pattern = re.escape(name)
            for letter, stands_for in LETTERS.items():
                alone = rf"(?<![A-Z]){letter}(?![A-Z])"
                pattern = re.sub(alone, stands_for.replace("\\", r"\\"), pattern)
            found.setdefault(network, set()).add(pattern)
    return found


def test_every_name_is_documented_and_every_documented_name_is_used():
    patterns = documented()
    assert set(patterns) == {"PoseNet", "U-Net", "normalised U-Net", "H-Net"}
    used = {network: set() for network in patterns}
    for maker in MAKERS:
        kind = maker.replace("UNet", "U-Net").replace("HNet", "H-Net")
        kind = next(n for n in sorted(patterns, key=len, reverse=True) if kind.startswith(n))
        for name in network(maker).state_dict():
            name = renamed(name, THEIRS)
            fits = {p for p in patterns[kind] if re.fullmatch(p, name)}
            if kind == "normalised U-Net":  # whose heads are the U-Net's
                heads = {p for p in patterns["U-Net"] if p.startswith("heads")}
                fits |= {p for p in heads if re.fullmatch(p, name)}
            assert len(fits) == 1, (maker, name, fits)
            used[kind] |= fits & patterns[kind]
    assert used == patterns
