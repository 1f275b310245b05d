"""Mistakes that an engine takes back by itself, so that nothing is wrong where they were made."""

from __future__ import annotations

UNDONE = {
    ("probabilities for logits", "keras-tensorflow"): "Keras on TensorFlow sees that the scores come from a softmax or "
    "a sigmoid and takes what went into it (keras/src/backend/tensorflow/nn.py, _get_logits)",
}
"""(name of the mistake, engine) → what it does."""


def undone(mistake: str, engine: str) -> bool:
    """Whether the engine is known to take the mistake back."""
    return (mistake, engine) in UNDONE
