"""What clients speak. A dialect decodes a request into canonical events and words the answer.

Each module is one dialect; it knows the wire and nothing of projects, journal or store. Start with
`segment.py`, the native one, which Footfall's own SDK speaks too.
"""
