"""Build hook: write the third-party browser files that the pages use, from pinned packages.

Installing Footfall needs no JavaScript tools, the repository holds no third-party file, and a page
never asks another host: the build requirements carry the scripts, and this hook copies them into
`web/static/vendor`, for wheels and for editable installs alike. Each name carries the file's
SHA-256, `.br` and `.gz` lie beside it, and `manifest.json` says which file is which.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from importlib.metadata import distribution, version
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VENDOR = "src/footfall_server/web/static/vendor"
VEGA_LITE = "6.4"  # the same line as Altair 6.3, so that page and export draw one specification


def vega() -> bytes:
    """Vega, Vega-Lite and Vega-Embed in one module that sets `window.vegaEmbed`."""
    import vl_convert

    bundle: str = vl_convert.javascript_bundle(vl_version=VEGA_LITE)
    return bundle.encode()


def packaged(package: str, name: str) -> bytes:
    """The file `name` of an installed package."""
    for file in distribution(package).files or []:
        if file.name == name:
            return Path(str(file.locate())).read_bytes()
    raise FileNotFoundError(f"{package} {version(package)} holds no {name}")


# name in pages: (the package that it comes from, how to get it)
SOURCES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "vega": ("vl-convert-python", vega),
    "htmx": ("django-htmx", lambda: packaged("django-htmx", "htmx-2.min.js")),
    "sse": ("django-htmx", lambda: packaged("django-htmx", "hx-sse-2.min.js")),
}


def origin(name: str) -> str:
    """What the file is made of; while it stays the same, so does the file."""
    package, _ = SOURCES[name]
    line = f" {VEGA_LITE}" if name == "vega" else ""
    return f"{package} {version(package)}{line}"


def intact(folder: Path, entry: dict[str, str]) -> bool:
    """The file that the manifest names is there, unchanged, with its compressed forms."""
    file = folder / entry["file"]
    forms = [Path(f"{file}.gz"), Path(f"{file}.br")]
    return (
        file.exists()
        and all(form.exists() for form in forms)
        and hashlib.sha256(file.read_bytes()).hexdigest() == entry["sha256"]
    )


def write(folder: Path, name: str) -> dict[str, str]:
    """Write one script in its three forms; its entry in the manifest."""
    import brotli

    body = SOURCES[name][1]()
    digest = hashlib.sha256(body).hexdigest()
    file = folder / f"{name}.{digest[:12]}.js"
    file.write_bytes(body)
    Path(f"{file}.gz").write_bytes(gzip.compress(body, 9, mtime=0))
    Path(f"{file}.br").write_bytes(brotli.compress(body, quality=11))
    return {"file": file.name, "sha256": digest, "from": origin(name)}


def build(folder: Path) -> dict[str, dict[str, str]]:
    """Bring the folder up to date and remove what no longer belongs there; the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    listed = folder / "manifest.json"
    before = json.loads(listed.read_text()) if listed.exists() else {}
    manifest = {}
    for name in SOURCES:
        entry = before.get(name)
        current = entry is not None and entry["from"] == origin(name) and intact(folder, entry)
        manifest[name] = entry if current else write(folder, name)
    kept = {listed.name}
    for entry in manifest.values():
        kept |= {entry["file"], entry["file"] + ".gz", entry["file"] + ".br"}
    for file in folder.iterdir():
        if file.name not in kept:
            file.unlink()
    listed.write_text(json.dumps(manifest, indent=1) + "\n")
    return manifest


class AssetHook(BuildHookInterface[Any]):
    """Runs before every wheel and every editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name == "wheel":
            build(Path(self.root, VENDOR))
