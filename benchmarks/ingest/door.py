"""The door and the journal alone: what a collector does until it answers, without the drain."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Any

import uvicorn
from footfall_server.accounts import Accounts
from footfall_server.ingest.door import Door
from footfall_server.ingest.pipeline import Pipeline
from footfall_server.intake import WriteKeys
from footfall_server.journal import Journal


async def nothing_else(scope: Any, receive: Any, send: Any) -> None:
    raise NotImplementedError


if __name__ == "__main__":
    data, port = Path(sys.argv[1]), int(sys.argv[2])
    accounts = Accounts(f"sqlite:///{data}/metadata.db")
    journal = Journal(data / f"door-{port}.db", max_bytes=1 << 40)
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    uvicorn.run(
        Door(Pipeline(WriteKeys(accounts), journal), nothing_else), port=port, loop="uvloop",
        http="httptools", access_log=False, log_level="warning", lifespan="off",
    )  # fmt: skip
