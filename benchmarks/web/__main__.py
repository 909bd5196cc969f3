"""What the pages weigh, what they cost the server without their queries, how soon they are drawn.

`python -m benchmarks.web`; needs Chromium for the last part.
"""

from __future__ import annotations

import dataclasses
import gzip
import json
import re
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from footfall_server.insights import Result
from footfall_server.intake import open_intake
from footfall_server.model.project import Project
from footfall_server.services import open_services
from footfall_server.settings import read, secret_key
from footfall_server.web import pages
from playwright.sync_api import sync_playwright
from starlette.testclient import TestClient

from tests.conftest import Server, http
from tests.filled import board_of, fill, present
from tests.test_pages_in_browser import PAGES

NAME, ROUNDS = "weighed", 9
LOCAL: Any = {"base_url": "http://127.0.0.1", "client": ("127.0.0.1", 50_000)}
DRAWN = """() => [...document.querySelectorAll('figure[data-chart]')].every((figure) =>
  figure.getBoundingClientRect().top > innerHeight || figure.dataset.state === 'ready')"""
SEEN = """() => ({
  painted: performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
  drawn: performance.now(),
  shift: window.shift,
  longest: Math.max(0, ...window.tasks),
})"""
WATCH = """window.shift = 0; window.tasks = [];
new PerformanceObserver((l) => l.getEntries().forEach((e) => { window.shift += e.value; }))
  .observe({ type: 'layout-shift', buffered: true });
new PerformanceObserver((l) => l.getEntries().forEach((e) => window.tasks.push(e.duration)))
  .observe({ type: 'longtask', buffered: true });"""


class Remembered:
    """The insights, each question asked once: what is left is the page's own time."""

    def __init__(self, insights: Any) -> None:
        self._insights, self._known = insights, dict[str, Any]()

    async def _once(self, key: str, ask: Callable[[], Any]) -> Any:
        if key not in self._known:
            self._known[key] = await ask()
        return self._known[key]

    async def run(self, project: Project, query: Mapping[str, Any], now: Any) -> Result:
        key = json.dumps(query, sort_keys=True, default=str)
        return await self._once(key, lambda: self._insights.run(project, query, now))

    async def events(self, project: Project, parameters: Mapping[str, str]) -> Any:
        return await self._once(
            f"events {parameters}", lambda: self._insights.events(project, parameters)
        )

    async def schema(self, project: Project, now: Any) -> Any:
        return await self._once("schema", lambda: self._insights.schema(project, now))

    async def cohort_size(self, project: Project, definition: Mapping[str, Any], now: Any) -> Any:
        return await self._once(
            f"cohort {definition}", lambda: self._insights.cohort_size(project, definition, now)
        )


def weights(server: Server, addresses: dict[str, str]) -> None:
    """HTML and own files of each page, compressed."""
    print("| page | HTML, gzip kB | own CSS and scripts, gzip kB |\n|---|---|---|")
    for name, path in addresses.items():
        html = http("GET", server.url + path).body
        files = set(re.findall(rb'(?:href|src)="(/static/[^"#]+\.(?:js|css))"', html))
        own = [file.decode() for file in files if not re.search(rb"/(vega|htmx)", file)]
        size = sum(len(gzip.compress(http("GET", server.url + file).body, 9)) for file in own)
        print(f"| {name} | {len(gzip.compress(html, 6)) / 1e3:.1f} | {size / 1e3:.1f} |")


def own_time(data: Path, addresses: dict[str, str]) -> None:
    """Milliseconds of a page whose questions are answered already: medians."""
    settings = read({"FOOTFALL_DATA": str(data)})
    intake = open_intake(
        settings.database_url, settings.journal, secret_key(settings), settings.salts
    )
    services = open_services(settings, "http://127.0.0.1", intake)
    known: Any = dataclasses.replace(services, insights=Remembered(services.insights))
    print("\n| page | server without queries, CPU ms | ms on the clock |\n|---|---|---|")
    with TestClient(pages(known), follow_redirects=False, **LOCAL) as client:
        for name, path in addresses.items():
            assert client.get(path).status_code == 200, path
            took = []
            for _ in range(ROUNDS):
                clock, cpu = time.perf_counter(), time.process_time()
                client.get(path)
                took.append((time.process_time() - cpu, time.perf_counter() - clock))
            cpu, clock = (1e3 * statistics.median(one) for one in zip(*took, strict=True))
            print(f"| {name} | {cpu:.1f} | {clock:.1f} |")
    services.close()


def drawn(server: Server, addresses: dict[str, str]) -> None:
    """From navigation to the charts in view, in Chromium; the first visit is cold."""
    print("\n| page | CPU | first paint ms | charts in view ms | longest task ms | shift |")
    print("|---|---|---|---|---|---|")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for name, path in addresses.items():
            for slow in (1, 4):
                seen = []
                for _ in range(3):
                    context = browser.new_context(viewport={"width": 1440, "height": 1000})
                    page = context.new_page()
                    page.add_init_script(WATCH)
                    context.new_cdp_session(page).send(
                        "Emulation.setCPUThrottlingRate", {"rate": slow}
                    )
                    page.goto(server.url + path)
                    page.wait_for_function(DRAWN)
                    seen.append(page.evaluate(SEEN))
                    context.close()
                middle = {key: statistics.median(one[key] or 0 for one in seen) for key in seen[0]}
                print(
                    f"| {name} | 1/{slow} | {middle['painted']:.0f} | {middle['drawn']:.0f} | "
                    f"{middle['longest']:.0f} | {middle['shift']:.3f} |"
                )
        browser.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "data").start()
        fill(server, NAME, present())
        board = board_of(server, NAME, "Weekly")
        addresses = {name: f"/p/{NAME}/{path.format(board=board)}" for name, path in PAGES.items()}
        weights(server, addresses)
        drawn(server, {name: addresses[name] for name in ("overview", "trends", "releases")})
        server.stop()
        del addresses["live"]
        own_time(server.data, addresses)


if __name__ == "__main__":
    main()
