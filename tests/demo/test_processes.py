"""Nothing that the demonstration starts outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from examples.nannyml.processes import Failed, Processes, Stopped, last_lines

ROOT = Path(__file__).resolve().parents[2]
SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


def gone(pid: int) -> bool:
    """Whether a process ends soon; one that waits for its parent to collect it has ended."""
    for _ in range(500):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.02)
    return False


def test_all_are_ended_with_the_context(tmp_path: Path) -> None:
    with Processes() as processes:
        first = processes.start(SLEEP, os.environ, log=tmp_path / "log")
        second = processes.start(SLEEP, os.environ, log=tmp_path / "log", read=True)
    assert first.poll() is not None
    assert second.poll() is not None


def test_children_of_children_are_ended_too(tmp_path: Path) -> None:
    nested = (
        f"import subprocess; p = subprocess.Popen({SLEEP!r}); print(p.pid, flush=True); p.wait()"
    )
    with Processes() as processes:
        child = processes.start(
            [sys.executable, "-c", nested], os.environ, log=tmp_path / "log", read=True
        )
        assert child.stdout is not None
        grandchild = int(child.stdout.readline())
    assert gone(grandchild)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything_and_gives_its_status(tmp_path: Path, number: int) -> None:
    before, children = signal.getsignal(number), []

    def demonstration() -> None:
        with Processes() as processes:
            children.append(processes.start(SLEEP, os.environ, log=tmp_path / "log"))
            signal.raise_signal(number)

    with pytest.raises(Stopped) as stopped:
        demonstration()
    assert stopped.value.status == 128 + number
    assert children[0].poll() is not None
    assert signal.getsignal(number) is before


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_killed_demonstration_leaves_nothing_running(tmp_path: Path) -> None:
    program = (
        "import os, sys, time; from pathlib import Path\n"
        "from examples.nannyml.processes import Processes\n"
        f"child = Processes().start({SLEEP!r}, os.environ, log=Path({str(tmp_path / 'log')!r}))\n"
        "print(child.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=ROOT, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        assert gone(child)


def test_a_command_gives_its_output_and_keeps_messages_apart(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; print('out'); print('aside', file=sys.stderr)"]
    with Processes() as processes:
        assert processes.run(command, os.environ, log=tmp_path / "log") == "out\n"
    assert last_lines(tmp_path / "log") == "aside"


def test_a_command_that_fails_passes_its_own_message_on(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("of an earlier command\n")
    command = [sys.executable, "-c", "import sys; sys.exit('port 8000 is in use')"]
    with Processes() as processes, pytest.raises(Failed) as failure:
        processes.run(command, os.environ, log=log)
    assert str(failure.value) == "port 8000 is in use"


def test_the_end_of_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert last_lines(tmp_path / "none") == ""
