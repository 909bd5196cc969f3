"""A soak: many calls from many threads, to a collector that comes and goes and refuses."""

import os
import threading

CALLS = int(os.environ.get("FOOTFALL_SOAK_CALLS", "100000"))  # each of 8 threads
SCRIPT = """
import threading, time
from footfall import sender
sender.PERIOD = sender.FIRST_PERIOD = 0.05
@usage.log("x")
def f():
    pass
def log():
    for i in range(%d):
        f()
        if i %% 500 == 0: time.sleep(0.02)
threads = [threading.Thread(target=log) for _ in range(8)]
for thread in threads: thread.start()
while any(t.is_alive() for t in threads):
    time.sleep(0.1)
    usage.flush(0.2)
for thread in threads: thread.join()
deadline = time.monotonic() + 60
while not usage.flush(5) and time.monotonic() < deadline: pass
print(*usage.status()[5:])
"""


def flap(collector, ended):
    """Refuse connections for a fifth of a second, every half."""
    while not ended.wait(0.3):
        collector.refuse()
        ended.wait(0.2)
        collector.accept_again()


def test_a_soak(run, collector):
    """8 threads log while the collector flaps: the weights that arrive sum to the calls made."""
    ended = threading.Event()
    flapping = threading.Thread(target=flap, args=(collector, ended))
    flapping.start()
    collector.answer = ["good", 500, "garbage", "good", 503, "portal", 429] * 10000
    try:
        done = run(SCRIPT % CALLS, timeout=280)
    finally:
        ended.set()
        flapping.join()
    assert done.stdout.split() == ["0", str(8 * CALLS), "{}"]
    assert collector.weight == 8 * CALLS
    assert len(set(collector.ids)) == len(collector.ids)
