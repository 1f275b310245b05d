"""What changed between two runs, or between the environments of one, and with which versions."""
