"""Engines against engines and environments against environments: how near to each other they are, and who is not."""

from parity.report.agreement.page import agreement

__all__ = ["agreement"]
