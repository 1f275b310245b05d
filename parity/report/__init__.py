"""The page, made of results alone."""
