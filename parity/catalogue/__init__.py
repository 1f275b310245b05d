"""Pages about the layers, made from the layers' own rules, the shipped cases and the live frameworks."""
