"""The sample is uniform, its weights sum to the calls, and memory stays bounded."""

import random
import sys
import threading
from collections import Counter

import pytest
from footfall.buffer import MOST_CALLS, Buffer, Stratum, random_fraction
from footfall.declaration import Declaration
from footfall.tally import Tally

DECLARATION = Declaration("event")


def calls(count, start=0):
    return [(DECLARATION, i, i, i, None, None, None) for i in range(start, start + count)]


@pytest.mark.parametrize("count", [1, 19, 20, 21, 100, 12345])
@pytest.mark.parametrize("chunk", [1, 7, 128, 100000])
def test_the_weights_sum_to_the_calls(count, chunk):
    stratum = Stratum(20, random.Random(count).random)
    everything = calls(count)
    for start in range(0, count, chunk):
        stratum.fold(everything[start : start + chunk])
    assert len(stratum.sample) == min(count, 20)
    assert len({call[1] for call in stratum.sample}) == len(stratum.sample)
    tally = Tally(20)
    tally.send(stratum.weight() for _ in stratum.sample)
    assert tally.sent == count


@pytest.mark.parametrize("chunk", [1, 30, 64])
def test_the_sample_is_uniform(chunk):
    draw = random.Random(7)
    seen = Counter()
    everything = calls(100)
    rounds = 4000
    for _ in range(rounds):
        stratum = Stratum(10, draw.random)
        for start in range(0, 100, chunk):
            stratum.fold(everything[start : start + chunk])
        seen.update(call[1] for call in stratum.sample)
    expected = rounds * 10 / 100
    # Chi-square with 99 degrees of freedom: 149 is exceeded once in a thousand.
    assert sum((seen[i] - expected) ** 2 / expected for i in range(100)) < 149


def test_without_a_burst_every_call_is_kept_until_memory_is_full():
    buffer = Buffer(None)
    lane = buffer.lane("event")
    woken = []
    buffer.wake = lambda: woken.append(True)
    for call in calls(3 * MOST_CALLS):
        lane.append(call)
        if len(lane) > 128:
            buffer.fold(lane)
    waiting, overflow = buffer.counts()
    assert waiting + overflow == 3 * MOST_CALLS
    strata, overflow = buffer.close()
    kept = strata[0].sample
    assert len(kept) <= MOST_CALLS + 129
    assert kept[-1][1] == 3 * MOST_CALLS - 1  # the oldest went first
    assert len(kept) + overflow == 3 * MOST_CALLS
    assert woken


def test_a_million_calls_take_less_than_two_megabytes():
    import tracemalloc

    buffer = Buffer(20)
    lane = buffer.lane("event")
    tracemalloc.start()
    for i in range(300_000):
        lane.append((DECLARATION, i + 10**15, i + 10**9, i + 10**9, None, None, None))
        if len(lane) > 128:
            buffer.fold(lane)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert buffer.counts() == (300_000, 0)
    assert peak < 2_000_000


def test_no_call_is_lost_or_counted_twice_among_threads():
    buffer = Buffer(20)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    total = []
    done = threading.Event()

    def log():
        lane = buffer.lane("event")
        for call in calls(20_000):
            lane.append(call)
            if len(lane) > 128:
                buffer.fold(lane)

    def close():
        while not done.is_set():
            total.extend(s.count for s in buffer.close()[0])

    try:
        closer = threading.Thread(target=close)
        closer.start()
        threads = [threading.Thread(target=log) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        done.set()
        closer.join()
    finally:
        sys.setswitchinterval(interval)
    total.extend(s.count for s in buffer.close()[0])
    assert sum(total) == 80_000


def test_events_and_exceptions_are_sampled_apart(usage, collector):
    @usage.log("often")
    def often(fail=False):
        if fail:
            raise ValueError

    for i in range(500):
        try:
            often(fail=i % 100 == 0)
        except ValueError:
            continue
    usage.track("once")
    assert usage.flush(5)
    failed = [e for e in collector.events if e["properties"]["exception_occurred"]]
    fine = [e for e in collector.events if not e["properties"]["exception_occurred"]]
    assert [e["properties"]["weight"] for e in failed] == [1] * 5
    assert len(fine) == 21
    assert collector.weight == 501
    assert usage.status()[5:] == (0, 501, {})


@pytest.mark.parametrize(("burst", "sent"), [(5, 5), (None, 300)])
def test_burst_is_set_or_lifted(make_usage, collector, burst, sent):
    usage = make_usage(burst=burst)
    for _ in range(300):
        usage.track("x")
    assert usage.flush(5)
    assert len(collector.events) == sent
    assert collector.weight == 300


def test_randomness_is_a_fraction_and_not_the_same_twice():
    drawn = {random_fraction() for _ in range(1000)}
    assert len(drawn) == 1000
    assert 0 < min(drawn) < 0.1
    assert 0.9 < max(drawn) < 1
