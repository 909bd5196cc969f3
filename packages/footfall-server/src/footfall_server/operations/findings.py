"""What a check tells."""

from __future__ import annotations

from typing import Literal

import msgspec

Level = Literal["ok", "notice", "wrong"]


class Finding(msgspec.Struct, frozen=True):
    """`about`: what was looked at; `advice`: what to do, unless all is well.

    `notice`: works, and should be looked at; `wrong`: doesn't work, or isn't safe.
    """

    about: str
    level: Level
    text: str
    advice: str = ""


def ok(about: str, text: str) -> Finding:
    return Finding(about, "ok", text)


def notice(about: str, text: str, advice: str) -> Finding:
    return Finding(about, "notice", text, advice)


def wrong(about: str, text: str, advice: str) -> Finding:
    return Finding(about, "wrong", text, advice)
