"""What a run tells at its end, beside what passed."""

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
