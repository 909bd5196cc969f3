"""The pytest plugin: a test run never sends usage, and a test can see what would be sent.

A library's tests run its decorated functions, on a maintainer's machine and in CI, and would fill
the figures with calls that nobody made. While pytest runs, and in the processes that it starts,
events go to no collector but one on the loopback address, unless a test calls `usage.enable()`.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List

import pytest

if TYPE_CHECKING:
    from footfall.usage import Usage

_SWITCH = "FOOTFALL_PYTEST"  # footfall.consent.PYTEST, without importing it into every test run


def pytest_configure(config: pytest.Config) -> None:
    """Keep this run's events at home."""
    os.environ[_SWITCH] = "1"


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave the environment as it was."""
    os.environ.pop(_SWITCH, None)


@pytest.fixture
def footfall_capture() -> Iterator[Callable[[Usage], List[Dict[str, Any]]]]:
    """`events = footfall_capture(usage)`: the live list of what the rest of the test logs."""
    from footfall.testing import capture

    with ExitStack() as stack:

        def start(usage: Usage) -> List[Dict[str, Any]]:
            return stack.enter_context(capture(usage))

        yield start
