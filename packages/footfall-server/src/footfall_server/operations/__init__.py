"""What an operator does with a whole server: look whether it is well, back it up, restore it, move
its store.

`findings.py` says what a check tells; `outside.py` checks what can be seen without the store
(settings, files, metadata), `inside.py` what only the process that has the store can see.
`backup.py` writes a backup while the server runs, `restore.py` makes a data directory out of one.
`moving.py` copies a store into another one, which may need a process of its own (`apart.py`).
Only who can read the server's secret key may ask a running server for these (`passes.py`).
"""
