"""What only two shards can show; `test_two_shards.py` runs it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError
from footfall_server.store import EVENTS, Statement, Store, on_shards
from footfall_server.store.embedded import Engine

from .conftest import lines
from .oracle import Event

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def planned(store: Store, text: str, settings: str = "") -> list[str]:
    engine = store._engine
    table = engine.arrow(f"EXPLAIN {text}\nSETTINGS log_comment = ''{settings}", {})
    return table.column(0).to_pylist()  # type: ignore[no-any-return]


def test_a_plain_subquery_of_the_table_of_all_shards_is_refused(store: Store) -> None:
    text = "SELECT count() FROM events WHERE install_key IN (SELECT install_key FROM events)"
    with pytest.raises(ClickHouseError, match="Double-distributed"):
        planned(store, text, ", distributed_product_mode = 'deny'")
    assert planned(store, text, ", distributed_product_mode = 'local'")


def test_what_is_said_of_installs_is_said_on_the_shards(store: Store) -> None:
    """A whole part of a report goes there, and reads the shard's own table."""
    part = f"SELECT install_key, groupArray(event) AS seen FROM {EVENTS} FINAL GROUP BY install_key"
    text = f"SELECT length(seen) AS n, count() FROM {on_shards(part)} GROUP BY n"
    spread = store.layout.spread(text)
    assert spread.count("cluster('two', view(") == 1
    assert "`footfall`.events_local FINAL" in spread
    plan = "\n".join(planned(store, spread))
    above, below = plan.split("Union")[:2]
    assert "MergingAggregated" in above
    assert "Aggregates: groupArray" not in above
    assert "Aggregates: groupArray" in below


def test_an_insert_reaches_both_shards_once(store: Store, new_library: Callable[[], Any]) -> None:
    """As a server does it: each row to the shard of its install. Without a token, since both shards
    are the same table here, which would take the second part for the first one's again."""
    project = new_library().project.id
    block = lines(project, [Event("fit", f"i{n}", f"m{n}", AT, n + 1) for n in range(40)])
    engine = store._engine
    columns = "project, kind, event, install, message_id, client_time, time, received_at, " \
        "time_source, `order`, properties, raw"  # fmt: skip
    Engine.insert(
        engine,  # type: ignore[arg-type]
        f"events ({columns})",
        "date_time_input_format = 'best_effort', distributed_foreground_insert = 1",
        block,
    )
    found = store.query(
        Statement(
            "SELECT shardNum() AS shard, count() AS n, countIf(install_key = sipHash64(install)) "
            "AS keyed FROM events FINAL WHERE project = {project:UInt32} GROUP BY shard",
            {"project": project},
        )
    ).to_pylist()
    assert {row["shard"] for row in found} == {1, 2}
    assert sum(row["n"] for row in found) == sum(row["keyed"] for row in found) == 40
