"""``one_at_a_time.py LOCK [--unless FILE] -- COMMAND…``: wait for whoever does this, then do it.

The lock is the operating system's, held by the command and all that it begins: it ends with the
last of them, however they end. Only Python's library is used, so that any interpreter can run it.
With ``--unless``, the command is not run if somebody else has made the file while this one waited.
"""

import json
import os
import socket
import sys
import time


def main(argv):
    """Wait, then become the command; or return the exit status."""
    if "--" not in argv[1:]:
        print("usage: one_at_a_time.py LOCK [--unless FILE] -- COMMAND...", file=sys.stderr)
        return 2
    place = argv.index("--")
    (lock, *options), command = argv[:place], argv[place + 1 :]
    begun = time.time() - 1  # s; a file system may round the time of a file
    try:
        waited = hold(lock)
    except OSError as error:
        print(f"error: {lock}: {error.strerror or error}", file=sys.stderr)
        return 1
    if waited and options[:1] == ["--unless"] and made_since(options[1], begun):
        return 0
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"error: {command[0]}: {error.strerror or error}", file=sys.stderr)
        return 127


def made_since(path, begun):
    """Whether there is such a file that is no older."""
    try:
        return os.stat(path).st_mtime >= begun
    except OSError:
        return False


def hold(lock):
    """Take the lock; whether somebody else had it."""
    try:
        import fcntl
    except ImportError:  # nothing can be locked here
        return False
    os.makedirs(os.path.dirname(lock) or ".", exist_ok=True)
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)
    os.set_inheritable(descriptor, True)
    waited = False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        waited = True
        print(f"waiting for {holder(descriptor)}", file=sys.stderr, flush=True)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError:  # a file system without locks
        return False
    note = {"process": os.getpid(), "host": socket.gethostname()}
    note["since"] = time.strftime("%Y-%m-%d %H:%M:%S")
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, (json.dumps(note) + "\n").encode(), 0)
    return waited


def holder(descriptor):
    """Who holds the lock, in words; whoever has just taken it is about to sign."""
    for _ in range(50):
        try:
            return "process {process} on {host}, since {since}".format(
                **json.loads(os.pread(descriptor, 4096, 0).decode())
            )
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            time.sleep(0.01)
    return "another make"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
