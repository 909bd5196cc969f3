"""`footfall-server user …` and `project member`: people, from the command line."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from footfall_server.accounts import Users
from footfall_server.cli.with_accounts import AsJson, Data, say, with_accounts
from footfall_server.model.errors import NotFound

user = typer.Typer(help="Who can sign in to the pages.", no_args_is_help=True)


def _password(confirm: bool) -> str:
    """From a prompt, or the first line of standard input where nobody sits."""
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=confirm))
    return sys.stdin.readline().rstrip("\r\n")


@user.command("create")
def create(
    email: str,
    admin: Annotated[
        bool, typer.Option("--admin", help="May do everything in every project.")
    ] = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Add an account; the first one is an administrator's. The password comes from a prompt or
    from standard input."""
    password = _password(confirm=True)

    def make(users: Users) -> tuple[str, bool]:
        made = (
            users.create(email, password, admin=admin)
            if users.any()
            else users.create_first(email, password)
        )
        return made.email, made.admin

    address, is_admin = with_accounts(data, lambda it: make(Users(it)))
    line = f"{address} can sign in{', as an administrator' if is_admin else ''}."
    say({"email": address, "admin": is_admin}, [line], as_json)


@user.command("list")
def list_(data: Data = None, as_json: AsJson = False) -> None:
    """List the accounts."""
    found = with_accounts(data, lambda it: Users(it).all())
    rows = [{"email": one.email, "admin": one.admin, "disabled": one.disabled} for one in found]
    if as_json or not found:
        say(rows, ["No account yet: footfall-server user create EMAIL"], as_json)
        return
    table = Table("e-mail", "administrator", "disabled", box=None, pad_edge=False)
    for one in found:
        table.add_row(one.email, "yes" if one.admin else "", "yes" if one.disabled else "")
    Console().print(table)


@user.command("password")
def password(email: str, data: Data = None, as_json: AsJson = False) -> None:
    """Set a new password, from a prompt or standard input; ends the user's sessions."""
    new = _password(confirm=True)

    def change(users: Users) -> None:
        users.set_password(_named(users, email), new)

    with_accounts(data, lambda it: change(Users(it)))
    say({"email": email}, [f"The password of {email} was changed."], as_json)


def member(
    name: str,
    email: str,
    role: Literal["viewer", "editor", "owner", "none"],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Give somebody a role in a project; none takes them out."""
    with_accounts(
        data,
        lambda it: Users(it).set_role(
            it.project(name), _named(Users(it), email), None if role == "none" else role
        ),
    )
    said = "has no role" if role == "none" else f"is {role}"
    say({"project": name, "email": email, "role": role}, [f"{email} {said} in {name}."], as_json)


def _named(users: Users, email: str) -> int:
    for one in users.all():
        if one.email == email.strip().lower():
            return one.id
    raise NotFound("NO_SUCH_USER", f"There is no account {email}: `user list` shows what there is.")
