"""Static files under names that carry their content's hash, so that browsers may keep them.

Own files lie in `static/`; third-party scripts in `static/vendor/`, with `.br` and `.gz` beside
them, as the build hook wrote them. All of them are small enough to be held in memory.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

FOLDER = Path(__file__).parent / "static"
PREFIX = "/static"
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
HEADERS = {
    "cache-control": "public, max-age=31536000, immutable",
    "cross-origin-resource-policy": "same-origin",
    "vary": "Accept-Encoding",
    "x-content-type-options": "nosniff",
}


class AssetsMissing(RuntimeError):
    """The build hook has not run; the message says how to run it."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its hashed name, its type and its body in every encoding that it has."""

    name: str
    media_type: str
    digest: str
    bodies: Mapping[str, bytes]  # by content coding: identity, gzip, br


@dataclass(frozen=True, slots=True)
class Assets:
    """All files, by the name that templates use and by the name in URLs."""

    by_name: Mapping[str, Asset]
    by_file: Mapping[str, Asset]

    def url(self, name: str) -> str:
        """The address of `app.css`, `vega` and so on. KeyError for a name that isn't there."""
        return f"{PREFIX}/{self.by_name[name].name}"

    async def serve(self, request: Request) -> Response:
        """Answer one request for a file, in the smallest form that the client takes."""
        asset = self.by_file.get(request.path_params["file"])
        if asset is None:
            return PlainTextResponse("No such file.", 404, {"x-content-type-options": "nosniff"})
        headers = HEADERS | {"etag": f'"{asset.digest}"'}
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        coding = choose(request.headers.get("accept-encoding", ""), asset.bodies)
        if coding != "identity":
            headers["content-encoding"] = coding
        return Response(asset.bodies[coding], headers=headers, media_type=asset.media_type)


def choose(accepted: str, bodies: Mapping[str, bytes]) -> str:
    """The smallest coding among those that an Accept-Encoding header allows."""
    quality: dict[str, float] = {}
    for part in accepted.split(","):
        coding, _, parameter = part.partition(";")
        _, _, value = parameter.partition("=")
        try:
            quality[coding.strip().lower()] = float(value) if parameter else 1.0
        except ValueError:
            quality[coding.strip().lower()] = 0.0
    allowed = [c for c in bodies if quality.get(c, quality.get("*", 0.0)) > 0]
    return min([*allowed, "identity"], key=lambda coding: len(bodies[coding]))


def load(folder: Path = FOLDER) -> Assets:
    """Read every file of the folder. Raises AssetsMissing without the third-party ones."""
    by_name = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in MEDIA_TYPES:
            by_name[path.name] = own(path)
    by_name |= vendored(folder / "vendor")
    return Assets(by_name, {asset.name: asset for asset in by_name.values()})


def own(path: Path) -> Asset:
    """One of our own files, compressed here: they are small, and edited without a build."""
    body = path.read_bytes()
    digest = hashlib.sha256(body).hexdigest()
    name = f"{path.stem}.{digest[:12]}{path.suffix}"
    bodies = {"identity": body, "gzip": gzip.compress(body, 9, mtime=0)}
    return Asset(name, MEDIA_TYPES[path.suffix], digest, bodies)


def vendored(folder: Path) -> dict[str, Asset]:
    """The third-party scripts that the manifest lists, by the manifest's names."""
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
    except FileNotFoundError:
        raise AssetsMissing(
            f"{folder} holds no scripts: install the package again (in a checkout: make setup)"
        ) from None
    assets = {}
    for name, entry in manifest.items():
        file = folder / entry["file"]
        bodies = {
            "identity": file.read_bytes(),
            "gzip": Path(f"{file}.gz").read_bytes(),
            "br": Path(f"{file}.br").read_bytes(),
        }
        assets[name] = Asset(file.name, MEDIA_TYPES[".js"], entry["sha256"], bodies)
    return assets
