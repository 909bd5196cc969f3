"""The commands and how they speak."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from footfall_server import settings as server_settings
from footfall_server.accounts import Accounts, Sessions, Tokens
from footfall_server.cli import history
from footfall_server.cli.erase import erase
from footfall_server.cli.manifest import Mode, save_manifest
from footfall_server.cli.moving import migrate_store
from footfall_server.cli.operations import backup, doctor, plan, restore
from footfall_server.cli.people import member, user
from footfall_server.cli.rejected import rejected
from footfall_server.cli.with_accounts import AsJson, Data, say, with_accounts
from footfall_server.model.errors import FootfallError

app = typer.Typer(
    name="footfall-server",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"footfall-server {version('footfall-server')}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", callback=_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Footfall's collector and insights: usage events in, answers out."""


project = typer.Typer(help="Projects and their keys.", no_args_is_help=True)
app.add_typer(project, name="project")
app.command()(erase)
app.command()(doctor)
app.command()(backup)
app.command()(restore)
app.command()(plan)
app.command("migrate-store")(migrate_store)
app.command("export")(history.export)
app.command("import")(history.import_)
app.add_typer(user, name="user")
app.add_typer(rejected, name="rejected")
project.command("member")(member)


def run() -> None:
    """Run the command; an error is one line on stderr, SetupError exits 2, any other 1."""
    try:
        app()
    except FootfallError as error:
        print(f"footfall-server: {error.message} [{error.code}]", file=sys.stderr)
        sys.exit(2 if isinstance(error, server_settings.SetupError) else 1)


class Role(StrEnum):
    """What a server process does."""

    ALL = "all"
    INGEST = "ingest"
    WEB = "web"


@app.command()
def serve(
    data: Data = None,
    host: Annotated[
        str | None, typer.Option(help="The address to listen on.", show_default="127.0.0.1")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(help="The port; 0 for any free one.", min=0, max=65535, show_default="8000"),
    ] = None,
    role: Annotated[
        Role,
        typer.Option(
            help="all; ingest: take events in, no more; web: store, API and pages for what the "
            "ingest servers of the same data directory took.",
            envvar="FOOTFALL_ROLE",
        ),
    ] = Role.ALL,
    workers: Annotated[
        int,
        typer.Option(
            help="Processes that take events in, one a core.",
            min=1,
            max=64,
            envvar="FOOTFALL_WORKERS",
        ),
    ] = 1,
) -> None:
    """Run the collector, the insights and their pages."""
    from footfall_server.cli.serve import serve as serve_until_stopped

    settings = server_settings.read(data=data, host=host, port=port)
    serve_until_stopped(settings, role.value, workers)


@project.command("create")
def project_create(
    name: str,
    timezone: Annotated[str, typer.Option(help="Its IANA time zone.")] = "UTC",
    version_property: Annotated[
        str, typer.Option(help="The property that holds its version.")
    ] = "library_version",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Create a project, with a write key and an API token (shown once)."""
    created = with_accounts(data, lambda it: it.create_project(name, timezone, version_property))
    document = {
        "project": created.project.name,
        "write_key": created.write_key,
        "api_token": created.api_token,
    }
    lines = [
        f"Created the project {name}.",
        f"  write key  {created.write_key}   (ships inside your library)",
        f"  API token  {created.api_token}   (keep it secret: it is not shown again)",
    ]
    say(document, lines, as_json)


@project.command("list")
def project_list(data: Data = None, as_json: AsJson = False) -> None:
    """List the projects."""
    projects = with_accounts(data, lambda it: it.projects())
    if as_json:
        rows = [
            {
                "project": each.name,
                "timezone": each.timezone,
                "version_property": each.version_property,
            }
            for each in projects
        ]
        print(json.dumps(rows))
        return
    if not projects:
        print("No project yet: footfall-server project create NAME")
        return
    table = Table("project", "time zone", "version property", box=None, pad_edge=False)
    for each in projects:
        table.add_row(each.name, each.timezone, each.version_property)
    Console().print(table)


@project.command("key")
def project_key(
    name: str,
    add: Annotated[
        str | None, typer.Option(help="Accept this key too, e.g. one that a client has built in.")
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Show a project's write key."""

    def key(accounts: Accounts) -> str:
        if add is not None:
            return accounts.add_write_key(name, add)
        keys = [each for each in accounts.write_keys(accounts.project(name)) if not each.revoked]
        return keys[0].key if keys else accounts.add_write_key(name)

    found = with_accounts(data, key)
    say({"project": name, "write_key": found}, [found], as_json)


@project.command("token")
def project_token(
    name: str,
    scope: Annotated[
        Literal["read", "write", "admin"], typer.Option(help="What it may do.")
    ] = "admin",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Create a further API token (shown once)."""
    token = with_accounts(
        data, lambda it: Tokens(it).create(it.project(name), "command line", scope)
    )
    say({"project": name, "api_token": token}, [token], as_json)


@project.command("manifest")
def project_manifest(
    name: str,
    file: Annotated[
        Path, typer.Argument(help="What usage.manifest() gives, as JSON; - for stdin.")
    ],
    mode: Annotated[
        Mode | None,
        typer.Option(help="What the door does with it; else as before, observe at first."),
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Set a project's manifest: what its library declares that it sends."""
    text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
    saved = with_accounts(data, lambda it: save_manifest(it, name, text, mode and mode.value))
    document = {"project": name, "mode": saved.mode, "events": sorted(saved.manifest.events)}
    lines = [f"{len(saved.manifest.events)} events are declared; the door will {saved.mode}."]
    say(document, lines, as_json)


@app.command("sign-in-link")
def sign_in_link(data: Data = None, as_json: AsJson = False) -> None:
    """Print a link that signs in to the pages once, within an hour."""
    settings = server_settings.read(data=data)
    secret = with_accounts(data, lambda it: Sessions(it).create_link())
    address = settings.data / "address"
    base = settings.base_url or (
        address.read_text().strip()
        if address.exists()
        else f"http://{settings.host}:{settings.port}"
    )
    url = f"{base.rstrip('/')}/sign-in/{secret}"
    say({"url": url}, [url], as_json)
