"""Judging an engine's outputs against the reference: figures, bounds, verdicts, diagnosis. Knows no engine."""
