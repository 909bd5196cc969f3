"""What can't be sent waits on disk, bounded, checked, and taken by one process at a time."""

import json
import os
import subprocess
import sys

import pytest
from footfall.event import Event
from footfall.spool import Spool, line, parse

NOW = 1_800_000_000


def event(name, at=NOW, weight=1):
    return Event(at, weight, json.dumps({"messageId": name}).encode())


class Losses(dict):
    def __call__(self, reason, weight):
        self[reason] = self.get(reason, 0) + weight


@pytest.fixture
def lost():
    return Losses()


@pytest.fixture
def open_spool(tmp_path, lost):
    opened = []

    def open_spool(**options):
        spool = Spool(str(tmp_path / "spool"), lost, clock=lambda: NOW, **options)
        opened.append(spool)
        return spool

    yield open_spool
    for spool in opened:
        spool.close()


def taken(spool):
    events = []
    for leftover in spool.left():
        events += leftover.events
        leftover.keep([])
    return events


@pytest.mark.parametrize("weight", [1, 1.05, 12345.6, 3])
def test_a_line_comes_back_as_it_was(weight):
    one = Event(NOW, weight, b'{"a": "b c"}')
    assert parse(line(one).rstrip(b"\n")) == one


def test_a_later_process_takes_what_an_ended_one_left(open_spool, lost):
    first = open_spool()
    assert first.append([event("a"), event("b", weight=2.5)])
    assert first.append([event("c")])
    second = open_spool()
    assert taken(second) == []  # the first process still lives
    assert second.waiting() == 4.5
    first.close()
    assert taken(second) == [event("a"), event("b", weight=2.5), event("c")]
    assert second.waiting() == 0
    assert lost == {}


def test_what_wasnt_delivered_stays(open_spool):
    first = open_spool()
    first.append([event("a"), event("b")])
    first.close()
    second = open_spool()
    for leftover in second.left():
        leftover.keep(leftover.events[1:])
    assert taken(open_spool()) == [event("b")]


def test_only_one_process_takes_a_file(open_spool):
    first = open_spool()
    first.append([event("a")])
    first.close()
    second, third = open_spool(), open_spool()
    taking = second.left()
    next(taking)
    assert list(third.left()) == []
    taking.close()
    assert taken(third) == [event("a")]


def test_delivered_events_leave_their_own_file(open_spool, tmp_path):
    spool = open_spool()
    spool.append([event("a"), event("b"), event("c")])
    spool.settle([event("a"), event("c")])
    assert spool.own() == [event("b")]
    spool.settle([event("b")])
    assert spool.own() == []
    assert os.listdir(str(tmp_path / "spool")) == []
    assert spool.append([event("d")])
    assert spool.own() == [event("d")]


@pytest.mark.parametrize(
    ("damage", "kept", "corrupt"),
    [
        (lambda raw: raw[:-9], ["a"], 1),  # truncated
        (lambda raw: raw.replace(b'"b"', b'"x"'), ["a"], 1),
        (lambda raw: b"rubbish\n\x00\xff\n" + raw, ["a", "b"], 2),
        (lambda raw: raw + b"\n", ["a", "b"], 1),
        (lambda raw: b"", [], 0),
    ],
)
def test_damaged_lines_are_counted_and_the_others_delivered(
    open_spool, tmp_path, lost, damage, kept, corrupt
):
    spool = open_spool()
    spool.append([event("a"), event("b")])
    spool.close()
    (path,) = (tmp_path / "spool").iterdir()
    path.write_bytes(damage(path.read_bytes()))
    assert taken(open_spool()) == [event(name) for name in kept]
    assert lost.get("corrupt", 0) == corrupt


def test_what_is_older_than_14_days_is_lost_and_counted(open_spool, lost):
    spool = open_spool()
    spool.append([event("old", at=NOW - 14 * 86400 - 1, weight=7), event("new", at=NOW - 86400)])
    assert spool.own() == [event("new", at=NOW - 86400)]
    assert lost == {"expired": 7}


def test_a_clock_that_stepped_back_makes_nothing_old(open_spool, lost):
    spool = open_spool()
    spool.append([event("future", at=NOW + 10**8)])
    assert spool.own() == [event("future", at=NOW + 10**8)]
    assert lost == {}


