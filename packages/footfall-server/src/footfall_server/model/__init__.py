"""The nouns: events, projects, the reasons for refusing something, and errors.

Frozen values without any I/O, which every other room may import; this one imports none of them.
Start with `event.py`; `errors.py` has the one root of every error that a person can see.
"""
