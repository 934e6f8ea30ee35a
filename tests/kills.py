"""Faults: an action that dies before its n-th change to the file system, and a flipped bit."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

CHANGES = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir"}


def killed(step: int, counts: Callable[[Path], bool], action: Callable[[], object]) -> bool:
    """Do `action` in a child that kills itself before the change `step` of a path that `counts`.

    Returns whether it was killed; with fewer changes than that it ends by itself, and must succeed.
    """
    child = os.fork()
    if not child:
        changes = iter(range(step + 1))

        def kill_at_step(event: str, values: tuple[object, ...]) -> None:
            if event not in CHANGES or not isinstance(values[0], str | os.PathLike):
                return
            if event == "open" and not (isinstance(values[2], int) and values[2] & (os.O_WRONLY | os.O_RDWR)):
                return
            if counts(Path(values[0]).absolute()) and next(changes) == step:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(kill_at_step)
        try:
            action()
        except BaseException as error:  # the child must not go on with the tests
            print(repr(error), file=sys.stderr)
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0
    return os.WIFSIGNALED(status)


def flip(path: Path, place: int = -5, bit: int = 0) -> None:
    """Change one bit of a file."""
    content = bytearray(path.read_bytes())
    content[place] ^= 1 << bit
    path.write_bytes(content)
