"""Frameworks that no longer run on a current Python, made to run. Importing a module here imports no framework."""
