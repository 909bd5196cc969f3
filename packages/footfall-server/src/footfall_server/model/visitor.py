"""Who looks at the pages, and what they may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["viewer", "editor", "owner"]
ROLES: Mapping[str, int] = {"viewer": 1, "editor": 2, "owner": 3}
"""A viewer looks; an editor keeps reports, boards and the like; an owner has keys, people, data."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """`user` is None for the machine itself and for a sign-in link; `roles` is by project id."""

    name: str
    user: int | None = None
    admin: bool = False
    roles: Mapping[int, str] = field(default_factory=dict)

    def may(self, project: int, role: Role = "viewer") -> bool:
        """Whether this visitor has the role, or a higher one, in a project."""
        return self.admin or ROLES.get(self.roles.get(project, ""), 0) >= ROLES[role]

    def role(self, project: int) -> str:
        """What the visitor is in a project; '' for nothing."""
        return "owner" if self.admin else self.roles.get(project, "")


MACHINE = Visitor("this machine", admin=True)
"""Before there are users, the machine that runs the server may do everything."""

LINK = Visitor("a sign-in link", admin=True)
"""Who has the command line may do everything, and hands that on for one session."""
