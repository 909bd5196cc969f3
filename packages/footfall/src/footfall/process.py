"""What happens to all libraries of a process at once: a fork, and the end.

Two traps shaped this. A thread that imports while another forks leaves the child a module lock that
nobody will ever release: so a fork waits until no import of ours is under way. And a module that
runs `exec` or `eval` while it is imported (named tuples do) makes the interpreter forget that it is
about to end by SIGINT, so that the exit status would be 1: so nothing is imported any more once
that has happened.
"""

from __future__ import annotations

import atexit
import os
import sys
from _thread import allocate_lock
from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List

    from footfall.delivery import Delivery
    from footfall.usage import Usage

EXIT_WAITS_FOR_DISK = 1.0

usages: List[Usage] = []
import_lock = allocate_lock()
_held_for_fork = False
_forked = False


def register(usage: Usage) -> None:
    """Take care of a library from now on."""
    if not usages:
        atexit.register(at_exit)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=_before_fork,
                after_in_parent=_after_fork_in_parent,
                after_in_child=_after_fork_in_child,
            )
    usages.append(usage)


def _before_fork() -> None:
    global _held_for_fork
    _held_for_fork = import_lock.acquire(True, 1.0)


def _after_fork_in_parent() -> None:
    global _held_for_fork
    if _held_for_fork:
        _held_for_fork = False
        import_lock.release()


def _after_fork_in_child() -> None:
    global import_lock, _held_for_fork, _forked
    import_lock, _held_for_fork, _forked = allocate_lock(), False, True
    from footfall.call import forget_clocks

    forget_clocks()
    for usage in usages:
        usage.begin_in_child()


def is_child() -> bool:
    """Whether this process was forked off, or started by multiprocessing."""
    return _forked or _of_multiprocessing()


def _of_multiprocessing() -> bool:
    multiprocessing = sys.modules.get("multiprocessing.process")
    return multiprocessing is not None and multiprocessing.parent_process() is not None


def watch_multiprocessing() -> None:
    """A child of multiprocessing leaves by `os._exit`, which runs no atexit; it has its own way."""
    util = sys.modules.get("multiprocessing.util")
    if util is not None and _of_multiprocessing():
        util.Finalize(None, at_exit, exitpriority=-100)


def at_exit() -> None:
    """Spool what is left, then give the senders a moment. Runs no longer than it must."""
    try:
        busy = [usage.delivery for usage in usages if usage.delivery.sender is not None]
        if _ends_by_interrupt():
            _leave_interrupted(busy)
        else:
            _leave(busy, busy)
    except BaseException:  # noqa: S110 - also a Ctrl-C while we wait: then we wait no longer
        pass


def _leave(busy: List[Delivery], sending: List[Delivery]) -> None:
    start = monotonic()
    for delivery in busy:
        delivery.hand_over_at_exit(start + EXIT_WAITS_FOR_DISK)
    for delivery in sending:
        delivery.await_at_exit(start)


def _leave_interrupted(busy: List[Delivery]) -> None:
    """No import of ours begins any more; what a sender had not imported yet it does without."""
    deadline = monotonic() + EXIT_WAITS_FOR_DISK
    for delivery in busy:
        delivery.await_disk(deadline)
    import_lock.acquire(True, EXIT_WAITS_FOR_DISK)
    _leave(busy, [delivery for delivery in busy if delivery.ready()])
    _remember_interrupt()  # whatever was imported between the interrupt and here


def _ends_by_interrupt() -> bool:
    """Whether an unhandled KeyboardInterrupt ends the program; in a shell it wouldn't."""
    shell = hasattr(sys, "ps1") or "IPython" in sys.modules
    return getattr(sys, "last_type", None) is KeyboardInterrupt and not shell


def _remember_interrupt() -> None:
    """Tell the interpreter again what an import in another thread may just have made it forget."""
    try:
        exec("raise KeyboardInterrupt")  # noqa: S102
    except KeyboardInterrupt:
        return
