"""The pages over a real server, without a browser: what forms do, and what bad addresses get."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from typing import Any
from urllib.parse import quote, urlencode, urljoin

import pytest

from .conftest import Answer, Project, Server, eventually, http
from .filled import HOSTILE, SAME
from .test_thin_slice import event

PAGES = (
    "overview", "live", "boards", "trends", "funnels", "retention", "flows", "lifecycle",
    "stickiness", "cohorts", "events", "releases", "adoption", "errors", "run-time", "support",
    "exceptions", "annotations", "installs", "schema", "rejected", "review", "public",
    "traction", "setup", "settings", "palette", "data",
)  # fmt: skip
BAD = (HOSTILE, "\0", "\ud800", "9" * 400, "-1", "x=y", "..", "nan", "a" * 3_000, "$none")
NAMES = (
    "range", "from", "to", "interval", "compare", "filter", "breakdown", "event", "step",
    "window", "order", "count", "birth", "return", "unit", "mode", "kind", "cohort", "anchor",
    "direction", "depth", "by", "granularity", "rows", "columns", "drop", "m", "e", "p", "f",
    "install", "cursor", "reason", "show", "format",
)  # fmt: skip


def page(project: Project, path: str) -> Answer:
    return http("GET", f"{project.server.url}/p/{project.name}/{path}")


def text(project: Project, path: str) -> str:
    found = page(project, path)
    assert found.status == 200, found.body
    return found.body.decode()


def post(project: Project, path: str, **fields: Any) -> Answer:
    """Send a form as its page does; a redirect is followed."""
    body = urlencode(fields, doseq=True).encode()
    return http("POST", f"{project.server.url}/p/{project.name}/{path}", body, SAME)


def table(project: Project, path: str) -> list[dict[str, str]]:
    """The CSV of a page's figure."""
    return list(csv.DictReader(io.StringIO(text(project, path))))


@pytest.mark.parametrize("name", PAGES)
def test_a_bad_address_is_never_the_servers_fault(filled: Project, name: str) -> None:
    for place, bad in enumerate(BAD):
        # All parameters at once, each with another value; every value meets every parameter.
        given = [(one, BAD[(place + at) % len(BAD)]) for at, one in enumerate(NAMES)]
        every = urlencode([(key, value) for key, value in given if key != "format"],
                          errors="surrogatepass")  # fmt: skip
        alone = urlencode({NAMES[place]: bad}, errors="surrogatepass")
        for query in (every, alone):
            answer = page(filled, f"{name}?{query}")
            assert answer.status < 500, (query, answer.body)
            if "json" not in answer.headers["content-type"]:
                assert b"<img src=x" not in answer.body, query


@pytest.mark.parametrize("name", ["%00", "%ff", quote(HOSTILE, safe=""), "a" * 3_000, "..%2f.."])
def test_a_bad_name_is_no_project(server: Server, name: str) -> None:
    for path in (f"/p/{name}/overview", f"/public/{name}", f"/shared/{name}", f"/invite/{name}"):
        answer = http("GET", server.url + path)
        assert 400 <= answer.status < 500, path


def test_the_pages_about_releases_count_as_the_api_does(filled: Project) -> None:
    newest = "1.7"
    assert newest in text(filled, "releases?range=90d")
    errors = table(filled, "errors?range=90d&format=csv")
    assert {row["value"] for row in errors} >= {"1.7.0", "1.6.1"}
    matrix = table(filled, "support?range=90d&format=csv")
    by_python = {row["row"] for row in matrix if not row["row"].startswith("$")}
    assert by_python == {"3.10", "3.11", "3.12", "3.13", "3.14"}
    assert "ValueError" in text(filled, "exceptions?range=90d")
    assert "3.10" in text(filled, "support?range=90d&drop=3.10")


def test_the_pages_about_behaviour_draw_what_the_api_answers(filled: Project) -> None:
    rows = table(filled, "funnels?range=90d&step=load&step=fit&format=csv")
    assert len(rows) == 2
    first, second = (int(row["count"]) for row in rows)
    assert first >= second > 20
    shown = text(filled, "funnels?range=90d&step=load&step=fit")
    assert "From load to fit" in shown
    assert f">{first}<" in shown or f"{first} " in shown
    for path in ("retention", "flows?anchor=fit", "lifecycle", "stickiness"):
        assert "This can’t be shown" not in text(filled, path)


def test_who_looks_at_an_install_is_written_down_but_not_the_install(filled: Project) -> None:
    install = "install-007"
    shown = text(filled, f"installs?install={install}")
    assert "properties exactly as they were sent" in shown
    log = text(filled, "settings").partition('id="acts"')[2]
    assert "install.view" in log
    assert install not in log


def test_an_owner_has_an_install_erased_and_reads_how_far_it_is(server: Server) -> None:
    project = server.create_project("pages-erase")
    project.send([event("fit", userId="one"), event("fit", userId="another")])
    assert len(project.events()) == 2
    assert post(project, "installs", install="").status == 422
    receipt = post(project, "installs", install="one").body.decode()
    found = re.search(r'<p class="mono">([0-9a-f]{32})</p>', receipt)
    assert found
    place = f"installs/erased/{found[1]}"
    eventually(lambda: "It is done." in text(project, place))
    assert [row["install"] for row in project.events()] == ["another"]
    assert found[1] in text(project, "installs")
    assert found[1] in text(project, "settings").partition('id="acts"')[2]


