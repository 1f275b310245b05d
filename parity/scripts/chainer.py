"""Scripts in Chainer's words: a chain with the net's links, and its forward pass."""

from __future__ import annotations

import numpy as np

from parity.dialects.chainer import ChainerKit, define
from parity.dialects.record import Expr, RecordedNumPy, op
from parity.dialects.text import Names, quoted
from parity.dialects.writer import Writer
from parity.scripts.page import USED, Page, listed

CHAIN = """
add_hook add_link add_param add_persistent addgrads children cleargrads copy copyparams count_params
delete_hook device device_resident_accept disable_update enable_update forward from_chx from_params init_scope
links local_link_hooks name namedlinks namedparams params printable_specs register_persistent repeat serialize
to_chx to_cpu to_device to_gpu to_intel64 update_enabled within_init_scope xp zerograds
"""
"""Attributes that a chain has already."""


def write(page: Page) -> str:
    """The text of a script.

    Args:
        page: gets ``weights/<path in the net>``; a single 0 where the link may have a weight that the layer has not.
    """
    graph, arrays = page.graph, page.arrays
    kit = ChainerKit(Expr("name", "L"), Expr("name", "F"), RecordedNumPy())
    calls = define(graph, kit)
    attributes = Names(CHAIN.split())
    paths = {name: attributes.new(f"link{name}" if name.startswith("_") else name) for name in kit.links}
    own = ("self", "chainer", "L", "F", "Net", "net")
    init = Writer((*own, *USED), arrays, indent=12)
    init.write([(f"self.{paths[name]}", link) for name, link in kit.links.items()], exact=True)

    body = Writer((*own, *USED), arrays, indent=8)
    values = {name: Expr("name", body.names.new(name)) for name in graph.inputs}
    arguments = [op(value).operands[0] for value in values.values()]
    for value, text in zip(values.values(), arguments, strict=True):
        body.give(value, text)
    for name, link in kit.links.items():
        body.give(link, f"self.{paths[name]}")
    for node in graph.nodes:
        made = calls[node.name](*(values[i] for i in node.inputs))
        values.update(zip(node.outputs, made if isinstance(made, tuple) else (made,), strict=True))
    names = body.write(list(values.items()), graph.outputs)

    zeros = False
    for node in graph.nodes:
        if node.name in paths:
            sent = page.copies.get(node.name, {})
            declared = node.layer.layout_map("chainer", graph.node_weights(node)).targets
            zeros = zeros or bool(set(declared) - set(sent))
            for target in declared:
                arrays[f"weights/{paths[node.name]}/{target}"] = sent.get(target, np.zeros((), np.float32))
    results = [(f"{quoted(o)}: {names[o]}",) for o in graph.outputs]
    fed = [(f"chainer.Variable(arrays[{quoted(f'inputs/{name}')}])",) for name in graph.inputs]
    return page.render(
        "chainer",
        "Chainer",
        links=init.lines,
        arguments=arguments,
        forward=body.lines,
        zeros=zeros,
        results=listed("return ", "{", results, "}", 8),
        feed=listed("outputs = net", "(", fed, ")", 4),
    )
