"""A collector in memory for the pages: accounts, a clock, and a naive reading of the reports."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from footfall_server.accounts import Accounts, Audit, Documents, Sessions, Tokens, Users
from footfall_server.accounts.tables import ProjectRow
from footfall_server.insights import Result
from footfall_server.model.errors import Unprocessable
from footfall_server.model.openid import OpenId
from footfall_server.model.project import Project
from footfall_server.web import pages
from starlette.testclient import TestClient

BUILT_IN = {"event", "library_version", "python_version", "os_type", "runtime_environment"}
NOW = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Event:
    name: str
    install: str
    time: datetime
    properties: Mapping[str, Any] = field(default_factory=dict)


def bucket_of(day: date, interval: str) -> date:
    if interval == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if interval == "month" else day


def after(day: date, interval: str) -> date:
    if interval == "month":
        return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return day + timedelta(days=7 if interval == "week" else 1)


def matches(event: Event, condition: Mapping[str, Any]) -> bool:
    name = condition["property"]
    value = event.name if name == "event" else event.properties.get(name)
    return {
        "in": lambda: value in condition["values"],
        "not_in": lambda: value not in condition["values"],
        "is_set": lambda: value is not None,
        "is_not_set": lambda: value is None,
    }[condition["op"]]()


def measure(events: list[Event], name: str) -> float | None:
    if name == "unique":
        return len({event.install for event in events})
    if name == "total":
        return len(events)
    if not events:
        return None
    if name == "error_rate":
        failed = [event for event in events if event.properties.get("exception_occurred")]
        return len(failed) / len(events)
    times = sorted(event.properties.get("run_time", 0.1) for event in events)
    cuts = statistics.quantiles(times * (1 if times[1:] else 2), n=10, method="inclusive")
    return cuts[4 if name == "p50" else 8]


@dataclass
class Insights:
    """Answers trends and events_table over a list of events, and remembers what was asked."""

    events: list[Event] = field(default_factory=list)
    asked: list[Mapping[str, Any]] = field(default_factory=list)
    failure: Exception | None = None

    async def run(self, project: Project, query: Mapping[str, Any], now: datetime) -> Result:
        self.asked.append(query)
        if self.failure is not None:
            raise self.failure
        self.check(project, query)
        start, end = date.fromisoformat(query["from"]), date.fromisoformat(query["to"])
        if query["report"] == "events_table":
            rows = self.events_table(query, start, end)
        else:
            rows = self.trends(query, start, end, now)
        return Result(query["report"], dict(query), rows, {"approximate": False})

    def check(self, project: Project, query: Mapping[str, Any]) -> None:
        """As the real one: a property of one's own that no event has is an error."""
        asked = {condition["property"] for condition in query["filters"]}
        asked |= set(query.get("breakdown", []))
        known = {name for event in self.events for name in event.properties} | BUILT_IN
        for name in asked - known if self.events else ():
            raise Unprocessable("UNKNOWN_PROPERTY", f"No event of {project.name} has {name}.")

    def chosen(self, query: Mapping[str, Any], start: date, end: date) -> list[Event]:
        keep = {"all": (True, False), "human": (False,), "ci": (True,)}[query["installs"]]
        return [
            event
            for event in self.events
            if start <= event.time.date() <= end
            and bool(event.properties.get("ci")) in keep
            and all(matches(event, condition) for condition in query["filters"])
        ]

    def events_table(self, query: Mapping[str, Any], start: date, end: date) -> list[dict]:
        before = end - start + timedelta(days=1)
        earlier = self.chosen(query, start - before, end - before)
        rows = []
        for name, events in grouped(self.chosen(query, start, end), lambda e: e.name).items():
            past = sum(event.name == name for event in earlier)
            unique = measure(events, "unique") or 1
            rows.append(
                {
                    "event": name,
                    "total": len(events),
                    "unique": unique,
                    "per_install": len(events) / unique,
                    "p50": measure(events, "p50"),
                    "p90": measure(events, "p90"),
                    "error_rate": measure(events, "error_rate"),
                    "first_seen": min(event.time for event in events).isoformat(),
                    "last_seen": max(event.time for event in events).isoformat(),
                    "change": len(events) / past - 1 if past else None,
                }
            )
        return sorted(rows, key=lambda row: -row["total"])

    def trends(self, query: Mapping[str, Any], start: date, end: date, now: datetime) -> list:
        rows = self.period(query, start, end, timedelta(0), now)
        if query.get("compare"):
            shift = end - start + timedelta(days=1)
            if query["compare"] == "previous_year":
                shift = timedelta(days=364)
            rows += self.period(query, start - shift, end - shift, shift, now)
        return rows

    def period(
        self, query: Mapping[str, Any], start: date, end: date, shift: timedelta, now: datetime
    ) -> list[dict]:
        interval, found = query["interval"], self.chosen(query, start, end)
        hourly = interval == "hour"

        def label(event: Event) -> str:
            if hourly:
                return (event.time + shift).replace(minute=0, second=0, microsecond=0).isoformat()
            return bucket_of((event.time + shift).date(), interval).isoformat()

        labels: dict[str | None, bool] = {}
        day = bucket_of(start + shift, interval)
        while day <= end + shift:
            last = after(day, interval) - timedelta(days=1)
            cut = day < start + shift or last > end + shift or last >= now.date()
            if hourly:
                for hour in range(24):
                    moment = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
                    labels[moment.isoformat()] = moment + timedelta(hours=1) > now
            else:
                labels[day.isoformat()] = cut
            day = after(day, interval)
        breakdown = query.get("breakdown")
        groups = {(): found}
        if breakdown:
            groups = top(found, breakdown[0], query["limit"])
        rows = []
        for segment, events in groups.items():
            by_label = grouped(events, label)
            marks = {**labels, **({None: False} if query.get("fold") else {})}
            for key, cut in marks.items():
                mine = events if key is None else by_label.get(key, [])
                rows += [
                    {
                        "bucket": key,
                        "series": series["name"],
                        "segment": list(segment),
                        "value": measure(mine, series["measure"]),
                        "incomplete": cut,
                        "compare": bool(shift),
                    }
                    for series in query["series"]
                ]
        return rows


