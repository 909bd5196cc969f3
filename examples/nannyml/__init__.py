"""NannyML's usage as insights: the demonstration that `make demo` runs.

`demo` is the way through it, `collector` talks to the server as any maintainer would (its command
line and its JSON API), `ledger` compares what NannyML logged with what the insights say, and
`processes` sees that nothing is left running. They import nothing of the server or the SDK.

`workload/` runs in an environment of its own, made from `requirements.lock`: NannyML as it is on
PyPI, with only its Segment client's host changed. Start reading at `demo.main`.
"""
