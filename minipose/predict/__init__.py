"""From any picture or video to mask, joints and pose, by both reports' networks.

``networks`` loads them, ``person.predict_picture`` finds what is in one picture; ``sources`` and
``frames`` find and decode what was named on the command line, ``tables``, ``drawing`` and
``movie`` write what was found, and ``command`` is ``python -m minipose predict``.
"""
