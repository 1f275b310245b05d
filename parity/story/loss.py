"""What a precision costs and saves, in plain words, from records of kind ``loss`` alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from parity.story.reading import Record
from parity.story.words import capital, figure, number, parts, plural, precise, sentence, size, some

FIRST = ("storage_float16", "float16", "mixed_float16", "storage_bfloat16", "bfloat16", "mixed_bfloat16", "tf32")
"""Precisions in the order in which they are told; others follow by name."""
HALF = 0.005
"""How far from one half a share of bytes may be and still be called half."""
PARTS = ("weights", "activations", "arithmetic")


def order(precision: str) -> tuple[int, str]:
    """Sorts precisions as they are told."""
    return (FIRST.index(precision) if precision in FIRST else len(FIRST), precision)


def precision_of(record: Record) -> str:
    """The record's own word, else what its target's name says."""
    return record.get("precision") or parts(record["target"])[2]


def severity(value: Any) -> float:
    """A relative error to compare by: NaN, and none where there should be one, are worse than any."""
    x = number(value)
    return math.inf if x is None or math.isnan(x) else x


def worst(record: Record) -> dict[str, Any]:
    """The output with the largest relative L2 error; empty where nothing was compared."""
    found = record.get("outputs") or [{}]
    return max(found, key=lambda output: severity(output.get("rel_l2")))


def largest_part(output: dict[str, Any]) -> str:
    """What most of an output's loss comes from: ``weights``, ``activations`` or ``arithmetic``; may be empty."""
    found = {k: severity(v) for k, v in (output.get("parts") or {}).items() if k in PARTS and v is not None}
    return max(found, key=lambda k: found[k]) if found and max(found.values()) > 0 else ""


def broken(record: Record) -> int:
    """Elements of the outputs that are infinite or NaN where the reference is not."""
    return sum(int(output.get("nonfinite") or 0) for output in record.get("outputs") or ())


def otherwise(record: Record) -> str:
    """A sentence where it was computed in another type than asked; empty where it was not, or nobody knows."""
    computed = record.get("computed") or {}
    asked, seen = computed.get("asked"), computed.get("seen")
    if not asked or not seen or asked == seen:
        return ""
    why = f": {computed['why']}" if computed.get("why") else ""
    return sentence(f"It was computed in {seen}, not in {asked}{why}")


def about_loss(record: Record) -> str:
    """What one case loses in a precision on a target, and what it saves."""
    name, where, said = record["case"], _where(record), precise(precision_of(record))
    if not record.get("outputs"):
        return sentence(f"{where} says nothing on {name} in {said}: {record.get('message') or 'nothing was compared'}")
    output = worst(record)
    text = f"{_saving(name, said, record.get('bytes') or {})} {_error(output)} on {where}"
    if count := broken(record):
        text += f", and {plural(count, 'number')} of its outputs {'is' if count == 1 else 'are'} infinite or NaN"
    if output.get("argmax_changed"):
        text += f", and the largest class changes at {output['argmax_changed']:,} of {output.get('argmax_of') or 0:,}"
    return " ".join(filter(None, (sentence(capital(text)), otherwise(record))))


def _where(record: Record) -> str:
    """The engine; its device where that is another than usual. The precision is said beside it."""
    name, device, _ = parts(record["target"])
    return name if device == "cpu" else f"{name}@{device}"


def loss_figure(value: Any) -> str:
    """``2.1e-4`` and ``0.013``."""
    x = number(value)
    small = x is not None and math.isfinite(x) and 0 < abs(x) < 1e-3
    return f"{x:.1e}".replace("e-0", "e-") if small else figure(x, 2)


def _saving(name: str, said: str, found: dict[str, Any]) -> str:
    before, after = found.get("before"), found.get("after")
    if not before or after is None:
        return f"in {said}, {name} runs"
    if after == before:
        return f"{said} leaves {name} at {size(before)}"
    verb = "halves" if abs(after / before - 0.5) <= HALF else "shrinks" if after < before else "enlarges"
    return f"{said} {verb} {name} from {size(before)} to {size(after)}"


def _error(output: dict[str, Any]) -> str:
    loss = number(output.get("rel_l2"))
    if loss == 0:
        return "without any loss"
    if loss is None or not math.isfinite(loss):
        return "with an infinite error" if loss == math.inf else "with an error that is no number"
    ratio = number(output.get("snr_db"))
    decibels = "" if ratio is None or not math.isfinite(ratio) else f" (SNR {ratio:.0f} dB)"
    return f"at a relative error of {loss_figure(loss)}{decibels}"


def about_losses(found: Iterable[Record]) -> list[str]:
    """A sentence for each precision: the saving and the worst loss, over all cases and targets."""
    by_precision: dict[str, list[Record]] = {}
    for record in found:
        by_precision.setdefault(precision_of(record), []).append(record)
    return [_over_all(by_precision[name]) for name in sorted(by_precision, key=order)]


def _over_all(found: Sequence[Record]) -> str:
    told = [r for r in found if r.get("outputs")]
    if not told:
        return about_loss(found[0])
    top = max(told, key=lambda r: (bool(broken(r)), severity(worst(r).get("rel_l2"))))
    sizes = {r["case"]: r["bytes"] for r in told if (r.get("bytes") or {}).get("before") and "after" in r["bytes"]}
    if len({r["case"] for r in told}) == 1 or not sizes:
        return about_loss(top)
    total = {k: sum(b[k] for b in sizes.values()) for k in ("before", "after")}
    many = plural(len(sizes), "network")
    first = _saving(many, precise(precision_of(top)), total) + (" together" if len(sizes) > 1 else "")
    calm = [x for r in told if math.isfinite(x := severity(worst(r).get("rel_l2")))]
    between = f" at relative errors from {loss_figure(min(calm))} to {loss_figure(max(calm))}" if calm else ""
    if bad := sorted({r["case"] for r in told if broken(r)}):
        between += f"; outputs of {some(bad, most=3)} become infinite or NaN"
    elif calm:
        between += f", the largest that of {top['case']} on {_where(top)}"
    return sentence(capital(first + between))
