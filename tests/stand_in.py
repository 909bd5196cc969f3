"""ClickHouse's stand-in as a process that tests start, kill and start again."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.clickhouse import PASSWORD, USER

ROOT = Path(__file__).parent.parent


@dataclass
class StandIn:
    """`cluster`: under that name it is a cluster of one; `certificate`: by TLS with the certificate
    and key in this file. The same port after a kill."""

    path: Path
    cluster: str | None = None
    port: int = 0
    process: subprocess.Popen[str] | None = None
    certificate: Path | None = None

    def start(self) -> StandIn:
        named = ["--cluster", self.cluster] if self.cluster else []
        if self.certificate:
            named += ["--certificate", str(self.certificate)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.clickhouse", "--path", str(self.path),
             "--port", str(self.port), *named],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )  # fmt: skip
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert "a stand-in for ClickHouse" in line
        self.port = int(line.strip().rpartition(":")[2])
        return self

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.process = None

    def url(self, password: str = PASSWORD) -> str:
        tail = f"?cluster={self.cluster}&replicated=0" if self.cluster else ""
        return f"clickhouse://{USER}:{password}@127.0.0.1:{self.port}/footfall{tail}"
