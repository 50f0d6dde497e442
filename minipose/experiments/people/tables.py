"""The numbers of a run as Markdown, and the report's own to stand beside them."""

from __future__ import annotations

from typing import Any

# Report 2: section II-D and table II (training, validation); the H-Net is table I.
REPORT = {
    "mask": {"dice": (0.9711, 0.9192)},
    "mask+regression": {"dice": (0.899, 0.888), "mse": (11.35, 14.74)},
    "mask+softmax": {"dice": (0.978, 0.922), "cross_entropy": (0.022, 0.056)},
    "mask+regression-softmax": {"dice": (0.975, 0.921), "cross_entropy": (0.007, 0.014)},
    "triple": {"dice": (0.896, 0.886), "mse": (11.92, 14.74), "cross_entropy": (0.076, 0.084)},
    "hnet": {"dice": (0.964, 0.911)},
}
MEASURES = {"dice": "dice", "mse": "MSE", "cross_entropy": "cross entropy"}


def summary(result: dict[str, Any]) -> str:
    """A table of what was measured beside the constant baseline and the report; then the joints."""
    train, validation = result["splits"]["train"], result["splits"]["validation"]
    constant = result["baselines"]
    theirs = REPORT["hnet" if result["network"] == "hnet" else result["model"]]
    lines = [
        f"Model {result['model']}, network {result['network']}, seed {result['seed']}: "
        f"{train['pictures']} training pictures measured, {validation['pictures']} validation "
        f"pictures, {result['training_seconds']:.0f} s of training.",
        "",
        "| measure | training | validation | constant baseline | report 2: training | validation |",
        "|---|---|---|---|---|---|",
    ]
    baseline = {
        "dice": constant["dice_of_background"],
        "dice_of_mask": constant["dice_of_background"],
        "mse": constant["mse_of_zero"],
        "cross_entropy": constant["cross_entropy_of_frequencies"],
        **{k: constant[f"mean_places_{k}"] for k in JOINT_ROWS if f"mean_places_{k}" in constant},
    }
    for key, label in {**MEASURES, **{"dice_of_mask": "dice of the mask"}, **JOINT_ROWS}.items():
        if validation.get(key) is None:
            continue
        a, b = theirs.get(key, (None, None))
        cells = (train.get(key), validation[key], baseline.get(key), a, b)
        lines.append(f"| {label} | " + " | ".join(shown(c) for c in cells) + " |")
    lines += [
        "",
        "Constant baseline: nothing is person (all is person: dice "
        f"{constant['dice_of_everything']:.3f}), a heatmap of zeros, the classes' frequencies, "
        "joints at their mean places.",
    ]
    if "per_joint" in validation:
        lines += [
            "",
            "| joint (validation) | PCK, half head | within 5 px | mean error, px |",
            "|---|---|---|---|",
        ]
        for name, row in validation["per_joint"].items():
            pck = shown(row["pck_half_head"])
            lines.append(
                f"| {name} | {pck} | {row['within_5_px']:.3f} | {row['joint_error_px']:.2f} |"
            )
    return "\n".join(lines) + "\n"


JOINT_ROWS = {
    "within_5_px": "joints within 5 px",
    "pck_half_head": "joints within half a head",
    "joint_error_px": "mean joint error, px",
    "joint_error_median_px": "median joint error, px",
}


def shown(value: float | None) -> str:
    """Four digits, or a dash where there is nothing."""
    return "–" if value is None else f"{value:.4g}"
