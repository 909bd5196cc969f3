"""Run NannyML against Footfall, and look at its usage.

    python -m examples.nannyml.demo [--exit] [--home DIRECTORY]

Everything that it makes is in `.demo/`, or the directory that is named (NannyML's environment is
always there). A second run uses what is there and adds to it; `make clean` removes `.demo/`.
`FOOTFALL_PORT` says where to serve: 8000 unless set, 0 for any free port.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from examples.nannyml.board import board
from examples.nannyml.collector import Collector
from examples.nannyml.ledger import Comparison, compare, read_events_table, read_ledgers
from examples.nannyml.processes import Failed, Processes, Stopped, last_lines

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".demo"
WORKLOAD = Path(__file__).with_name("workload")
PROJECT = "nannyml"
OPT_OUT = "NML_DISABLE_USAGE_LOGGING"


@dataclass
class Demo:
    """The demonstration's parts; `run` is its course."""

    console: Console
    processes: Processes
    home: Path = HOME

    def run(self, *, stop: bool) -> bool:
        """Whether every event that NannyML logged is in the insights.

        With `stop` it returns at the end; without, it serves until it is stopped.
        """
        if OPT_OUT in os.environ:
            raise Failed(f"{OPT_OUT} is set, so NannyML would log nothing: unset it for this.")
        self.home.mkdir(parents=True, exist_ok=True)
        nannyml = self._environment()
        collector = self._collector()
        token = self._project(collector, write_key(nannyml))
        start = datetime.now(UTC).replace(microsecond=0)
        run = self._workload(nannyml, collector.address)
        comparison = self._compare(collector, token, start, run)
        self._show(comparison)
        insights = collector.keep_board(PROJECT, token, board())
        self.console.print(f"\nNannyML's board: {insights}", soft_wrap=True)
        if not stop:
            self._invite(collector)
            collector.wait()
        return comparison.equal

    def _environment(self) -> Path:
        folder = HOME / "nannyml"
        with self.console.status("installing NannyML (the first time, about 2 GB on disk) …"):
            self.processes.run(
                [sys.executable, ROOT / "tools/bootstrap.py", "venv", folder,
                 Path(__file__).with_name("requirements.lock"), "--require-hashes"],
                os.environ, log=self.home / "install.log",
            )  # fmt: skip
        self._done("NannyML", f"as it is on PyPI, in {shown(folder)}")
        return folder

    def _collector(self) -> Collector:
        # Settings of another Footfall must not lead the demonstration into its data.
        env = {key: value for key, value in os.environ.items() if not key.startswith("FOOTFALL_")}
        data = self.home / "data"
        env |= {"FOOTFALL_DATA": str(data), "PYTHONUNBUFFERED": "1"}
        collector = Collector(self.processes, data, self.home / "server.log", env)
        with self.console.status("starting the server …") as status:
            try:
                collector.serve(
                    os.environ.get("FOOTFALL_PORT") or "8000",
                    lambda text: status.update(escape(text)),
                )
            except Failed as failure:
                if "PORT_IN_USE" not in str(failure):
                    raise
                raise Failed(f"{failure}\nAny free port: FOOTFALL_PORT=0 make demo") from None
        self._done("Server", f"{collector.address}, its data in {shown(data)}")
        return collector

    def _project(self, collector: Collector, key: str) -> str:
        with self.console.status("creating the project …"):
            token = collector.project(PROJECT, f"{PROJECT}_version")
            collector.accept_key(PROJECT, key)
        self._done("Project", f"{PROJECT}, which takes the write key that NannyML is built with")
        return token

    def _workload(self, nannyml: Path, address: str) -> Path:
        run = self.home / "run"
        shutil.rmtree(run, ignore_errors=True)
        run.mkdir()
        for script in ("library", "command"):
            self._script(nannyml, script, address, run)
        return run

    def _script(self, nannyml: Path, script: str, address: str, run: Path) -> None:
        """Run one script of the workload, telling its steps as they are done."""
        log = run / "nannyml.log"
        command: list[str | Path] = [
            nannyml / "bin/python", "-E", "-s", WORKLOAD / f"{script}.py",
            address, run / f"{script}.jsonl", run,
        ]  # fmt: skip
        process = self.processes.start(command, only_this_machine(), log=log, read=True)
        if process.stdout is None:
            raise AssertionError("the output is read, so it is a pipe")
        with self.console.status("starting NannyML …") as status:
            for line in process.stdout:
                step = json.loads(line)
                if "begin" in step:
                    status.update(f"{escape(step['begin'])} …")
                else:
                    self._done("NannyML", f"{step['done']} ({step['seconds']:.1f} s)")
            if process.wait():
                raise Failed(f"NannyML ended with an error; all of it: {log}\n{last_lines(log)}")

    def _compare(self, collector: Collector, token: str, start: datetime, run: Path) -> Comparison:
        during = {
            "from": start.isoformat(),
            "to": (datetime.now(UTC) + timedelta(minutes=1)).isoformat(timespec="seconds"),
        }
        with self.console.status("asking for the insights …"):
            table = collector.query(PROJECT, token, {"report": "events_table", **during})
            trend = collector.query(
                PROJECT, token,
                {"report": "trends", "interval": "hour", **during,
                 "series": [{"name": "A", "event": None, "measure": "total"}]},
            )  # fmt: skip
        found = read_events_table(table["rows"])
        total = round(sum(row["value"] for row in trend["rows"]))
        if total != sum(count.events for count in found.values()):
            raise Failed(f"The events table and the trend disagree: the trend says {total}.")
        return compare(read_ledgers(run), found)

    def _show(self, comparison: Comparison) -> None:
        table = Table("event", box=box.SIMPLE_HEAD, pad_edge=False)
        for column in ("logged", "in the insights", "errors"):
            table.add_column(column, justify="right")
        table.add_column("")
        for line in comparison.lines:
            table.add_row(
                escape(line.event),
                str(line.logged.events),
                str(line.found.events),
                str(line.found.errors or ""),
                "[green]✓[/]" if line.equal else "[red]✗[/]",
            )
        self.console.print(table)
        colour = "green" if comparison.equal else "red"
        self.console.print(f"[{colour}]{escape(comparison.verdict())}[/]", soft_wrap=True)

    def _invite(self, collector: Collector) -> None:
        self.console.print(f"Insights: {collector.address}/p/{PROJECT}/overview", soft_wrap=True)
        self.console.print(
            f"Sign in with this link, once: {collector.sign_in_link()}", soft_wrap=True
        )
        self.console.print("Ctrl-C stops the server.")

    def _done(self, what: str, text: str) -> None:
        self.console.print(f"[green]✓[/] [bold]{what:<8}[/] {escape(text)}", soft_wrap=True)


