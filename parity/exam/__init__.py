"""The exam: mistakes are committed in real engines, and the verdict must catch and name them."""
