"""Typical mistakes in the exercises of lessons 17 to 34, in the form of ``mistakes_layers``."""

from tests.workbook.mistakes_layers import Rows

POSES: dict[str, Rows] = {
    "human36m": (
        ("(points - centre) @ rotation.T", "(points - centre) @ rotation", "take R transposed"),
        ("(points - centre) @ rotation.T", "points @ rotation.T - centre", "rotated first"),
        ("joints[:, :1]", "joints[0, 0]", "first one's pelvis"),
        ("joints - joints[:, :1]", "joints - joints[:, 0]", "ValueError"),
        ("focal[0] * x / z", "focal[0] * x", "expected"),
        ("focal[1] * y / z", "focal[0] * y / z", "fx is used for both"),
    ),
    "crop": (
        ("int(columns[-1]) + 1, int(rows[-1]) + 1", "int(columns[-1]), int(rows[-1])", "add 1"),
        (
            "    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1",
            "    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1",
            "with y before x",
        ),
        ("side = max(", "side = min(", "shorter side"),
        ("return x0 - (side", "return x0 + (side", "margin is added"),
        (
            "(points + 0.5 - np.array([left, top])) * (SIDE / side) - 0.5",
            "(points - np.array([left, top])) * (SIDE / side)",
            "without the halves",
        ),
        ("[left, top]", "[top, left]", "left and top are exchanged"),
    ),
    "windows": (
        (
            "down[:, None] & across[None, :]",
            "across[:, None] & down[None, :]",
            "a row is chosen by y",
        ),
        ("(v - STARTS < WINDOW)", "(v - STARTS <= WINDOW)", "the end of a window belongs to it"),
        ("        found[b] |= enough\n", "", "for its first joint only"),
        ("        found[a] |= enough\n", "", "for its second joint only"),
        (
            "down.T @ across / len(points)",
            "down.T @ across",
            "reaches 194: a fraction is at most 1",
        ),
        ("found.reshape(-1)", "found", "is (17, 10, 10), expected (1700,)"),
    ),
    "detector": (
        ("np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a)))", "np.log(1 + np.exp(a))", "is infinite"),
        ("np.log1p(np.exp(-np.abs(a)))", "np.log(1 + np.exp(-np.abs(a)))", "np.log1p"),
        ("0.5 / count", "1 / count", "without the ½"),
        ("labels) / count,)", "labels),)", "without 1/T"),
        ("(1 + np.tanh(z)) / 2 - labels", "np.tanh(z) - labels", "tanh z for ĥ"),
        ("2 * labels * z", "labels * z", "z beside the label"),
    ),
    "regressor": (
        ("(g * gap / count,)", "(g * gap,)", "without 1/T"),
        ("0.5 / count * (gap", "1 / count * (gap", "without the ½"),
        ("* Tensor(self.scale) + Tensor(self.centre)", "", "without scale and centre"),
        ("max_pool(conv(x)).tanh()", "max_pool(conv(x))", "without tanh after the convolutions"),
        (
            "self.fc2(self.fc1(flatten(x)).tanh()).tanh()",
            "self.fc2(self.fc1(flatten(x)))",
            "without tanh after the full layers",
        ),
        ("max_pool(conv(x)).tanh()", "conv(x).tanh()", "in linear: ValueError"),
    ),
    "mpjpe": (
        (
            "(predicted - predicted[:, :1]) - (target - target[:, :1])",
            "predicted - target",
            "not moved together",
        ),
        (
            "float(np.linalg.norm(gap, axis=2).mean())",
            "float(np.sqrt((gap**2).sum(2).mean()))",
            "the mean of the roots",
        ),
        ("if np.linalg.det(U @ Vt) < 0:", "if False:", "a mirror image is allowed"),
        ("S.sum() / (p * p).sum() * p", "p", "without the scale"),
        ("p @ (U @ Vt)", "p @ (U @ Vt).T", "rotation transposed"),
        ("aligned(P, Q) for", "P for", "without the alignment"),
        (" + Q.mean(axis=0)\n\n", "\n\n", "without the shift"),
    ),
    "mirror": (
        ("pictures[:, :, ::-1]", "pictures[:, ::-1]", "stand on their heads"),
        ("width - 1 - out", "width - out", "the last, width − 1"),
        ("width - 1 - out", "127 - out", "127 for every width"),
        ("keypoints[:, partners()].copy()", "keypoints.copy()", "keep their names"),
        ("keypoints[:, partners()].copy()", "keypoints", "was changed on the way"),
        ("joints[:, partners()] * np", "joints * np", "keep their names"),
        ("np.array([-1.0, 1.0, 1.0])", "np.array([1.0, 1.0, -1.0])", "z is mirrored"),
    ),
    "train_h36m": (
        ("                parameter.grad = None\n", "                pass\n", "set .grad = None"),
        ("            optimizer.step()\n", "", "never steps"),
        ("np.mean(losses)", "losses[-1]", "of the last batch"),
        ("np.mean(losses)", "np.sum(losses)", "of the sum of each epoch"),
        ("        history.append(", "    history.append(", "only one epoch|(1,), expected (3,)"),
    ),
    "targets": (
        ("for x, y in np.floor(joints):", "for x, y in joints:", "stand at their own places"),
        ("for x, y in np.floor(joints):", "for y, x in np.floor(joints):", "x and y are exchanged"),
        (" / (2 * np.pi * SIGMA**2)", "", "without 1/2π"),
        ("-squared / (2 * SIGMA**2)", "-squared", "exp(−d²/2)"),
        ("100 * picture / picture.max()", "picture / picture.max()", "with 1 at the top"),
        ("np.argmin(squared, axis=0) + 1", "np.argmin(squared, axis=0)", "count from 0"),
        ("np.where(blur(joints, size)", "np.where(heatmap(joints, size)", "against the blur"),
    ),
    "dice": (
        ("2 * (mask & other).sum()", "(mask & other).sum()", "without the 2"),
        (" if total else 1.0", "", "two empty masks"),
        ("total = mask.sum() + other.sum()", "total = (mask | other).sum()", "union for the sum"),
        ("1 - each.mean(), (prob", "each.mean(), (prob", "of dice itself"),
        ("-g * (2 * mask - each)", "g * (2 * mask - each)", "wrong sign"),
        (" / below / len(p)", " / below", "without 1/N"),
        ("(2 * mask - each)", "(2 * mask)", "sum below were fixed"),
    ),
    "skeleton": (
        (
            "best % width + 0.5, best // width + 0.5",
            "best // width + 0.5, best % width + 0.5",
            "y before x",
        ),
        ("best % width + 0.5, best // width + 0.5", "best % width, best // width", "without the ½"),
        ("near[visible].mean()", "near.mean()", "not visible count, too"),
        ("near[visible].mean()", "(near & visible).mean()", "count as wrong"),
        ("axis=2) <= limit", "axis=2) < limit", "is 0, expected 1"),
        ("limit[:, None]", "limit", "ValueError"),
    ),
}
