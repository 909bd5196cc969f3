"""What a run tells at its end, beside what passed."""

_TELLING = ("test_matrix.py", "test_oracle.py")


def pytest_terminal_summary(terminalreporter):
    """Which CPythons the SDK's suite ran on, and how many queries were compared with the oracle."""
    lines = [
        line
        for report in terminalreporter.stats.get("passed", []) + terminalreporter.stats.get("", [])
        if any(name in report.nodeid for name in _TELLING)
        for line in report.capstdout.splitlines()
    ]
    if lines:
        terminalreporter.section("what was compared")
        for line in lines:
            terminalreporter.write_line(line)
