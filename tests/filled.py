"""A project with two months of varied use, for pages that need something to show."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from footfall_server.accounts import Accounts, Documents

from .conftest import Project, Server, eventually, http

HOSTILE = "</script><img src=x onerror=alert(1)>'\\\""
LONG = "a_name_without_a_single_break_" * 5
EVENTS = ("load", "fit", "predict", "plot", "export", HOSTILE, LONG)
WEIGHTS = (8, 12, 9, 6, 3, 1, 1)
FAILURES = ("ValueError", "KeyError", "builtins.MemoryError", HOSTILE)
INSTALLS, DAYS, BATCH = 48, 62, 500
SAME = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}


def use(now: datetime, *, hostile: bool, count: int = 3_000) -> Iterator[dict[str, Any]]:
    """Events in Segment's dialect; the same ones for the same instant."""
    names = EVENTS if hostile else (*EVENTS[:-2], "evaluate", "tune")
    failures = FAILURES if hostile else (*FAILURES[:-1], "TypeError")
    odd = HOSTILE if hostile else "linear"
    chance = random.Random(26)
    for number in range(count):
        install = min(chance.randrange(INSTALLS), chance.randrange(INSTALLS))
        ago = chance.random() ** 1.4 * (DAYS - install % 20)
        failed = chance.random() < (0.12 if ago < 20 else 0.05)
        yield {
            "type": "track",
            "event": chance.choices(names, WEIGHTS)[0],
            "userId": f"install-{install:03}",
            "messageId": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
            "timestamp": (now - timedelta(days=ago, seconds=60)).isoformat(),
            "properties": {
                "library_version": f"1.{7 - int(ago) // 14 - install % 2}.{install % 3}",
                "python_version": f"3.{10 + install % 5}.{install % 4}",
                "os_type": ("Linux", "Darwin", "Windows")[install % 3],
                "runtime_environment": ("notebook", "script", "docker", "ci")[install % 4],
                "ci": install % 4 == 3,
                "run_time": round(chance.lognormvariate(-1, 1.2), 4),
                "exception_occurred": failed,
                **({"exception_type": chance.choice(failures)} if failed else {}),
                "column_count": chance.choice([3, 12, 40]),
                "model": chance.choice(["lgbm", "forest", odd]) if number % 9 == 0 else "lgbm",
            },
        }


def fill(server: Server, name: str, now: datetime, *, hostile: bool = True) -> Project:
    """A project whose pages all have something to show: events, refusals, notes, cohorts, boards.

    Names that an attacker would choose are among them unless it is for people to look at. Returns
    when the events show in queries.
    """
    project = server.create_project(name)
    events = list(use(now, hostile=hostile))
    for start in range(0, len(events), BATCH):
        answer = project.send(events[start : start + BATCH])
        assert answer.status == 200, answer.body
    project.send(
        [
            {"type": "track", "userId": "install-001"},
            {"type": HOSTILE if hostile else "trace", "userId": "x"},
        ]
    )
    _keep(server, name, now, hostile)
    day = now.date().isoformat()
    eventually(
        lambda: project.query({"report": "events_table", "from": day, "to": day}).status == 200
    )
    return project


def _keep(server: Server, name: str, now: datetime, hostile: bool) -> None:
    def odd(friendly: str) -> str:
        return HOSTILE if hostile else friendly

    accounts = Accounts(f"sqlite:///{server.data}/metadata.db")
    try:
        project, documents = accounts.project(name), Documents(accounts)
        for back, version in ((44, "1.4.0"), (30, "1.5.0"), (16, "1.6.0"), (2, odd("1.7.0"))):
            day = (now - timedelta(days=back)).date().isoformat()
            body = {"date": day, "kind": "release", "version": version, "description": ""}
            documents.create(project, "annotations", version, body)
        frequent = {"all": [{"event": "fit", "at_least": 3, "days": 30}]}
        for cohort in ("Frequent", odd("Regulars")):
            documents.create(project, "cohorts", cohort, frequent)
        cards = [
            {"title": odd("Installs by version"), "view": "trends?breakdown=version"},
            {"title": "From load to plot", "view": "funnels?step=load&step=fit&step=plot"},
            {"title": "Come back", "view": "retention?range=90d"},
            {"title": "Support", "view": "support"},
            {"title": "A word", "text": odd("What we look at on Mondays.")},
        ]
        documents.create(project, "boards", "Weekly", {"cards": cards})
        documents.create(project, "boards", "Empty one", {"cards": []})
        documents.put_only(project, "public", {"on": True, "k": 10, "contact": "d@example.org"})
        documents.put_only(
            project,
            "manifest",
            {"mode": "observe", "manifest": _manifest(odd("what is used most"))},
        )
    finally:
        accounts.close()


def _manifest(why: str) -> dict[str, Any]:
    return {
        "manifest": 1,
        "library": "filled",
        "opt_out_env": "FILLED_OFF",
        "common": {"python_version": {"type": "string", "why": "what to support"}},
        "events": {"fit": {"why": why, "properties": {"model": {"why": "which model"}}}},
    }


def board_of(server: Server, name: str, title: str) -> str:
    """The id of a board."""
    accounts = Accounts(f"sqlite:///{server.data}/metadata.db")
    try:
        found = Documents(accounts).all(accounts.project(name), "boards")
        return next(one.id for one in found if one.name == title)
    finally:
        accounts.close()


def share(server: Server, name: str, board: str) -> str:
    """The path of a link to the board."""
    answer = http("POST", f"{server.url}/p/{name}/boards/{board}", b"do=share", SAME)
    assert answer.status == 200, answer.body
    return "/shared/" + answer.body.decode().partition("/shared/")[2].partition("<")[0].strip()


def present() -> datetime:
    return datetime.now(UTC)