def test_how_long_data_stays_and_where_it_goes(server: Server) -> None:
    project = server.create_project("pages-data")
    assert post(project, "data", do="privacy", events_days="0", identity="daily").status == 422
    assert post(project, "data", do="privacy", events_days="90", identity="who").status == 422
    assert post(project, "data", do="privacy", events_days="90", identity="daily").status == 200
    url = f"{server.url}/api/v1/projects/pages-data/privacy"
    held = http("GET", url, headers=project.authorization).json()
    assert (held["events_days"], held["identity"]) == (90, "daily")

    given = {"do": "destination.create", "name": HOSTILE, "type": "files", "url": "file:../out"}
    assert post(project, "data", **given).status == 422
    assert post(project, "data", **given | {"url": "file:out"}).status == 200
    shown = text(project, "data")
    assert "<img src=x" not in shown
    found = re.search(r'name="id" value="([^"]+)"', shown)
    assert found
    id_ = found[1]
    project.send([event("fit")])
    waits = 'nothing sent yet</span></td><td class="n">0</td><td class="n">1</td>'
    eventually(lambda: waits in text(project, "data"))  # files are gathered for half a minute
    assert post(project, "data", do="destination.disable", id=id_).status == 200
    assert ">off<" in text(project, "data")
    assert post(project, "data", do="destination.delete", id=id_).status == 200
    assert "None: events stay on this server." in text(project, "data")


def test_a_manifest_becomes_the_rule_and_what_it_refused_can_walk_in_later(
    server: Server,
) -> None:
    project = server.create_project("pages-manifest")
    manifest = json.dumps(
        {"manifest": 1, "library": "pages-manifest", "events": {"fit": {"why": "what is used"}}}
    )
    assert post(project, "schema", mode="enforce", manifest="{").status == 422
    assert "isn&#39;t JSON" in post(project, "schema", mode="enforce", manifest="{").body.decode()
    assert post(project, "schema", mode="enforce", manifest=manifest).status == 200
    project.send([event("fit"), event("plot")])
    eventually(lambda: "UNDECLARED" in text(project, "rejected").upper())
    refused = text(project, "rejected")
    assert "plot" in refused
    still = post(project, "rejected").body.decode()
    assert re.search("0 taken, 1 still refused", still)

    assert post(project, "schema", mode="observe", manifest=manifest).status == 200
    taken = post(project, "rejected").body.decode()
    assert re.search("1 taken, 0 still refused", taken)
    eventually(lambda: sorted(one["event"] for one in project.events()) == ["fit", "plot"])


def test_releases_and_cohorts_are_kept_and_hostile_names_are_text(server: Server) -> None:
    project = server.create_project("pages-kept")
    assert project.send([event("fit", userId=f"i{n}") for n in range(4)]).status == 200
    bad = post(project, "annotations", date="2026-02-30", version="1.0")
    assert bad.status == 422
    assert "isn&#39;t a day" in bad.body.decode()
    assert post(project, "annotations", date="2026-02-03", version=HOSTILE).status == 200
    shown = text(project, "annotations")
    assert "<img src=x" not in shown
    assert "&lt;img src=x" in shown

    fields = {"name": "Users", "which": "all", "event": "fit", "at_least": "1", "days": "30"}
    assert post(project, "cohorts", name="Users", which="all").status == 422
    assert post(project, "cohorts", **fields).status == 200
    project.events()  # waits until they show
    cohort = text(project, "cohorts")
    assert re.search(r"Users.*?>4<", cohort, re.DOTALL)
    found = re.search(r'name="id" value="([0-9a-f]+)"', cohort)
    assert found
    assert post(project, "cohorts", do="delete", id=found[1]).status == 200
    assert "Users" not in text(project, "cohorts").partition("<main")[2].partition("<form")[0]


def test_the_palette_is_told_the_events_and_properties(filled: Project) -> None:
    found = json.loads(text(filled, "palette"))
    names = [(one["group"], one["text"]) for one in found]
    assert names[0] == ("Event", "fit")
    assert {("Event", HOSTILE), ("Property", "model"), ("Property", "os_type")} <= set(names)
    for one in found:
        assert http("GET", filled.server.url + one["href"]).status == 200


def test_the_page_of_a_property_is_where_the_property_is_shown(filled: Project) -> None:
    found = text(filled, "events?event=fit&range=7d").partition("Properties of fit")[2]
    link = re.search(r'href="(/p/filled/properties/model[^"]*)"', found)
    assert link
    assert link[1].partition("?")[2] == "event=fit&amp;range=7d"
    found = text(filled, "trends?breakdown=os&range=7d&m=total&e=fit")
    assert 'href="/p/filled/properties/os_type?range=7d"' in found
    assert "/properties/" not in text(filled, "trends?breakdown=event").partition("<main")[2]


@pytest.mark.parametrize(
    "page", ["overview", "trends", "support", "events?event=fit", "releases", "properties/os_type"]
)
def test_what_a_page_offers_to_export_is_a_file(filled: Project, page: str) -> None:
    here = f"{filled.server.url}/p/filled/{page}"
    offered = re.findall(r'href="(\?[^"]*format=(?:csv|json|py)[^"]*)"', text(filled, page))
    assert len(offered) == (0 if page in ("releases", "properties/os_type") else 3)
    for link in offered:
        answer = http("GET", urljoin(here, html.unescape(link)))
        assert answer.status == 200
        assert "html" not in answer.headers["content-type"]
