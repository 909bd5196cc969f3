"""Speed, always as a ratio to a floor or a peer of the same run.

    python -m benchmarks [NAME …]

Figures go to `benchmarks/README.md`, with the command that made them.
"""
