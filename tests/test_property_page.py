"""The page of a property: what it is, who sends it, its values, and its flags."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

import pytest

from .conftest import Server, eventually, http
from .wire import now

HOSTILE = "a</script><b>&\"'=!/x"


@pytest.fixture(scope="module")
def path(server: Server) -> str:
    """The address of the pages of a project that sends three properties."""
    project = server.create_project("properties")
    events = [
        {
            "type": "track", "event": "fit" if place % 3 else "plot", "userId": f"i{place % 7}",
            "messageId": f"m{place}", "timestamp": now(),
            "properties": {
                "kind": "density" if place % 2 else "kernel", "size": place, HOSTILE: HOSTILE,
                "library_version": "1.0.0", "contact": "ada@example.org",
                **({"partly": place / 8} if place % 2 else {}),
            },
        }
        for place in range(40)
    ]  # fmt: skip
    assert project.send(events).status == 200
    eventually(lambda: len(project.events()) == 40)
    return f"{server.url}/p/properties"


def page(path: str, name: str, query: str = "?range=7d") -> str:
    answer = http("GET", f"{path}/properties/{quote(name, safe='')}{query}")
    assert answer.status == 200, answer.body
    return answer.body.decode()


def test_a_property_says_what_it_is_and_who_sends_it(path: str) -> None:
    found = page(path, "kind")
    assert '<h1 class="mono">kind</h1>' in found
    assert "2 different values" in found
    assert "missing in 0.0%" in found
    assert "density" in found
    assert "kernel" in found
    for event in ("fit", "plot"):
        assert f"events?event={event}" in found.replace("range=7d&amp;", "")
    assert "Nothing about it looks risky" in found
    assert "Runtime is not <b>CI</b>" in found
    assert "As numbers" not in found


def test_numbers_have_their_quantiles(path: str) -> None:
    found = page(path, "size")
    assert "The median of all calls that send a number" in found
    numbers = found.split("As numbers")[1].split("</section>")[0]
    assert re.findall(r'<td class="n">([0-9.]+)</td>', numbers)[::4] == ["0", "39"]


def test_numbers_are_counted_in_ranges_that_leave_none_out(path: str) -> None:
    found = page(path, "size").split("How the numbers are spread")[1].split("</section>")[0]
    table = found.split("<tbody>")[1].split("</tbody>")[0]
    ranges = re.findall(r'<th scope="row">(.*?)</th><td class="n">(\d+)</td>', table)
    assert len(ranges) == 20
    assert (ranges[0][0], ranges[-1][0]) == ("0 to 1.95", "37.05 to 39")
    assert sum(int(calls) for _, calls in ranges) == 40
    spec = json.loads(found.split('<script type="application/json">')[1].split("</script>")[0])
    drawn = spec["datasets"]["course"]
    assert [str(round(bar["v"])) for bar in drawn] == [calls for _, calls in ranges]
    assert "have no number" not in found


def test_calls_without_a_number_are_told_not_drawn(path: str) -> None:
    found = page(path, "partly")
    assert "20 calls in these days have no number here" in found


def test_what_looks_risky_is_said_with_the_way_to_drop_it(path: str) -> None:
    found = page(path, "contact")
    assert "looks like an e-mail address" in found
    assert "/p/properties/review" in found


def test_a_hostile_name_is_text_and_its_links_lead_to_itself(path: str) -> None:
    schema = http("GET", f"{path}/schema").body.decode()
    link = schema.split("a&lt;/script&gt;")[0].rpartition('href="')[2].partition('"')[0]
    assert link == f"/p/properties/properties/{quote(HOSTILE, safe='/')}"
    found = page(path, HOSTILE)
    assert "</script><b>" not in found
    assert "a&lt;/script&gt;&lt;b&gt;" in found


@pytest.mark.parametrize("name", ["nobody", "", " x ", "x" * 201, "a\u0000b"])
def test_a_name_that_no_event_has_is_not_found(path: str, name: str) -> None:
    assert http("GET", f"{path}/properties/{quote(name, safe='')}").status == 404


def test_a_project_without_events_has_an_empty_page(path: str, server: Server) -> None:
    server.create_project("unused")
    answer = http("GET", f"{server.url}/p/unused/properties/kind")
    assert answer.status == 200
    assert "Not sent in the last 28 days" in answer.body.decode()
