"""The client for notebooks: data frames and charts of a real server, and what it refuses."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import httpx2
import pytest
from footfall_server.client import Answer, ApiError, AsyncClient, Client
from footfall_server.client.reports import Reports
from footfall_server.insights.queries import REPORTS

from .conftest import Project, Server

TODAY = datetime.now(UTC).date()


@pytest.fixture(scope="module")
def project(server: Server) -> Project:
    made = server.create_project("client")
    events = [
        {"type": "track", "event": "fit", "userId": f"i{place}", "messageId": f"m{place}",
         "properties": {"library_version": "1.0", "run_time": place}}
        for place in range(4)
    ]  # fmt: skip
    assert made.send(events).status == 200
    made.events()
    return made


@pytest.fixture
def client(project: Project) -> Iterator[Client]:
    with Client(project.server.url, project.api_token) as opened:
        yield opened


def test_a_report_becomes_data_frames_and_a_chart(client: Client) -> None:
    answer = client.trends(TODAY, TODAY, series=[{"measure": "unique"}])
    assert client.project == "client"
    assert [row["value"] for row in answer.rows] == [4]
    assert list(answer.to_pandas()["value"]) == [4]
    assert answer.to_polars()["value"].to_list() == [4]
    assert answer.to_arrow().column("value").to_pylist() == [4]
    assert answer.chart().to_dict()["$schema"].endswith(".json")
    assert answer.meta["rows_read"] >= 4


def test_sql_and_events(client: Client) -> None:
    found = client.sql("select count() n from events where run_time >= {a:Float64}", {"a": 2})
    assert found.rows == [{"n": 2}]
    assert {row["message_id"] for row in client.events(event="fit", limit="3")} == {
        "m0", "m1", "m2", "m3",
    }  # fmt: skip
    assert client.schema()


def test_the_same_awaited(project: Project) -> None:
    async def main() -> None:
        async with AsyncClient(project.server.url, project.api_token) as client:
            table, trend = await asyncio.gather(
                client.events_table(TODAY, TODAY), client.trends(TODAY, TODAY)
            )
            assert list(table.to_pandas()["event"]) == ["fit"]
            assert (await trend.chart()).to_dict()["layer"]
            assert len([row async for row in client.events(limit="1")]) == 4

    asyncio.run(main())


def test_what_the_server_refuses_is_an_exception_with_its_code(client: Client) -> None:
    with pytest.raises(ApiError) as raised:
        client.trends("2026-01-02", "2026-01-01")
    assert (raised.value.code, raised.value.path, raised.value.status) == (
        "INVALID_RANGE", "/from", 422,
    )  # fmt: skip
    url = str(client._http.base_url).removesuffix("/api/v1/")
    with Client(url, "ff_nobody") as nobody, pytest.raises(ApiError) as stranger:
        nobody.events_table("2026-01-01", "2026-01-01")
    assert (stranger.value.code, stranger.value.status) == ("UNKNOWN_TOKEN", 401)


def test_columns_of_several_types_become_texts() -> None:
    values: list[Any] = [["+1", "-1"], "fit", None, 1.5, {"é": 1}]
    rows = [{"event": each, "count": place} for place, each in enumerate(values)]
    answer = Answer("funnel", {}, rows, {}, dict)
    for frame in (answer.to_arrow(), answer.to_polars().to_arrow()):
        assert frame["event"].to_pylist() == ['["+1","-1"]', '"fit"', None, "1.5", '{"é":1}']
        assert frame["count"].to_pylist() == [0, 1, 2, 3, 4]
    objects = Answer("sql", {}, [{"p": {"a": 1}}, {"p": {"a": [2]}}, {"p": None}], {}, dict)
    for frame in (objects.to_arrow(), objects.to_polars().to_arrow()):
        assert frame["p"].to_pylist() == ['{"a":1}', '{"a":[2]}', None]
    assert len(Answer("sql", {}, [], {}, dict).to_arrow()) == 0


def test_every_report_has_a_method_with_its_options() -> None:
    common = {"from", "to", "timezone", "installs", "filters", "cohorts"}
    for name, kind in REPORTS.items():
        signature = inspect.signature(getattr(Reports, name))
        offered = {each.removesuffix("_") for each in signature.parameters} - {"self", "common"}
        known = set(kind.__struct_encode_fields__) - common
        assert offered - {"from", "to"} == known, name


def answers(*statuses: int) -> tuple[Any, list[Any]]:
    left, seen = list(statuses), []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        status = left.pop(0)
        if status == 0:
            raise httpx2.ConnectError("no")
        body = {
            "report": "trends",
            "query": {},
            "rows": [],
            "meta": {},
            "code": "X",
            "message": "x",
        }
        headers = {"retry-after": "7"} if status == 429 else {}
        return httpx2.Response(status, json=body, headers=headers)

    return answer, seen


@pytest.mark.parametrize(
    ("statuses", "waits"),
    [((200,), []), ((429, 200), [7]), ((503, 0, 200), [0.5, 1]), ((0, 0, 0, 200), [0.5, 1, 2])],
)
def test_what_cant_be_done_now_is_tried_again_when_the_server_says(
    statuses: tuple[int, ...], waits: list[float]
) -> None:
    answer, _ = answers(*statuses)
    slept: list[float] = []
    transport = httpx2.MockTransport(answer)
    client = Client("http://x", "t", project="p", transport=transport, sleep=slept.append)
    assert client.trends(date(2026, 1, 1), "2026-01-02").rows == []
    assert slept == waits


@pytest.mark.parametrize("statuses", [(429,) * 3, (503,) * 3, (422,), (500,)])
def test_it_isnt_tried_for_ever(statuses: tuple[int, ...]) -> None:
    answer, seen = answers(*statuses)
    client = Client(
        "http://x/", "t", project="p", retries=2, transport=httpx2.MockTransport(answer),
        sleep=lambda _: None,
    )  # fmt: skip
    with pytest.raises(ApiError) as raised:
        client.trends("2026-01-01", "2026-01-02")
    assert raised.value.status == statuses[-1]
    assert len(seen) == len(statuses)


def test_an_option_left_out_is_the_servers_default() -> None:
    answer, seen = answers(200)
    client = Client("http://x", "t", project="a b", transport=httpx2.MockTransport(answer))
    client.retention("2026-01-01", "2026-01-02", return_={"event": "fit"}, installs="human")
    assert seen[0].url.path == "/api/v1/projects/a b/query"
    assert seen[0].headers["authorization"] == "Bearer t"
    assert seen[0].read() == (
        b'{"report":"retention","from":"2026-01-01","to":"2026-01-02","installs":"human",'
        b'"return":{"event":"fit"}}'
    )


def test_it_is_light() -> None:
    """A notebook needs neither the engine nor the server's libraries for it."""
    code = (
        "import sys, footfall_server.client; print([name for name in "
        "('chdb', 'clickhouse_connect', 'starlette', 'pandas', 'polars', 'pyarrow', 'altair', "
        "'sqlalchemy', 'msgspec') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
