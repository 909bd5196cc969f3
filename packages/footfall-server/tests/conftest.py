"""One engine for the whole session: a process can hold only one path."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from argon2 import PasswordHasher, profiles
from footfall_server.accounts import passwords
from footfall_server.store import Store, open_store


@pytest.fixture(scope="session")
def data_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("footfall")


@pytest.fixture(scope="session")
def store(data_directory: Path) -> Iterator[Store]:
    opened = open_store(f"chdb://{data_directory}/store", data_directory / "temporary")
    yield opened
    opened.close()


@pytest.fixture(scope="session", autouse=True)
def real_hasher() -> Iterator[Callable[[], PasswordHasher]]:
    """Passwords are hashed the quick way, or it is most of what these tests do; the real way."""
    real = passwords._hasher
    quick = cache(lambda: PasswordHasher.from_parameters(profiles.CHEAPEST))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", quick)
        yield real
