"""Events taken away and brought: whole, in order, once each, by the API and by the command line."""

from __future__ import annotations

import csv
import gzip
import io
import json
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pyarrow.parquet as pq
import pytest

from .conftest import Answer, Project, Server, http

RANGE = {"from": "2026-01-01", "to": "2026-01-31"}
AT = "2026-01-05T12:00:00Z"
REPORTS: list[dict[str, Any]] = [
    {"report": "trends", **RANGE, "interval": "day", "breakdown": ["library_version"],
     "series": [{"measure": measure} for measure in ("total", "unique", "error_rate")]},
    {"report": "events_table", **RANGE},
]  # fmt: skip


def event(place: int, **fields: Any) -> dict[str, Any]:
    return {
        "type": "track", "event": ("fit", "plot")[place % 2], "userId": f"i{place % 7}",
        "messageId": f"m{place}", "timestamp": f"2026-01-{1 + place % 28:02}T12:00:00.000001Z",
        "properties": {"library_version": "1.0", "run_time": place / 10, "weight": 1.5},
        **fields,
    }  # fmt: skip


TRICKY = [
    event(1, event="=1+1", properties={"text": 'é "quoted", 漢\n', "none": None, "nothing": {}}),
    event(2, userId="'apostrophe", properties={"dotted.key": 1, "dotted": {"key": [1, None]}}),
    event(3, event="-@\r\n+", properties={"largest": 2**63 - 1, "100%2E": 1, "float": 0.1 + 0.2}),
    event(4, timestamp=AT, messageId="first of two", properties={}),
    event(4, timestamp=AT, messageId="a second at the same time", properties={}),
    event(5, timestamp=None),
    event(6, type="identify", traits={"plan": "free"}),
    event(7, timestamp="2026-01-09T10:00:00+05:00"),
]


@pytest.fixture(scope="module")
def project(server: Server) -> Project:
    made = server.create_project("history")
    assert made.send(TRICKY, sentAt="2026-01-31T00:00:00Z").status == 200
    assert made.send([event(place) for place in range(10, 60)]).status == 200
    return made


def export(project: Project, **parameters: str) -> Answer:
    query = urlencode({"consistent": "1", **parameters})
    url = f"{project.server.url}/api/v1/projects/{project.name}/export?{query}"
    return http("GET", url, headers=project.authorization)


def bring(project: Project, body: bytes, form: str = "footfall", **headers: str) -> Answer:
    url = f"{project.server.url}/api/v1/projects/{project.name}/import?format={form}"
    return http("POST", url, body, {**project.authorization, **headers})


def rows(answer: Answer) -> list[dict[str, Any]]:
    assert answer.status == 200, answer.body
    return [json.loads(line) for line in answer.body.splitlines()]


def unordered(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in each.items() if name != "order"} for each in events]


def answers(project: Project) -> list[Any]:
    return [project.query(query).json()["rows"] for query in REPORTS]


def test_an_export_has_every_event_oldest_first(project: Project) -> None:
    found = rows(export(project))
    assert found == sorted(project.events(), key=lambda each: (each["time"], each["order"]))
    assert len(found) == len(TRICKY) + 50
    assert [each["message_id"] for each in found if each["time"] == found[-1]["time"]]


def test_an_export_has_its_range_alone(project: Project) -> None:
    found = rows(export(project, **{"from": "2026-01-15", "to": "2026-01-16"}))
    assert {each["time"][:10] for each in found} == {"2026-01-15", "2026-01-16"}


def test_an_export_goes_on_after_any_event(project: Project) -> None:
    whole = rows(export(project))
    for place in (0, 3, 4, 20, len(whole) - 1):
        after = f"{whole[place]['time']},{whole[place]['order']}"
        assert rows(export(project, after=after)) == whole[place + 1 :]


def test_csv_and_parquet_hold_the_same(project: Project) -> None:
    whole = rows(export(project))
    text = export(project, format="csv").body.decode()
    records = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [each["message_id"] for each in records] == [each["message_id"] for each in whole]
    assert [json.loads(each["properties"]) for each in records] == [
        each["properties"] for each in whole
    ]
    assert not any(
        value.startswith(("=", "+", "-", "@")) for one in records for value in one.values()
    )
    table = pq.read_table(io.BytesIO(export(project, format="parquet").body)).to_pylist()
    assert [each["order"] for each in table] == [each["order"] for each in whole]
    assert [json.loads(each["properties"]) for each in table] == [
        each["properties"] for each in whole
    ]


