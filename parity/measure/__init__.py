"""How long networks take, engines in turns; what is said of it, and with which certainty."""
