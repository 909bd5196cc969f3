"""`footfall-server user …`: accounts from the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from footfall_server.accounts import Accounts, Users


def run(data: Path, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "footfall_server", *arguments, "--data", str(data)]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=60)


def test_an_account_is_made_with_a_password_from_standard_input(tmp_path: Path) -> None:
    made = run(tmp_path, "user", "create", "ada@example.org", "--json", text="a few words\n")
    assert json.loads(made.stdout) == {"email": "ada@example.org", "admin": True}
    assert "a few words" not in made.stdout + made.stderr
    weak = run(tmp_path, "user", "create", "bob@example.org", text="short\n")
    assert weak.returncode == 1
    assert "WEAK_PASSWORD" in weak.stderr
    accounts = Accounts(f"sqlite:///{tmp_path}/metadata.db")
    try:
        assert Users(accounts).check("ada@example.org", "a few words") is not None
        assert len(Users(accounts).all()) == 1
    finally:
        accounts.close()
