"""Take the pictures of the documentation into `docs/images/`: light, dark and at 390 px.

`python tools/screenshots.py` pictures every page of a server of its own, filled with sample data;
`python tools/screenshots.py URL PATH=NAME …` those of a server that runs.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
LOOKS = {
    "light": {"viewport": {"width": 1280, "height": 860}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 860}, "color_scheme": "dark"},
    "390": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
}
SAMPLE = "sample"


def picture(base: str, pages: dict[str, str]) -> None:
    """`pages`: the picture's name, and the path."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for look, options in LOOKS.items():
            page = browser.new_context(**options).new_page()  # type: ignore[arg-type]
            for name, path in pages.items():
                page.goto(f"{base.rstrip('/')}{path}")
                drawn(page)
                page.screenshot(path=str(IMAGES / f"{name}-{look}.png"))
        browser.close()


def drawn(page: Page) -> None:
    """Wait for the charts in the picture, which are drawn when they come into view, and for what
    arrives live."""
    if page.locator("#live-rows").count():
        page.locator("#live-rows tr").first.wait_for()
    for figure in page.locator("figure[data-chart]").all():
        box = figure.bounding_box()
        if box is not None and box["y"] < (page.viewport_size or {"height": 0})["height"]:
            figure.locator("svg.marks").wait_for()


def sample() -> None:
    """A server of its own, and what the tests fill it with, without the hostile names."""
    sys.path.insert(0, str(ROOT))
    from tests.conftest import Server
    from tests.filled import board_of, fill, present, share
    from tests.test_pages_in_browser import PAGES

    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "data").start()
        try:
            fill(server, SAMPLE, present(), hostile=False)
            server.create_project("waiting")
            board = board_of(server, SAMPLE, "Weekly")
            pages = {name: f"/p/{SAMPLE}/{path}" for name, path in PAGES.items() if name != "setup"}
            pages |= {
                "installs": f"/p/{SAMPLE}/installs?install=install-040",  # a short history
                "projects": "/",
                "setup": "/p/waiting/setup",
                "public": f"/public/{SAMPLE}",
                "shared": share(server, SAMPLE, board),
                "first": "/first",
                "new": "/new",
                "users": "/users",
            }
            picture(server.url, {name: path.format(board=board) for name, path in pages.items()})
        finally:
            server.stop()


def main(arguments: list[str]) -> None:
    if not arguments:
        sample()
        return
    base, *pages = arguments
    named = (each.partition("=") for each in pages)
    picture(base, {name: path for path, _, name in named})


if __name__ == "__main__":
    main(sys.argv[1:])
