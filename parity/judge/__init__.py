"""From an engine's arrays to a verdict. Knows no engine."""
