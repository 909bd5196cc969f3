"""`kill -9` at random moments under load: 0 acknowledged events lost, 0 doubled."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.kill.cluster import cluster_trial
from benchmarks.kill.trial import trials


@pytest.mark.timeout(1_200)  # about a minute where nothing else runs
def test_a_hundred_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    """Four servers side by side, killed while they open, take events in, and carry them on.

    Clients retry what wasn't answered, give some of it up until hours later (with another
    `sentAt`), and send some again that was answered.
    """
    outcomes = trials(tmp_path, kills=100, seed=20_260_101, servers=4)
    assert sum(each.kills for each in outcomes) == 100
    # The trial was one: most lives took events in, and some events came again later.
    assert sum(each.lives_with_answers for each in outcomes) >= 40
    for outcome in outcomes:
        assert not outcome.lost
        assert outcome.doubled == 0
        assert outcome.total == len(outcome.found)  # reports count what the listing shows
        assert set(outcome.found) <= outcome.attempted
        assert len(outcome.acknowledged) > 1_000
        assert outcome.sent_again > 5


def test_collectors_of_two_machines_lose_and_double_nothing(tmp_path: Path) -> None:
    """Three collectors and two web servers over one store that isn't theirs, each of which is
    killed, the store too; the same batch may come to several of them."""
    outcome = cluster_trial(tmp_path, kills=10, seed=20_260_101)
    assert not outcome.lost
    assert outcome.doubled == 0
    assert outcome.total == len(outcome.found)
    assert set(outcome.found) <= outcome.attempted
    assert outcome.kills_of_the_store == 1
    assert len(outcome.acknowledged) > 1_000
    assert outcome.sent_again > 5
    # An alert was told once, although two servers look all the time, and later lives too.
    assert [told["firing"] for told in outcome.told] == [True]
