"""Which events and properties a project ever had: a name that no event had is a mistake."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from footfall_server.insights import references
from footfall_server.insights.queries import Query
from footfall_server.insights.reader import Reader
from footfall_server.insights.sql import events as sql
from footfall_server.model.errors import Unprocessable
from footfall_server.model.project import Project


class Known:
    """What was seen once stays known until an erasure: only other names are looked up."""

    def __init__(self) -> None:
        self._properties: set[tuple[int, str]] = set()
        self._events: set[tuple[int, str]] = set()

    def forget(self, project: int) -> None:
        """Something of the project was erased. Any thread may call it."""
        self._properties = {one for one in self._properties.copy() if one[0] != project}
        self._events = {one for one in self._events.copy() if one[0] != project}

    async def check_properties(self, project: Project, query: Query, reader: Reader) -> None:
        """Raises `Unprocessable` UNKNOWN_PROPERTY, unless there is no event yet."""
        for name, path in references.own_properties(query).items():
            if (project.id, name) in self._properties:
                continue
            try:
                seen = sql.property_seen(project.id, name)
            except Unprocessable as error:
                raise Unprocessable(error.code, error.message, path=path) from error
            spans = reader.spans
            answer = (await reader.run(seen)).to_pylist()[0]
            if answer["known"]:
                self._properties.add((project.id, name))
                # No event changes that; and an erasure has every answer of the project dropped.
                reader.spans = spans
            elif not answer["empty"]:
                raise Unprocessable(
                    "UNKNOWN_PROPERTY",
                    f"No event of {project.name} has a property {name!r}; look at the names in "
                    "the project's schema.",
                    path=path,
                )

    async def check_events(self, project: Project, query: Query, reader: Reader) -> None:
        """Raises `Unprocessable` UNKNOWN_EVENT where none of the names of an action was ever sent,
        unless there is no event yet."""
        unseen = self._unseen(project, references.events(query))
        if not unseen:
            return
        names = sorted({name for each in unseen.values() for name in each})
        found = (await reader.run(sql.events_seen(project.id, names))).column("event").to_pylist()
        self._events |= {(project.id, name) for name in found}
        for path, (name, *_) in self._unseen(project, unseen).items():
            every = (await reader.run(sql.event_names(project.id))).column("event").to_pylist()
            if every:
                raise _unknown_event(project, name, every, path)

    def _unseen(
        self, project: Project, actions: Mapping[str, tuple[str, ...]]
    ) -> dict[str, tuple[str, ...]]:
        """The actions of which no name is known."""
        return {
            path: names
            for path, names in actions.items()
            if not any((project.id, name) in self._events for name in names)
        }


def _unknown_event(project: Project, name: str, every: list[str], path: str) -> Unprocessable:
    near = get_close_matches(name, every, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "look at the names in the project's schema."
    return Unprocessable(
        "UNKNOWN_EVENT", f"{project.name} never had an event {name[:100]!r}; {hint}", path=path
    )
