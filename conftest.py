"""What a run tells at its end, beside what passed; and the browser that tests share."""

import os
import shutil
import signal

import pytest

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


@pytest.fixture(scope="module")
def browser():
    """A Chromium: the one that FOOTFALL_CHROMIUM names, else Debian's."""
    from playwright.sync_api import sync_playwright  # the SDK's suite runs where there is none

    names = (os.environ.get("FOOTFALL_CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    executable = next(filter(None, map(shutil.which, filter(None, names))), None)
    assert executable, "no Chromium: run `make browser`, or name one in FOOTFALL_CHROMIUM"
    off = ("gpu", "background-networking", "component-update", "sync")
    arguments = ["--no-sandbox", *(f"--disable-{name}" for name in off)]
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=executable, args=arguments)
        yield launched
        launched.close()
