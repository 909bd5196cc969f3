"""What the SDK raises, and only to maintainers: a wrong declaration or configuration.

Nothing here is ever raised out of a decorated call.
"""

from __future__ import annotations


class FootfallError(Exception):
    """The root of our errors: a stable `code`, and a `message` that says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ConfigurationError(FootfallError, ValueError):
    """A `Usage` or a decorator was declared in a way that can't work."""
