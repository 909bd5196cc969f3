"""The pytest plugin: a test run never sends anything, and a test can see what would be sent.

A library's tests run its decorated functions, on a maintainer's machine and in CI. While pytest
runs, every `Usage` is off (also in the processes that tests start), unless a test says otherwise
by `usage.enable()`; the fixture `footfall_capture` works all the same.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List

import pytest

if TYPE_CHECKING:
    from footfall.usage import Usage

SWITCH = "FOOTFALL_DISABLE"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`footfall_send = true` in pytest's configuration lifts the switch."""
    parser.addini("footfall_send", "let usage events be sent during tests", "bool", False)


def pytest_configure(config: pytest.Config) -> None:
    """Turn logging off for this run."""
    if not config.getini("footfall_send") and SWITCH not in os.environ:
        os.environ[SWITCH] = "pytest"


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave the environment as it was."""
    if os.environ.get(SWITCH) == "pytest":
        del os.environ[SWITCH]


@pytest.fixture
def footfall_capture() -> Iterator[Callable[["Usage"], List[Dict[str, Any]]]]:
    """`events = footfall_capture(usage)`: the live list of events that the rest of the test logs."""
    from footfall.testing import capture

    with ExitStack() as stack:

        def start(usage: "Usage") -> List[Dict[str, Any]]:
            return stack.enter_context(capture(usage))

        yield start
