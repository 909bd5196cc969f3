"""The HTTP application: health, metrics, the JSON API, and the assembly of door and pages.

`app.py` puts everything together; `queries.py` answers questions with a bearer token; errors leave
as `application/problem+json` with a stable code (`problems.py`). No report is made here: that is
the work of `insights`.
"""
