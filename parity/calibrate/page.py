"""docs/calibration.md, from the record alone."""
def page(record): return ""
