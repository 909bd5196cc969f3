"""SQL text of reports, one module a report; nowhere else outside the store.

`binder.py` binds values, `column.py` says how a property is read, `filters.py` turns filters into
conditions; `trends.py` and `events_table.py` are reports. Identifiers come from closed sets or are
quoted by `column.quoted`; every value goes through `Binder`.
"""
