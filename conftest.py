"""What a run tells at its end, beside what passed."""

import signal

# A job in the background ignores interrupts, and hands that on to the programs that tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_TELLING = ("test_matrix.py", "test_other_pythons.py")


def pytest_terminal_summary(terminalreporter):
    """Which CPythons the SDK's suite and NannyML's adapter ran on."""
    lines = [
        line
        for report in terminalreporter.stats.get("passed", []) + terminalreporter.stats.get("", [])
        if any(name in report.nodeid for name in _TELLING)
        for line in report.capstdout.splitlines()
    ]
    if lines:
        terminalreporter.section("which CPythons")
        for line in lines:
            terminalreporter.write_line(line)
