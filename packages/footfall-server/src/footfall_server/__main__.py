"""`python -m footfall_server …` is `footfall-server …`."""

from footfall_server.cli import main

if __name__ == "__main__":
    main()
