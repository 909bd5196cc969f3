"""Destinations: accepted events sent on, at least once each, to a webhook, a Segment-compatible or
PostHog endpoint, or as Parquet files to a directory or an S3-compatible bucket.

The drain's blocks go into the outbox after the store has them (`forwarding.py`); a thread for each
destination (`forwarder.py`) takes them from there, asks the store which match the filters, gives
them their form (`events.py`) and sends them (`senders.py`, `parquet.py`), with back-off while it
can't. A dead destination holds up neither the door nor the drain nor another destination. Every
connection goes through `guard.py`, which refuses addresses inside the operator's network.
"""
