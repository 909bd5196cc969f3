"""Static files: third-party ones as the build wrote them, our own under hashed names."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest
import vl_convert
from footfall_server.web import assets
from starlette.testclient import TestClient

VENDOR = assets.FOLDER / "vendor"


@pytest.fixture
def manifest() -> dict:
    return json.loads((VENDOR / "manifest.json").read_bytes())


def test_the_manifest_tells_every_vendored_file_and_its_hash(manifest: dict) -> None:
    expected = {"manifest.json"}
    for entry in manifest.values():
        body = (VENDOR / entry["file"]).read_bytes()
        assert hashlib.sha256(body).hexdigest() == entry["sha256"]
        assert entry["sha256"][:12] in entry["file"]
        assert gzip.decompress((VENDOR / f"{entry['file']}.gz").read_bytes()) == body
        expected |= {entry["file"], f"{entry['file']}.gz", f"{entry['file']}.br"}
    assert {file.name for file in VENDOR.iterdir()} == expected
    assert set(manifest) == {"vega", "htmx", "sse"}


def test_the_chart_library_is_the_pinned_packages_own(manifest: dict) -> None:
    bundle = vl_convert.javascript_bundle(vl_version="6.4").encode()
    assert manifest["vega"]["sha256"] == hashlib.sha256(bundle).hexdigest()


def test_budgets(manifest: dict) -> None:
    assert (VENDOR / f"{manifest['vega']['file']}.br").stat().st_size <= 265_000
    own = [path for path in assets.FOLDER.iterdir() if path.suffix in (".css", ".js")]
    assert {path.name for path in own} >= {"app.css", "app.js", "charts.js"}
    size = {path.name: len(gzip.compress(path.read_bytes(), 9)) for path in own}
    # What one page loads at most: a board has charts, and Live has neither charts nor cards.
    assert sum(size.values()) - size["live.js"] <= 15_000
    assert sum(size.values()) - size["charts.js"] - size["board.js"] <= 15_000


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("*", "br"),
        ("identity", "identity"),
        ("br;q=high", "identity"),
        ("", "identity"),
    ],
)
def test_the_smallest_form_that_is_accepted(accepted: str, coding: str) -> None:
    bodies = {"identity": b"x" * 9, "gzip": b"x" * 5, "br": b"x" * 4}
    assert assets.choose(accepted, bodies) == coding


def test_files_are_kept_for_ever_under_names_that_change(client: TestClient) -> None:
    page = client.get("/").text
    (url,) = re.findall(r'"(/static/app\.[0-9a-f]{12}\.css)"', page)
    answer = client.get(url, headers={"accept-encoding": "gzip"})
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.content == (assets.FOLDER / "app.css").read_bytes()
    again = client.get(url, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["app.css", "manifest.json", "..%2fpages.py", "nothing.js"])
def test_nothing_else_is_served(client: TestClient, name: str) -> None:
    assert client.get(f"/static/{name}").status_code == 404


def test_a_missing_build_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(assets.AssetsMissing, match="make setup"):
        assets.load(tmp_path)
