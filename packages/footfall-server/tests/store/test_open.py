"""Opening: a kill loses nothing, a second process is told what to do, migrations repair."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from footfall_server.store import Store, StoreBusy, StoreUnavailable, open_store
from footfall_server.store.migrations import Migration, migrate, migrations

_INSERTER = """
import os, signal, sys
from pathlib import Path
from footfall_server.store import open_store
root, block = Path(sys.argv[1]), sys.argv[2]
store = open_store(f"chdb://{root}/store", root / "temporary")
store.insert("events", Path(block).read_bytes(), "token-" + block)
os.kill(os.getpid(), signal.SIGKILL)
"""

_COUNTER = """
import sys
from pathlib import Path
from footfall_server.store import Statement, open_store
root = Path(sys.argv[1])
store = open_store(f"chdb://{root}/store", root / "temporary")
query = "SELECT count() AS n, uniqExact(message_id) AS ids FROM events FINAL"
table = store.query(Statement(query))
print(table.column("n")[0].as_py(), table.column("ids")[0].as_py())
print(len(list((root / "temporary").glob("insert-*"))))
store.close()
"""

_OLDER = """
import sys
from pathlib import Path
import footfall_server.store.migrations as own
from footfall_server.store import open_store
root, every = Path(sys.argv[1]), own.migrations()
own.migrations = lambda: [one for one in every if one.number < 6]
store = open_store(f"chdb://{root}/store", root / "temporary")
store.insert("events", Path(sys.argv[2]).read_bytes(), "old")
store.close()
"""

_RUN_TIMES = """
import sys
from pathlib import Path
from footfall_server.store import Statement, open_store
root = Path(sys.argv[1])
store = open_store(f"chdb://{root}/store", root / "temporary")
store.insert("events", Path(sys.argv[2]).read_bytes(), "new")
for _ in range(2):
    query = "SELECT count(run_time_number) AS n, sum(run_time_number) AS s FROM events FINAL"
    [row] = store.query(Statement(query)).to_pylist()
    print(row["n"], round(row["s"], 6))
    store._merge("202601")
store.close()
"""

# For each earlier version a store that it made and filled, brought up to date by opening it, and
# one that never was older: what they have must be the same.
_EVERY_OLDER = """
import sys
from pathlib import Path
import footfall_server.store.migrations as own
from footfall_server.store import Statement, open_store
root, blocks, every = Path(sys.argv[1]), sys.argv[2:4], own.migrations()

def has(store):
    found = []
    for table in ("events", "rejected"):
        listed = (
            "SELECT name, type, default_kind FROM system.columns "
            "WHERE database = currentDatabase() AND table = {t:String}"
        )
        columns = store.query(Statement(listed, {"t": table})).to_pylist()
        found.append(sorted(map(str, columns)))
        columns = [one for one in columns if one["default_kind"] != "EPHEMERAL"]
        names = ", ".join(f"toString(`{column['name']}`)" for column in columns)
        text = f"SELECT {names} FROM {table} FINAL ORDER BY ALL"
        found.append(store.query(Statement(text)).to_pylist())
    return found

def upgraded(number):
    own.migrations = lambda: [one for one in every if one.number <= number]
    folder = root / str(number)
    store = open_store(f"chdb://{folder}/store", folder / "temporary")
    store.insert("events", Path(blocks[0]).read_bytes(), "old")
    if number > 1:
        store._engine.execute(
            "INSERT INTO rejected (project, id, received_at, dialect, reason, message, body) "
            "VALUES (1, toUUID('00000000-0000-0000-0000-000000000001'), '2026-01-02 03:04:05', "
            "'segment', 'x', '', '')"
        )
    store.close()
    own.migrations = lambda: every
    store = open_store(f"chdb://{folder}/store", folder / "temporary")
    store.insert("events", Path(blocks[1]).read_bytes(), "new")
    before = has(store)
    while store.maintain(quiet_seconds=-1):
        pass
    after = has(store)
    store.close()
    return before, after

newest = upgraded(every[-1].number)
assert newest[0] == newest[1]
assert len(newest[0][1]) == 308
for one in every[:-1]:
    for found in upgraded(one.number):
        if one.number == 1:  # it had no table for what is refused
            assert found[:3] == newest[0][:3], one
        else:
            assert found == newest[0], one
    print(one.number)