def test_an_export_of_nothing(project: Project) -> None:
    nothing = {"from": "2020-01-01", "to": "2020-01-02"}
    assert export(project, **nothing).body == b""
    assert export(project, format="csv", **nothing).body.count(b"\r\n") == 1
    table = pq.read_table(io.BytesIO(export(project, format="parquet", **nothing).body))
    assert table.num_rows == 0


def test_what_is_imported_gives_the_same_reports(project: Project) -> None:
    whole = export(project)
    other = project.server.create_project("history-copy")
    for _ in range(2):  # the second time changes nothing
        answer = bring(other, whole.body)
        assert answer.json() == {
            "lines": len(TRICKY) + 50, "accepted": len(TRICKY) + 50, "rejected": 0, "reasons": {},
        }  # fmt: skip
        assert unordered(rows(export(other))) == unordered(rows(whole))
        assert answers(other) == answers(project)


def test_a_gzip_of_several_members_is_read_to_its_end(project: Project) -> None:
    lines = export(project).body.splitlines(keepends=True)
    other = project.server.create_project("history-gzip")
    body = gzip.compress(b"".join(lines[:5])) + gzip.compress(b"".join(lines[5:]))
    assert bring(other, body).json()["accepted"] == len(lines)
    cut = bring(other, body[:-10])
    assert (cut.status, cut.json()["code"]) == (400, "INVALID_COMPRESSION")


def test_bad_lines_are_kept_with_a_reason_and_their_neighbours_go_on(project: Project) -> None:
    other = project.server.create_project("history-bad")
    good = export(project).body.splitlines()[0]
    lines = [
        (b"{", "INVALID_JSON"),
        (b"[1]", "WRONG_TYPE"),
        (b'{"event": "fit", "message_id": "x"}', "MISSING_USER_ID"),
        (b'{"install": "i"}', "MISSING_EVENT"),
        (b'{"event": "fit", "install": "i", "kind": "dance"}', "UNKNOWN_TYPE"),
        (b'{"event": "fit", "install": "i", "time": "noon"}', "WRONG_TYPE"),
        (b'{"event": "fit", "install": "i", "properties": {"a": NaN}}', "NUMBER_OUT_OF_RANGE"),
        (
            b'{"event": "fit", "install": "i", "message_id": "%s"}' % (b"x" * 101),
            "MESSAGE_ID_TOO_LONG",
        ),
        (b'{"event": "%s", "install": "i"}' % (b"x" * 40_000), "EVENT_TOO_LARGE"),
        (b'{"event": "%s", "install": "i"}' % (b"x" * 3_000_000), "EVENT_TOO_LARGE"),
        (b"[" * 100_000, "TOO_DEEP"),
    ]
    body = b"\n".join([good, *(line for line, _ in lines), b"", good, b"\xff\xfe"])
    answer = bring(other, body)
    reasons: dict[str, int] = {"INVALID_JSON": 1}
    for _, reason in lines:
        reasons[reason] = reasons.get(reason, 0) + 1
    assert answer.json()["reasons"] == reasons
    assert answer.json()["accepted"] == 2
    assert len(rows(export(other))) == 1


