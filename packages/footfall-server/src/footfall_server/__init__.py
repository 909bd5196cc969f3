"""Footfall's server: usage events come in at the door, answers go out.

An event's way is `ingest` (decode, check, journal, answer) → `journal` (durable queue) → `store`
(the ClickHouse dialect) → `insights` (questions) → `api`, `web`, `cli` (the three ways in).
Imports point the other way. Each folder's docstring is the manual of that room; start with
`ingest` to follow an event, with `insights` to follow a question.
"""
