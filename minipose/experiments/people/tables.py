"""The numbers of a run as Markdown, and the report's own to stand beside them."""

from __future__ import annotations

from typing import Any

from minipose.experiments.job import WHOLE

# Report 2: section II-D and table II (training, validation); the H-Net is table I.
REPORT = {
    "mask": {"dice": (0.9711, 0.9192)},
    "mask+regression": {"dice": (0.899, 0.888), "mse": (11.35, 14.74)},
    "mask+softmax": {"dice": (0.978, 0.922), "cross_entropy": (0.022, 0.056)},
    "mask+regression-softmax": {"dice": (0.975, 0.921), "cross_entropy": (0.007, 0.014)},
    "triple": {"dice": (0.896, 0.886), "mse": (11.92, 14.74), "cross_entropy": (0.076, 0.084)},
    "hnet": {"dice": (0.964, 0.911)},
}
BEST_EPOCH = {"mask": 89}  # of 100, section II-D 1; those of the others are not given
PARTS = {"train": "training", "validation": "validation", WHOLE: "all"}
THEIRS = ("report 2: training", "report 2: validation")
BASELINES = {"dice": "dice_of_mean_mask", "within_5_px": "mean_places_within_5_px"}
MEASURES = {"dice": "dice", "mse": "MSE", "cross_entropy": "cross entropy"}


def summary(result: dict[str, Any]) -> str:
    """A table of what was measured beside the constant baseline and the report; then the joints."""
    splits, constant = result["splits"], result["baselines"]
    last = list(splits)[-1]
    network = "hnet" if result["network"] == "hnet" else result["model"]
    theirs = REPORT[network]
    counted = ", ".join(f"{s['pictures']} {PARTS[name]} pictures" for name, s in splits.items())
    after = f", the weights of epoch {result['epoch']}" if "epoch" in result else ""
    titles = [*(PARTS[name] for name in splits), "constant baseline", *THEIRS]
    lines = [
        f"Model {result['model']}, network {result['network']}, seed {result['seed']}: measured on "
        f"{counted}; {result['training_seconds']:.0f} s of training{after}.",
        "",
        "| measure | " + " | ".join(titles) + " |",
        "|---" * (1 + len(titles)) + "|",
    ]
    baseline = {
        "dice": constant["dice_of_mean_mask"],
        "dice_of_mask": constant["dice_of_mean_mask"],
        "mse": constant["mse_of_zero"],
        "cross_entropy": constant["cross_entropy_of_frequencies"],
        **{k: constant[f"mean_places_{k}"] for k in JOINT_ROWS if f"mean_places_{k}" in constant},
    }
    for key, label in {**MEASURES, **{"dice_of_mask": "dice of the mask"}, **JOINT_ROWS}.items():
        if splits[last].get(key) is None:
            continue
        own = [splits[name].get(key) for name in splits]
        cells = (*own, baseline.get(key), *theirs.get(key, (None, None)))
        lines.append(f"| {label} | " + " | ".join(shown(c) for c in cells) + " |")
    twice = result.get("mirrored", {})
    if twice:
        joints = (
            f", joints within 5 px {twice['within_5_px']:.4g}" if "within_5_px" in twice else ""
        )
        lines += [
            "",
            "The mean of what is found in a picture and in its mirror image, for twice the work: "
            f"dice of the mask {twice['dice_of_mask']:.4g}{joints} ({PARTS[last]}).",
        ]
    if result.get("presence"):
        lines += ["", _presence(result["presence"])]
    if network in BEST_EPOCH and "epoch" in result:
        lines += ["", f"The report's numbers are of its epoch {BEST_EPOCH[network]}."]
    whose = "the training" if len(splits) > 1 else "these"  # no constant answer can be better there
    lines += [
        "",
        f"Constant baseline: the mean mask of {whose} pictures (all is person: dice "
        f"{constant['dice_of_everything']:.3f}; nothing is: {constant['dice_of_background']:.3f}), "
        "a heatmap of zeros, the classes' frequencies, joints at their mean places.",
    ]
    if "per_joint" in splits[last]:
        lines += [
            "",
            f"| joint ({PARTS[last]}) | PCK, half head | within 5 px | mean error, px |",
            "|---|---|---|---|",
        ]
        for name, row in splits[last]["per_joint"].items():
            pck = shown(row["pck_half_head"])
            lines.append(
                f"| {name} | {pck} | {row['within_5_px']:.3f} | {row['joint_error_px']:.2f} |"
            )
    return "\n".join(lines) + "\n"


def _presence(numbers: dict[str, float | None]) -> str:
    present, precision, recall = (numbers[k] for k in ("present", "precision", "recall"))
    text = (
        "Is a joint in the picture? Each picture was cut down to a part, in which "
        f"{present:.1%} of its {numbers['joints']} joints are left. At a confidence of one half: "
        f"precision {precision:.1%} (of saying that all are there: {present:.1%}), recall "
        f"{recall:.1%}."
    )
    if numbers["ranked"] is None:
        return text
    return (
        f"{text} A joint that is there has the higher confidence in {numbers['ranked']:.1%} of all "
        "pairs with one that is not."
    )


JOINT_ROWS = {
    "within_5_px": "joints within 5 px",
    "pck_half_head": "joints within half a head",
    "joint_error_px": "mean joint error, px",
    "joint_error_median_px": "median joint error, px",
}


def shown(value: float | None) -> str:
    """Four digits, or a dash where there is nothing."""
    return "–" if value is None else f"{value:.4g}"
