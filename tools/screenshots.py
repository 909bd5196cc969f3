"""Take the pictures of the documentation: `python tools/screenshots.py URL PATH=NAME …`.

Each page is pictured light, dark and at 390 px into `docs/images/`.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
LOOKS = {
    "light": {"viewport": {"width": 1440, "height": 1000}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1440, "height": 1000}, "color_scheme": "dark"},
    "390": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
}


def main(base: str, pages: list[str]) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for look, options in LOOKS.items():
            page = browser.new_context(**options).new_page()  # type: ignore[arg-type]
            for each in pages:
                path, _, name = each.partition("=")
                page.goto(f"{base.rstrip('/')}{path}")
                page.wait_for_timeout(2_000)  # charts are drawn when they come into view
                page.screenshot(path=str(IMAGES / f"{name}-{look}.png"))
                print(IMAGES / f"{name}-{look}.png")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
