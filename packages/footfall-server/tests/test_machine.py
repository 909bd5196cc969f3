"""What a process may use of its machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from footfall_server.model.machine import memory_bytes


def test_a_container_has_what_it_is_given(tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text("536870912\n")
    assert memory_bytes((tmp_path / "missing", limit)) == 512 * 1024**2


@pytest.mark.parametrize("text", ["max\n", "9223372036854771712\n"])
def test_without_a_limit_it_is_the_machine_s(tmp_path: Path, text: str) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text(text)
    total = Path("/proc/meminfo").read_text().split()[1]
    assert memory_bytes((limit,)) == pytest.approx(int(total) * 1024, rel=0.01)
