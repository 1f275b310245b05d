"""Framework parity: is the network that was moved to another framework still the same network?"""

__version__ = "0.1.0"
