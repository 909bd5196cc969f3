"""What the server does by itself, without anybody asking: forwarding to destinations, alerts.

`destinations/` sends accepted events on, filtered, to other systems. It reads the store through
`insights` (a destination's filters are the queries' filters) and keeps what isn't sent yet in the
journal room's outbox. This room is used by `api` (what may be saved, how a destination fares) and
by the assembly; it never imports `api` or `web`. `alerts.py` asks saved questions every
hour. Start with `destinations/forwarding.py`.
"""
