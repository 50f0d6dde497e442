"""The door for faster forms: who is chosen, when, for whom, and what a mistake is called.

The functions here are made up; ``tests/fast`` says what ``minipose.fast`` offers. Nothing here
needs that folder.
"""

import json
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import minipose as mp
from minipose.kernels.faster import before_first_choice, choose, offer, plain_only, replaceable


@pytest.fixture
def door():
    """A replaceable function, and the names of all that answered."""
    answered = []

    @replaceable
    def plain(x, *, scale=1):
        answered.append("plain")
        return scale * x

    return plain, answered


def stand_in(answered, name):
    """A faster form that notes its name."""

    def form(x, *, scale=1):
        answered.append(name)
        return scale * x

    return form


def test_without_an_offer_the_plain_function_answers(door):
    plain, answered = door
    assert choose(plain, 1) is plain
    assert plain(2, scale=3) == 6 and answered == ["plain"]


def test_the_first_offer_that_suits_answers(door):
    plain, answered = door
    for name, least in (("large", 10), ("medium", 5), ("never asked", 5)):
        offer(plain, lambda x, *, scale=1, least=least: x >= least, stand_in(answered, name))
    for x, name in ((1, "plain"), (5, "medium"), (10, "large")):
        answered.clear()
        plain(x)
        assert answered == [name]


def test_there_is_one_choice_for_a_call(door):
    """A forward and a backward that asked by themselves might not go by the same algorithm."""
    plain, answered = door
    offer(plain, lambda x, *, scale=1: answered.append("asked") is None, stand_in(answered, "fast"))
    plain(1, scale=2)
    assert answered == ["asked", "fast"]


def test_arguments_are_judged_as_they_were_given(door):
    plain, answered = door
    seen = []

    def suits(*args, **options):
        seen.append((args, options))
        return False

    offer(plain, suits, stand_in(answered, "fast"))
    plain(1, scale=2)
    assert seen == [((1,), {"scale": 2})] and answered == ["plain"]


def test_plain_only_holds_within_its_block(door):
    plain, answered = door
    offer(plain, lambda x, *, scale=1: True, stand_in(answered, "fast"))
    with plain_only():
        plain(1)
        with plain_only():
            plain(1)
        plain(1)
    plain(1)
    with pytest.raises(KeyError), plain_only():
        raise KeyError
    plain(1)
    assert answered == ["plain", "plain", "plain", "fast", "fast"]


def test_plain_only_holds_for_its_own_thread(door):
    plain, answered = door
    fast = stand_in(answered, "fast")
    offer(plain, lambda x, *, scale=1: True, fast)
    chosen, inside, chose = {}, threading.Event(), threading.Event()

    def stay_plain():
        with plain_only():
            inside.set()
            assert chose.wait(10)
            chosen["inside"] = choose(plain, 1)

    def stay_fast():
        assert inside.wait(10)
        chosen["beside"] = choose(plain, 1)
        chose.set()

    threads = [threading.Thread(target=task) for task in (stay_plain, stay_fast)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert chosen == {"inside": plain, "beside": fast}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f: f(1, times=2), "plain: got an unexpected keyword argument 'times'"),
        (lambda f: f(), "plain: missing a required argument: 'x'"),
        (lambda f: f(1, 2), "plain: too many positional arguments"),
    ],
    ids=["unknown keyword", "too few", "too many"],
)
def test_wrong_arguments_are_named_in_the_words_of_the_plain_function(door, call, message):
    plain, answered = door
    offer(plain, lambda x, *, scale=1: True, stand_in(answered, "fast"))
    with pytest.raises(TypeError, match=message):
        call(plain)
    assert not answered


def test_a_mistake_in_an_offer_is_not_hidden(door):
    plain, answered = door
    offer(plain, lambda x, *, scale=1: x + "", stand_in(answered, "fast"))
    with pytest.raises(TypeError, match="unsupported operand"):
        plain(1)


def test_what_makes_offers_is_loaded_once_and_late(door):
    plain, answered = door
    loads = []

    def load():
        loads.append("load")
        offer(plain, lambda x, *, scale=1: True, stand_in(answered, "fast"))

    before_first_choice(load)
    with plain_only():
        plain(1)
    assert not loads
    plain(1)
    plain(1)
    assert loads == ["load"] and answered == ["plain", "fast", "fast"]


def test_a_first_call_waits_for_the_offers_that_another_thread_loads(door):
    """Else one of several first calls would be computed by another algorithm than the others."""
    plain, answered = door
    begun = threading.Event()

    def load():
        begun.set()
        time.sleep(0.1)
        plain(0)  # what is being loaded may compute something: plainly
        offer(plain, lambda x, *, scale=1: True, stand_in(answered, "fast"))

    def call_when_begun():
        begun.wait()
        plain(1)

    before_first_choice(load)
    threads = [threading.Thread(target=target) for target in (lambda: plain(1), call_when_begun)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answered == ["plain", "fast", "fast"]


def test_loading_that_fails_is_tried_again(door):
    plain, answered = door
    tries = []

    def load():
        tries.append("try")
        if len(tries) == 1:
            raise KeyboardInterrupt
        offer(plain, lambda x, *, scale=1: True, stand_in(answered, "fast"))

    before_first_choice(load)
    with pytest.raises(KeyboardInterrupt):
        plain(1)
    plain(1)
    assert len(tries) == 2 and answered == ["fast"]


SCRIPT = """
import json, sys
import minipose as mp
import numpy as np

def loaded():
    return sorted(name for name in sys.modules if name.startswith("minipose.fast"))

at_first = loaded()
rng = np.random.default_rng(0)
x, w = (mp.Tensor(rng.standard_normal(s), requires_grad=True) for s in ((2, 3, 8, 8), (4, 3, 3, 3)))
mp.ops.conv2d_relu(x, w, padding=1).sum().backward()
print(json.dumps([at_first, loaded(), x.grad.tolist(), w.grad.tolist()]))
"""


def run_apart(**variables):
    """The script in a process of its own."""
    environment = {k: v for k, v in os.environ.items() if k != "MINIPOSE_PLAIN"} | variables
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_importing_minipose_loads_nothing_that_is_only_speed():
    at_first, *_ = run_apart()
    assert set(at_first) <= {"minipose.fast"}


def test_an_environment_variable_makes_all_plain():
    """Nothing of ``minipose.fast`` is imported, and the numbers are the same."""
    *modules, plain_x, plain_w = run_apart(MINIPOSE_PLAIN="1")
    assert modules == [[], []]
    *_, x, w = run_apart(MINIPOSE_PLAIN="0")
    np.testing.assert_allclose(x, plain_x, rtol=1e-12)
    np.testing.assert_allclose(w, plain_w, rtol=1e-12)


def test_an_op_keeps_its_name_and_its_description():
    assert mp.ops.conv2d.__name__ == "conv2d" and "dL/dw" in mp.ops.conv2d.__doc__
