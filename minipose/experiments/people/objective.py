"""What the models minimise: dice loss, cross entropy and squared error, weighed and added."""

from __future__ import annotations

from minipose import ops
from minipose.experiments.people.data import Batch
from minipose.experiments.people.recipe import Recipe
from minipose.losses import categorical_cross_entropy, dice_loss, mse
from minipose.tensor import Tensor


def loss_parts(scores: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
    """The unweighted losses of the heads that a model has."""
    foreground = ops.softmax(scores["mask"], axis=1)[:, 1]
    parts = {"dice_loss": dice_loss(foreground, batch.mask)}
    if "joints" in scores:
        parts["cross_entropy"] = categorical_cross_entropy(scores["joints"], batch.joints)
    if "regression" in scores:
        parts["mse"] = mse(scores["regression"], batch.regression)
    return parts


def total_loss(scores: dict[str, Tensor], batch: Batch, recipe: Recipe) -> Tensor:
    """Dice loss + cross entropy + mean squared error, each times its weight.

    Nearly all pixels are background, and a network that says so everywhere is nearly right
    about all of them: ``background_weight`` makes their part of the cross entropy smaller.

    Source: report 2, section II-D 3 (there all weights are 1).
    """
    weights = {
        "dice_loss": recipe.mask_weight,
        "cross_entropy": recipe.joint_weight,
        "mse": recipe.regression_weight,
    }
    if batch.joints is not None and recipe.background_weight != 1:
        joints = batch.joints.copy()
        joints[:, 0] *= recipe.background_weight
        batch = batch._replace(joints=joints)
    parts = [weights[name] * part for name, part in loss_parts(scores, batch).items()]
    total = parts[0]
    for part in parts[1:]:
        total = ops.add(total, part)
    return total
