"""Stand-alone scripts: a network in a framework's own words, written by the layers' own rules."""

from __future__ import annotations

from collections.abc import Callable

from parity.scripts import chainer, keras, onnx
from parity.scripts.page import Page

WRITERS: dict[str, Callable[[Page], str]] = {"chainer": chainer.write, "keras": keras.write, "onnx": onnx.write}
"""Dialect → what writes its scripts: adds the weights to the page's arrays, gives the text."""
