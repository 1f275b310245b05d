"""Engines live in processes of their own, which stay up from case to case."""