def write_key(nannyml: Path) -> str:
    """The Segment write key that the installed NannyML has built in, read from its source."""
    (source,) = nannyml.glob("lib/python3*/site-packages/nannyml/usage_logging.py")
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        match node:
            case ast.Assign(
                targets=[ast.Name(id="SEGMENT_WRITE_KEY")], value=ast.Constant(value=str(key))
            ):
                return key
    raise Failed(f"No SEGMENT_WRITE_KEY in {source}: it isn't the NannyML that this was made for.")


def only_this_machine() -> dict[str, str]:
    """An environment from which only this machine can be reached over HTTP.

    Whatever NannyML would send elsewhere fails at once: in Kubernetes it asks the cloud's metadata
    service at every event and would wait five seconds for it.
    """
    nowhere, here = "http://127.0.0.1:9", "127.0.0.1,localhost"
    proxies = {"http_proxy": nowhere, "https_proxy": nowhere, "no_proxy": here}
    return {
        **os.environ,
        **proxies,
        **{name.upper(): value for name, value in proxies.items()},
        "PYTHONUNBUFFERED": "1",
    }


def shown(path: Path) -> str:
    """A path as it is best read: from the project's folder, if it is in there."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make demo", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--exit", action="store_true", help="stop at the end instead of serving")
    parser.add_argument("--home", type=Path, default=HOME, help="where the data is kept")
    options = parser.parse_args(arguments)
    # Where nobody reads it on a terminal, the table is wide enough for every event's name.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 110)
    try:
        with Processes() as processes:
            return (
                0 if Demo(console, processes, options.home.resolve()).run(stop=options.exit) else 1
            )
    except Failed as failure:
        console.print(f"[red]✗[/] {escape(str(failure))}", soft_wrap=True)
        return 1
    except Stopped as stopped:
        console.print("Stopped; nothing is left running.")
        return stopped.status


if __name__ == "__main__":
    sys.exit(main())
