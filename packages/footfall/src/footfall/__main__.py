"""`python -m footfall`: the user's command line."""

from footfall.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
