"""python -m benchmarks.kill [--cluster] [--kills N] [--seed S]

Two servers side by side, each with three clients that send all the time and retry; `kill -9` at
random moments of a life, also while the server still opens; then everything that was acknowledged
is looked for. Some batches are sent again at the end with a clock that is hours off. With
`--cluster`: three collectors and two web servers on two data directories over one store of their
own, of which one or another is killed, and the store once.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.kill.cluster import cluster_trial
from benchmarks.kill.trial import Outcome, trials


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--cluster", action="store_true", help="several servers over one store")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        outcomes: Sequence[Outcome]
        if options.cluster:
            outcomes = [cluster_trial(Path(folder), options.kills, options.seed)]
        else:
            outcomes = trials(Path(folder), options.kills, options.seed)
    print(
        "| kills | of lives that answered | events acknowledged | batches sent again later "
        "| lost | doubled | seconds |\n|---|---|---|---|---|---|---|"
    )
    lost = sum(len(each.lost) for each in outcomes)
    doubled = sum(each.doubled for each in outcomes)
    print(
        f"| {sum(each.kills for each in outcomes)} "
        f"| {sum(each.lives_with_answers for each in outcomes)} "
        f"| {sum(len(each.acknowledged) for each in outcomes):,} "
        f"| {sum(each.sent_again for each in outcomes):,} | {lost} | {doubled} "
        f"| {time.monotonic() - began:.0f} |"
    )
    return int(bool(lost or doubled))


if __name__ == "__main__":
    raise SystemExit(main())
