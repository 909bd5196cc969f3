"""For notebooks and scripts: a Footfall server's reports as data frames and charts.

    from footfall_server.client import Client

    client = Client("https://usage.example.org", token)
    client.trends("2026-01-01", "2026-01-31", interval="week").to_pandas()

One method a report (`reports.py`), for `Client` and, to be awaited, for `AsyncClient`; what the
server refuses is raised with its own code (`ApiError`), and what it can't do just now is tried
again when it says. This room needs httpx2 alone and imports nothing of the server but its errors:
data frames and charts come from the libraries that the notebook has. Start with `client.py`.
"""

from footfall_server.client.answer import Answer, AsyncAnswer
from footfall_server.client.client import AsyncClient, Client
from footfall_server.client.errors import ApiError

__all__ = ["Answer", "ApiError", "AsyncAnswer", "AsyncClient", "Client"]
