"""The command line: `footfall-server serve`, `project …`, `export`, `import`, `sign-in-link`.

Each command opens just what it needs: the metadata may be opened beside a running server, the store
and the journal may not, so what needs these goes through the JSON API (`reach.py`). Errors are one
line on stderr that says what to do. Start with `app.py`.
"""


def main() -> None:
    """The entry point. Imports the commands only when one runs."""
    from footfall_server.cli.app import run

    run()
