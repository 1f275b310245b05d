"""What goes wrong between two frameworks: mistakes that are declared beside a layer, and those that any layer invites.

The diagnosis tries them where a layer exceeds its bound, the exam commits them. Knows no engine.
"""