def test_the_oldest_are_dropped_when_the_spool_is_full(open_spool, lost, tmp_path):
    size = len(line(event("00")))
    left = open_spool()
    left.append([event("%02d" % i) for i in range(4)])
    left.close()
    spool = open_spool(largest=10 * size)
    for i in range(4, 16):
        assert spool.append([event("%02d" % i)])
    assert [parse(p).body for p in b"".join(
        path.read_bytes() for path in (tmp_path / "spool").iterdir()
    ).splitlines()] == [event("%02d" % i).body for i in range(6, 16)]  # fmt: skip
    assert lost == {"spool_full": 6}


def test_a_batch_larger_than_the_spool_keeps_its_newest(open_spool, lost):
    size = len(line(event("0")))
    spool = open_spool(largest=3 * size)
    assert spool.append([event(str(i)) for i in range(5)])
    assert spool.own() == [event("2"), event("3"), event("4")]
    assert lost == {"spool_full": 2}


def test_a_place_that_cant_be_written_keeps_nothing(lost, tmp_path):
    (tmp_path / "file").write_text("")
    assert Spool(None, lost).append([event("a")]) is False
    assert Spool(str(tmp_path / "file" / "spool"), lost).append([event("a")]) is False
    assert Spool(str(tmp_path / "file" / "spool"), lost).waiting() == 0
    assert lost == {}


def test_a_full_disk_leaves_no_half_line(open_spool, monkeypatch, lost):
    spool = open_spool()
    spool.append([event("a")])
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:5]))
    assert spool.append([event("b")]) is False
    monkeypatch.undo()
    assert spool.own() == [event("a")]
    assert spool.append([event("c")])
    assert spool.own() == [event("a"), event("c")]
    assert lost == {}


def test_erasing_also_takes_the_file_of_a_living_process(open_spool):
    living, user = open_spool(), open_spool()
    living.append([event("a", weight=3)])
    assert user.erase() == {"files": 1, "weight": 3}
    assert living.append([event("b")])  # into a new file, not into the deleted one
    assert user.waiting() == 1


def test_many_processes_append_and_take_at_once(tmp_path):
    script = """
import sys, random
sys.path.insert(0, %r)
from footfall.spool import Spool
from footfall.event import Event
lost = []
me = sys.argv[1]
got = []
spool = Spool(%r, lambda *a: lost.append(a))
for i in range(60):
    spool.append([Event(2_000_000_000, 1, b'{"m": "%%s-%%d"}' %% (me.encode(), i))])
    if i %% 7 == 0:
        spool.close()
    if i %% 5 == 0:
        for leftover in spool.left():
            half = len(leftover.events) // 2
            got += leftover.events[:half]
            leftover.keep(leftover.events[half:])
spool.close()
assert not lost, lost
print("\\n".join(e.body.decode() for e in got))
"""
    import footfall

    source = os.path.dirname(os.path.dirname(footfall.__file__))
    folder = str(tmp_path / "shared")
    children = [
        subprocess.Popen(
            [sys.executable, "-c", script % (source, folder), str(n)], stdout=subprocess.PIPE
        )
        for n in range(4)
    ]
    got = []
    for child in children:
        out, _ = child.communicate(timeout=60)
        assert child.returncode == 0
        got += out.decode().split("\n")[:-1] if out.strip() else []
    rest = []
    last = Spool(folder, lambda *loss: pytest.fail(str(loss)))
    for leftover in last.left():
        rest += [one.body.decode() for one in leftover.events]
    expected = ['{"m": "%d-%d"}' % (n, i) for n in range(4) for i in range(60)]
    assert sorted(got + rest) == sorted(expected)


def test_weights_are_exact_through_disk(make_usage, collector):
    collector.answer = 500
    usage = make_usage()
    for _ in range(12345):
        usage.track("x")
    usage.flush(5)
    assert usage.status().pending == 12345
    collector.answer = "good"
    assert usage.flush(5)
    assert usage.status()[5:] == (0, 12345, {})
    assert collector.weight == 12345
    assert len(set(collector.ids)) == len(collector.ids) < 1000  # 20 an interval, however many
