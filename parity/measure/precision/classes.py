"""Over which axis of an output a user takes the argmax."""

from __future__ import annotations

import numpy as np

from parity.graph import Graph, Node
from parity.judge.bound import KIT
from parity.layers import Layer
from parity.layers.bidirectional import Bidirectional
from parity.layers.evaluate import values
from parity.layers.nstep import NStep
from parity.layers.recurrent import Recurrent
from parity.layers.shape import Move
from parity.layers.softmax import LogSoftmax, Softmax

IMAGE_CHANNELS = (1, 3)
"""Channels of images, whose argmax nobody takes."""
STATES = (Recurrent, Bidirectional, NStep)
"""Layers whose outputs are states, and no scores of classes."""


def class_axis(graph: Graph, tensor: str) -> int | None:
    """The axis of the classes in an output, from 0; None where it holds no scores of classes.

    That is the axis of the softmax that makes the output, through layers that only move elements. Where an output of
    the network comes from a softmax, the others are taken for something else. Where none does, it is the last axis of
    N T F and axis 1 of N C and N C spatial; states and images have none.
    """
    own = _of_softmax(graph, tensor)
    if own is not None:
        return own
    shape, node = graph.specs[tensor].shape, _maker(graph, tensor)
    if node is None or len(shape) < 2 or isinstance(node.layer, STATES):
        return None
    if len(shape) == 4 and shape[1] in IMAGE_CHANNELS:
        return None
    if any(_of_softmax(graph, other) is not None for other in graph.outputs):
        return None
    return 2 if len(shape) == 3 and not _spatial(graph, node) else 1


def _maker(graph: Graph, tensor: str) -> Node | None:
    return next((n for n in graph.nodes if tensor in n.outputs), None)


def _of_softmax(graph: Graph, tensor: str) -> int | None:
    """The axis that a softmax normalised over, where it still is one axis."""
    node = _maker(graph, tensor)
    if node is None:
        return None
    if isinstance(node.layer, (Softmax, LogSoftmax)):
        return node.layer.axis % len(graph.specs[tensor].shape)
    if isinstance(node.layer, Move) and len(node.inputs) == 1:
        before = _of_softmax(graph, node.inputs[0])
        if before is not None:
            return _moved(node.layer, graph.specs[node.inputs[0]].shape, before, node.outputs.index(tensor))
    return None


def _moved(layer: Layer, shape: tuple[int, ...], axis: int, output: int) -> int | None:
    """Where an axis goes: the number of its place, put through the layer, changes along one axis as it did before."""
    places = np.arange(float(shape[axis])).reshape([-1 if i == axis else 1 for i in range(len(shape))])
    found = np.asarray(values(layer, KIT, [np.broadcast_to(places, shape)], {})[output])
    changing = [i for i in range(found.ndim) if (np.diff(found, axis=i) != 0).any()]
    return changing[0] if len(changing) == 1 and found.shape[changing[0]] == shape[axis] else None


def _spatial(graph: Graph, node: Node) -> bool:
    """Whether three axes are N C L: made by a layer that knows of spatial axes, and by others that keep their order."""
    while not hasattr(node.layer, "nd"):
        before = _maker(graph, node.inputs[0])
        weighted = graph.node_weights(node) and not node.layer.absorbs
        if before is None or weighted or isinstance(node.layer, (Move, *STATES)):
            return False
        node = before
    return True
