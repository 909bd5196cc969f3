"""The collector's door: from a request to a durable, acknowledged event.

A request is read and decompressed (`body`), decoded by its dialect (`dialects/`) into canonical
events, walks the named steps (`steps`), and is written to the journal before the answer goes out
(`pipeline`, `door`). What can't be taken is refused with a reason of a closed list and kept beside
the rest. This room may import `journal` and `model`, never the store or the insights: a slow query
can't be felt at the door. Start with `pipeline.py`.
"""
