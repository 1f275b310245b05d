"""``parity reproduce``: one case on one target as a script that needs no parity."""

from __future__ import annotations

from pathlib import Path

from parity.case.case import Case
from parity.commands.select import one_case
from parity.errors import BadInput
from parity.judge.bound import Reference
from parity.prepare import check_indices
from parity.standalone import check_target, script
from parity.targets import Target


def write_script(case: str, target: str, out: Path, *, embed: bool = False) -> Path:
    """Write the script and the arrays beside it.

    Args:
        case: id of a case, or its file if that holds one.
        target: its name.
        out: folder, created if it is not there.
        embed: whether the script holds the arrays itself, so that it needs no other file.

    Returns:
        The script's path; the arrays have the suffix .npz instead.

    Raises:
        BadInput: an unknown case or target, or a layer that the target cannot say.
    """
    return script_of(one_case(case), Target.parse(target), out, embed=embed)


def script_of(case: Case, target: Target, out: Path, *, embed: bool = False) -> Path:
    """As :func:`write_script`, of a case that is loaded."""
    check_target(target)
    inputs, weights = case.inputs(), case.weights()
    check_indices(case.graph, inputs)
    reference = Reference.of(case.graph, inputs, target.computes.sent(weights))
    try:
        return script(case.id, case.graph, weights, reference, target, embed=embed).write(out)
    except BadInput as error:
        raise error.within(file=str(case.file)) from None
