"""Lesson 27: the whole engine. PoseNet learns poses of drawn people, beside minipose's PoseNet."""

import numpy as np

import minipose as mp
from lessons.workbook.judge import Wrong, leaf, same
from minipose import losses
from minipose.metrics import mpjpe

KERNELS, HIDDEN = (3, 4, 5), (48, 48)
PEOPLE, EPOCHS, SIZE, RATE = 48, 20, 8, 2e-3


def train(mine):
    """A toy: one layer, few numbers, so that every mistake has a name."""
    rng = np.random.default_rng(27)
    x, truth = rng.standard_normal((10, 3)), rng.standard_normal((10, 4))
    right = _toy(mine, x, truth)
    variants = {
        "if old gradients are still there: set .grad = None before each batch": {"forget": False},
        "if the optimizer never steps": {"move": False},
        "of only one epoch": {"epochs": 1},
        "if the last, smaller batch is left out": {"whole": True},
    }
    known = {
        name: (lambda o=options: _toy(mine, x, truth, **o)[0]) for name, options in variants.items()
    }
    known["of the last batch of each epoch: the mean of all of them"] = right[1]
    known["of the sum of each epoch: the mean"] = np.array(right[0]) * 3
    layer, order = _layer(mine), np.random.default_rng(5)
    found = mine.train(layer, x, truth, _optimizer(mine, layer), order, 3, 4)
    same("the list of three losses", found, right[0], {3: "epochs"}, known)
    same("the weights after three epochs", layer.weight.data, right[2])


def _layer(mine):
    from mine.save_resume import Linear

    return Linear(3, 4, np.random.default_rng(1))


def _optimizer(mine, net):
    from mine.descent import SGD

    return SGD(net.parameters(), 0.05, 0.5, 0.0)


def _toy(mine, x, truth, forget=True, move=True, epochs=3, whole=False):
    """The same in plain formulas; the batches are the reader's own."""
    from mine.batches import batches

    layer, rng = _layer(mine), np.random.default_rng(5)
    w, b = layer.weight.data.copy(), layer.bias.data.copy()
    velocity = [np.zeros_like(w), np.zeros_like(b)]
    grads = [np.zeros_like(w), np.zeros_like(b)]
    means, lasts = [], []
    for _ in range(epochs):
        each = []
        for few in batches(len(x), 4, rng):
            if whole and len(few) < 4:
                continue
            gap = x[few] @ w.T + b - truth[few]
            each.append(0.5 * float((gap**2).sum()) / len(few))
            new = [gap.T @ x[few] / len(few), gap.sum(axis=0) / len(few)]
            grads = new if forget else [old + more for old, more in zip(grads, new)]
            velocity = [0.5 * v - 0.05 * g for v, g in zip(velocity, grads)]
            if move:
                w, b = w + velocity[0], b + velocity[1]
        means.append(np.mean(each))
        lasts.append(each[-1])
    return means, lasts, w


def posenet(mine):
    """Your PoseNet and minipose's: the same weights, the same batches, the same losses."""
    from mine.batches import batches
    from mine.descent import Adam
    from mine.regressor import PoseNet

    pictures, joints = drawn(PEOPLE)
    centre, scale = joints.mean(axis=0), np.full(51, 100.0)
    theirs = mp.models.PoseNet(KERNELS, "regression", rng=np.random.default_rng(0), hidden=HIDDEN)
    theirs.set_output_range(centre, scale)
    net = PoseNet(KERNELS, HIDDEN, np.random.default_rng(1))
    net.centre, net.scale = centre, scale
    net.load({name: theirs.state_dict()[name].astype(float) for name in net.named_parameters()})
    print(f"    {PEOPLE} drawn people, {EPOCHS} epochs: the mean pose has the loss", end=" ")
    nobody = 0.5 * float(((joints - centre) ** 2).sum()) / PEOPLE
    print(f"{nobody:,.0f} mm²")
    optimizer, rng = Adam(net.parameters(), RATE), np.random.default_rng(2)
    found = mine.train(net, pictures, joints, optimizer, rng, EPOCHS, SIZE)
    optimizer, rng, history = (
        mp.optim.Adam(theirs.parameters(), lr=RATE),
        np.random.default_rng(2),
        [],
    )
    for _ in range(EPOCHS):
        each = []
        for few in batches(PEOPLE, SIZE, rng):
            optimizer.zero_grad()
            said = theirs(mp.Tensor(pictures[few].astype(np.float32)))
            loss = losses.joint_squared_error(said, joints[few].astype(np.float32))
            loss.backward()
            optimizer.step()
            each.append(loss.item())
        history.append(float(np.mean(each)))
    for epoch, (own, other) in enumerate(zip(found, history), start=1):
        print(f"    epoch {epoch:2}: yours {own:9,.0f} mm², minipose's {other:9,.0f}")
    same("the list of your PoseNet's losses, beside minipose's,", found, history, rtol=0.02)
    said = net(leaf(pictures)).data.reshape(-1, 17, 3)
    off, mean = (
        mpjpe(v, joints.reshape(-1, 17, 3)) for v in (said, 0 * said + centre.reshape(17, 3))
    )
    print(
        f"    your network is {off:.0f} mm off, the mean pose {mean:.0f} mm: of people whom it was"
    )
    print("    trained on. Of others so few pictures teach it next to nothing (lesson 7).")
    if EPOCHS >= 10 and not off < 0.9 * mean:
        raise Wrong(f"the network is {off:.0f} mm off after training, the mean pose {mean:.0f}")


posenet.seconds = 120.0
posenet.needs = (train,)


def drawn(count):
    """Pictures (N, 1, 128, 128) in [0, 1] of drawn people, and their joints (N, 51) in mm."""
    from data_tools.twin import people
    from data_tools.twin.body.clothes import draw_outfit, dress
    from data_tools.twin.body.footing import stand_up
    from data_tools.twin.body.stances import draw_stance
    from data_tools.twin.camera.placement import cameras_for, frame_size
    from data_tools.twin.camera.render_body import draw
    from data_tools.twin.scene.world import Lamp
    from minipose.datasets.cameras import CAMERA_NAMES
    from minipose.datasets.crop import box_of, crop_person
    from minipose.skeletons import H36M_17_OF_32

    pictures, joints = [], []
    for number in range(count):
        rng = np.random.default_rng([27, number])
        bones = people.draw_bones(rng)
        posed = stand_up(bones, draw_stance(rng), heading=float(rng.uniform(0, 360)))
        name = CAMERA_NAMES[number % 4]
        camera, image = cameras_for(11)[name], np.zeros((*frame_size(name), 3), np.uint8)
        silhouette = draw(image, dress(posed, bones, draw_outfit(rng)).at(0), camera, Lamp())
        grey = image.mean(axis=2).astype(np.uint8)
        space = camera.to_camera(posed.joints[0])[list(H36M_17_OF_32)]
        pictures.append(crop_person(grey, box_of(silhouette), silhouette)[0] / 255)
        joints.append((space - space[0]).ravel())
    return np.array(pictures)[:, None], np.array(joints)


PARTS = (train, posenet)