"""

_HOLDER = """
import sys
from pathlib import Path
from footfall_server.store import open_store
root = Path(sys.argv[1])
store = open_store(f"chdb://{root}/store", root / "temporary")
print("open", flush=True)
sys.stdin.read()
store.close()
"""


def _block(path: Path, name: str, rows: int) -> Path:
    lines = [
        json.dumps(
            {
                "project": 1,
                "kind": "track",
                "event": "fit",
                "install": f"i{row % 7}",
                "message_id": f"{name}-{row}",
                "client_time": "2026-01-02T03:04:05Z",
                "time": "2026-01-02T03:04:05Z",
                "received_at": "2026-01-02T03:04:05Z",
                "time_source": "client",
                "order": row,
                "properties": {"run_time": row / 7, "n": row},
                "raw": "",
            }
        )
        for row in range(rows)
    ]
    file = path / f"{name}.ndjson"
    file.write_text("\n".join(lines))
    return file


def test_what_insert_confirmed_survives_a_kill(tmp_path: Path) -> None:
    total = 0
    for round_, rows in enumerate((1, 500, 3_000, 2)):
        block = _block(tmp_path, f"b{round_}", rows)
        killed = subprocess.run(
            [sys.executable, "-c", _INSERTER, str(tmp_path), str(block)], check=False
        )
        assert killed.returncode == -signal.SIGKILL
        total += rows
    # The last block comes again, as after a crash between the insert and the journal's delete.
    subprocess.run([sys.executable, "-c", _INSERTER, str(tmp_path), str(block)], check=False)
    (tmp_path / "temporary" / "insert-left-by-a-kill").write_text("{}")
    answer = subprocess.run(
        [sys.executable, "-c", _COUNTER, str(tmp_path)],
        check=True,
        capture_output=True,
        text=True,
    )
    assert answer.stdout.split() == [str(total), str(total), "0"]


def test_a_store_of_an_older_version_has_its_run_times_too(tmp_path: Path) -> None:
    old, new = _block(tmp_path, "old", 300), _block(tmp_path, "new", 8)
    subprocess.run([sys.executable, "-c", _OLDER, str(tmp_path), str(old)], check=True)
    answer = subprocess.run(
        [sys.executable, "-c", _RUN_TIMES, str(tmp_path), str(new)],
        check=True,
        capture_output=True,
        text=True,
    )
    expected = f"308 {round((sum(range(300)) + sum(range(8))) / 7, 6)}"
    assert answer.stdout.splitlines() == [expected, expected]


def test_a_store_of_every_earlier_version_comes_up_to_date(tmp_path: Path) -> None:
    blocks = _block(tmp_path, "old", 300), _block(tmp_path, "new", 8)
    answer = subprocess.run(
        [sys.executable, "-c", _EVERY_OLDER, str(tmp_path), *map(str, blocks)],
        capture_output=True,
        text=True,
        check=False,
    )
    earlier = [str(one.number) for one in migrations()[:-1]]
    assert (answer.stdout.split(), answer.returncode) == (earlier, 0), answer.stderr


def test_a_second_process_is_told_what_to_do(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(StoreBusy) as caught:
            open_store(f"chdb://{tmp_path}/store", tmp_path / "temporary")
        assert str(holder.pid) in caught.value.message
        assert "running server" in caught.value.message
        holder.communicate()
    assert holder.returncode == 0


def test_another_kind_of_address_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="chdb:///absolute") as caught:
        open_store("mysql://host/db", tmp_path)
    assert caught.value.code == "STORE_URL"


def test_opening_again_in_the_same_process_shares_the_engine(
    store: Store, data_directory: Path
) -> None:
    again = open_store(f"chdb://{data_directory}/store", data_directory / "temporary")
    again.check()
    again.close()
    store.check()


def test_migrations_are_numbered_without_gaps() -> None:
    assert [one.number for one in migrations()] == list(range(1, len(migrations()) + 1))


def test_every_statement_of_a_migration_may_run_again(store: Store) -> None:
    """A kill between two statements leaves the file unrecorded; the next start runs it anew."""
    for migration in migrations():
        for statement in migration.statements(store.layout.words):
            store._engine.execute(statement)


def test_a_migration_that_was_recorded_is_not_applied_again() -> None:
    ran: list[str] = []
    everything = {migration.number for migration in migrations()}
    assert migrate(ran.append, lambda _: everything) == []
    assert len(ran) == 1
    assert migrate(ran.append, lambda _: everything - {2}) == [2]


def test_a_cluster_can_be_made_of_the_same_files() -> None:
    [statement] = Migration(
        1, "x", "-- why\nCREATE t $on_cluster ENGINE = ${replicated}M;"
    ).statements({"replicated": "Replicated", "on_cluster": "ON CLUSTER c"})
    assert statement == "CREATE t ON CLUSTER c ENGINE = ReplicatedM"


def test_the_environment_is_left_alone(store: Store) -> None:
    assert "TMPDIR" not in os.environ or "footfall" not in os.environ["TMPDIR"]
