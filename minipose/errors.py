"""Mistakes of a user, said in one line instead of a traceback."""


class UserError(ValueError):
    """What was given, what was expected, and where. The command line prints it and exits with 1."""


class Diverged(UserError):
    """The loss of a training became infinite or NaN."""


class Interrupted(KeyboardInterrupt):
    """Training was asked to stop; a checkpoint has been written. The exit status is 130."""