MIXPANEL = {
    "event": "fit",
    "properties": {
        "time": 1767614400, "distinct_id": "i1", "$insert_id": "mx1", "mp_lib": "python",
        "mp_processing_time_ms": 1767614500123, "library_version": "1.0", "$ip": "203.0.113.9",
    },
}  # fmt: skip
POSTHOG = {
    "uuid": "0194-ph", "event": "fit", "distinct_id": "i1", "timestamp": "2026-01-05 12:00:00",
    "properties": json.dumps({"library_version": "1.0", "$ip": "203.0.113.9"}),
    "created_at": "2026-01-05T12:01:40.123Z", "team_id": 7,
}  # fmt: skip
SEGMENT = {
    "type": "track", "event": "fit", "anonymousId": "i1", "messageId": "sg1",
    "originalTimestamp": "2026-01-05T11:59:00Z", "sentAt": "2026-01-05T12:00:40Z",
    "receivedAt": "2026-01-05T12:01:40.123Z", "timestamp": "2026-01-05T12:00:00Z",
    "properties": {"library_version": "1.0"}, "context": {"ip": "203.0.113.9"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("form", "line", "id_"),
    [("mixpanel", MIXPANEL, "mx1"), ("posthog", POSTHOG, "0194-ph"), ("segment", SEGMENT, "sg1")],
)
def test_archives_of_other_products(server: Server, form: str, line: Any, id_: str) -> None:
    project = server.create_project(f"history-{form}")
    anonymous = json.loads(json.dumps(line).replace(f'"{id_}"', "null"))
    body = "\n".join(map(json.dumps, [line, anonymous])).encode()
    for _ in range(2):
        assert bring(project, body, form).json()["accepted"] == 2
    found = rows(export(project))
    assert len(found) == 2  # a line without an id has one all the same, always the same
    (one,) = [each for each in found if each["message_id"] == id_]
    assert (one["event"], one["install"], one["time"]) == ("fit", "i1", AT)
    assert one["received_at"] == "2026-01-05T12:01:40.123000Z"
    assert one["properties"]["library_version"] == "1.0"
    assert "203.0.113.9" not in json.dumps(found)


@pytest.mark.parametrize(
    ("parameters", "path"),
    [
        ({"from": "yesterday"}, "/from"),
        ({"format": "xlsx"}, "/format"),
        ({"after": "somewhere"}, "/after"),
        ({"after": f"{AT},-1"}, "/after"),
        ({"unknown": "1"}, "/unknown"),
        ({"from": "2026-02-01", "to": "2026-01-31"}, "/from"),
        ({"from": AT, "to": AT}, "/from"),
    ],
)
def test_an_export_that_means_nothing(
    project: Project, parameters: dict[str, str], path: str
) -> None:
    answer = export(project, **parameters)
    assert (answer.status, answer.json()["path"]) == (422, path)


def test_a_list_of_events_from_after_to_means_nothing(project: Project) -> None:
    url = f"{project.server.url}/api/v1/projects/{project.name}/events"
    answer = http("GET", f"{url}?from=2026-02-01&to=2026-01-31", headers=project.authorization)
    problem = answer.json()
    assert (answer.status, problem["code"], problem["path"]) == (422, "INVALID_RANGE", "/from")


def test_an_import_that_means_nothing(project: Project) -> None:
    assert bring(project, b"{}", "excel").json()["code"] == "INVALID_FORMAT"
    answer = bring(project, b"{}", **{"Content-Encoding": "br"})
    assert (answer.status, answer.json()["code"]) == (415, "UNSUPPORTED_ENCODING")


def test_another_token_neither_takes_nor_brings(server: Server, project: Project) -> None:
    other = server.create_project("history-stranger")
    stranger = Project(server, project.name, "", other.api_token)
    assert export(stranger).status == 404
    assert bring(stranger, b"{}").status == 404


def test_the_command_line_with_and_without_a_server(own_server: Server, tmp_path: Path) -> None:
    project, copy = own_server.create_project("from"), own_server.create_project("to")
    assert project.send([*TRICKY, *[event(place) for place in range(10, 60)]]).status == 200
    whole = rows(export(project))
    parquet, table = tmp_path / "events.parquet", tmp_path / "events.csv"
    own_server.command("export", "from", "-o", str(parquet))
    assert own_server.stop() == 0
    own_server.command("import", "to", str(parquet))
    own_server.command("export", "to", "-o", str(table), "--from", "2026-01-01")
    lines = table.read_bytes().splitlines(keepends=True)
    bad = tmp_path / "bad.csv.gz"
    bad.write_bytes(gzip.compress(b"".join([*lines, b"nonsense\r\n"])))
    told = own_server.command("import", "to", str(bad), str(table), "--json").stdout
    assert json.loads(told)["rejected"] == 1
    with pytest.raises(subprocess.CalledProcessError) as nothing:
        own_server.command("import", "to", str(parquet), "--format", "segment")
    assert "UNREADABLE_FILE" in nothing.value.stderr or "NOTHING_IMPORTED" in nothing.value.stderr
    own_server.start()
    assert unordered(rows(export(copy))) == unordered(whole)
    assert own_server.command("export", "to").stdout.count("\n") == len(whole)
    tokens = {"from": project, "to": copy}
    assert all(answers(each) == answers(project) for each in tokens.values())
    assert not list(tmp_path.glob(".*part*"))
