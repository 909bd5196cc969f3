"""Insights: each stage, and every report against the definitions in plain Python."""