def grouped(events: Iterable[Event], key: Callable[[Event], str]) -> dict[str, list[Event]]:
    groups: dict[str, list[Event]] = {}
    for event in events:
        groups.setdefault(key(event), []).append(event)
    return groups


def top(events: list[Event], name: str, limit: int) -> dict[tuple[str, ...], list[Event]]:
    groups = grouped(events, lambda event: str(event.properties.get(name, "$none")))
    order = sorted(groups, key=lambda value: (-len(groups[value]), value))
    kept = {(value,): groups[value] for value in order[:limit]}
    rest = [event for value in order[limit:] for event in groups[value]]
    return {**kept, **({("$other",): rest} if rest else {})}


@dataclass
class Services:
    """Real metadata in a file of its own, and a naive reading of the reports."""

    accounts: Accounts
    insights: Any = field(default_factory=Insights)
    base_url: str | None = "https://usage.example.org"
    secret: bytes = b"secret"
    openid: OpenId | None = None

    def __post_init__(self) -> None:
        self.users = Users(self.accounts)
        self.sessions = Sessions(self.accounts)
        self.tokens = Tokens(self.accounts)
        self.audit = Audit(self.accounts)
        self.documents = Documents(self.accounts)
        self.now = NOW

    def clock(self) -> datetime:
        return self.now

    def add_project(self, name: str, id_: int = 1, **fields: str) -> Project:
        """A project with an id of the test's own, and the key `wk_abc123`."""
        usual = {"timezone": "UTC", "version_property": "library_version"}
        with self.accounts.session() as session:
            session.add(ProjectRow(id=id_, name=name, created_at=NOW, **{**usual, **fields}))
            session.commit()
        self.accounts.add_write_key(name, f"wk_abc123{id_ if id_ > 1 else ''}")
        return self.accounts.project(name)

    def change_project(self, **fields: str) -> None:
        """Other values for the project `nannyml`."""
        with self.accounts.session() as session:
            row = session.get(ProjectRow, 1)
            for field_, value in fields.items():
                setattr(row, field_, value)
            session.commit()

    def sign_in(self, email: str, role: str | None = None, **fields: bool) -> dict[str, str]:
        """The cookies of a new user, with a role in the first project."""
        user = self.users.create(email, "a few words in a row", **fields)
        if role:
            self.users.set_role(self.accounts.projects()[0], user.id, role)
        return {"footfall_session": self.sessions.begin(user.id)}


def event(
    name: str = "fit", days: float = 1, install: str = "a", now: datetime = NOW, **properties: Any
) -> Event:
    """An event some days ago."""
    usual = {
        "library_version": "1.2.0",
        "python_version": "3.12.4",
        "os_type": "Linux",
        "runtime_environment": "notebook",
        "run_time": 0.25,
        "exception_occurred": False,
    }
    return Event(name, install, now - timedelta(days=days), {**usual, **properties})


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[Any]]:
    """What was logged, and nothing on the screen."""
    with structlog.testing.capture_logs() as captured:
        yield captured


# As a browser on the machine that runs Footfall.
LOCAL: Any = {"base_url": "http://127.0.0.1", "client": ("127.0.0.1", 50_000)}


@pytest.fixture(scope="session")
def new_metadata(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty metadata file with the newest schema, to be copied."""
    file = tmp_path_factory.mktemp("metadata") / "new.db"
    Accounts(f"sqlite:///{file}").close()
    return file


@pytest.fixture
def new_services(new_metadata: Path, tmp_path: Path) -> Iterator[Callable[[], Services]]:
    """Makes servers without a project, each with metadata of its own."""
    made: list[Services] = []

    def make() -> Services:
        place = len(made)
        file = shutil.copy(new_metadata, tmp_path / f"metadata-{place}.db")
        made.append(Services(Accounts(f"sqlite:///{file}", clock=lambda: made[place].now)))
        return made[-1]

    yield make
    for one in made:
        one.accounts.close()


@pytest.fixture
def bare(new_services: Callable[[], Services]) -> Services:
    """A server without a project."""
    return new_services()


@pytest.fixture
def services(bare: Services) -> Services:
    bare.add_project("nannyml")
    return bare


@pytest.fixture
def client(services: Services) -> Iterable[TestClient]:
    with TestClient(pages(services), follow_redirects=False, **LOCAL) as made:
        yield made


@pytest.fixture
def happened(services: Services) -> Callable[..., None]:
    """Let an event happen; see `event` for its usual properties."""

    def add(*arguments: Any, **properties: Any) -> None:
        services.insights.events.append(event(*arguments, **properties))

    return add
