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
EMULATION = "emulation"
"""What stands for an engine where a precision was emulated alone."""
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


def decisions(record: Record) -> dict[str, Any]:
    """The output of classes whose argmax changes at the largest share of positions; empty where none has classes."""
    found = [o for o in record.get("outputs") or () if o.get("argmax_of") and o.get("argmax_changed") is not None]
    return max(found, key=lambda o: (o["argmax_changed"] / o["argmax_of"], severity(o.get("rel_l2"))), default={})


def largest_part(output: dict[str, Any]) -> str:
    """What most of an output's loss comes from: ``weights``, ``activations`` or ``arithmetic``; may be empty."""
    found = {k: severity(v) for k, v in (output.get("parts") or {}).items() if k in PARTS and v is not None}
    return max(found, key=lambda k: found[k]) if found and max(found.values()) > 0 else ""


def broken(record: Record) -> int:
    """Elements of the outputs that are infinite or NaN where the reference is not."""
    return sum(int(output.get("nonfinite") or 0) for output in record.get("outputs") or ())


def elsewhere(record: Record) -> str:
    """The type that it was computed in where that is another than asked; empty where it is not, or nobody knows."""
    computed = record.get("computed") or {}
    asked, seen = computed.get("asked"), computed.get("seen")
    return str(seen) if asked and seen and asked != seen else ""


def otherwise(record: Record) -> str:
    """A sentence where it was computed in another type than asked; empty where it was not, or nobody knows."""
    seen = elsewhere(record)
    if not seen:
        return ""
    computed = record["computed"]
    why = f": {computed['why']}" if computed.get("why") else ""
    return sentence(f"It was computed in {seen}, not in {computed['asked']}{why}")


def about_loss(record: Record) -> str:
    """What one case loses in a precision on a target, and what it saves."""
    name, said = record["case"], precise(precision_of(record))
    if not record.get("outputs"):
        who, device, _ = parts(record["target"])
        where = who if device == "cpu" else f"{who}@{device}"
        return sentence(f"{where} says nothing on {name} in {said}: {record.get('message') or 'nothing was compared'}")
    output = worst(record)
    text = f"{_saving(name, said, record.get('bytes') or {})} {_error(output)}{_by(record)}"
    if count := broken(record):
        text += f", and {plural(count, 'number')} of its outputs {'is' if count == 1 else 'are'} infinite or NaN"
    decided = decisions(record)
    if decided.get("argmax_changed"):
        of = f" of {decided['tensor']}" if decided is not output and decided.get("tensor") else ""
        text += f", and the largest class{of} changes at {decided['argmax_changed']:,} of {decided['argmax_of']:,}"
    return " ".join(filter(None, (sentence(capital(text)), otherwise(record))))


def emulated(record: Record) -> bool:
    """Whether no engine computed it."""
    return parts(record["target"])[0] == EMULATION


def _by(record: Record) -> str:
    """`` on chainer``; the device is said where it is another than usual, the precision stands beside it."""
    name, device, _ = parts(record["target"])
    return ", as emulated" if emulated(record) else f" on {name}" if device == "cpu" else f" on {name}@{device}"


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
    told = [r for r in told if not emulated(r)] or told  # what an engine does counts more
    if not told:
        return about_loss(found[0])
    top = max(told, key=lambda r: (bool(broken(r)), severity(worst(r).get("rel_l2"))))
    sizes: dict[str, list[dict[str, Any]]] = {}
    for record in told:
        if _sized(record):
            sizes.setdefault(record["case"], []).append(record["bytes"])
    if len({r["case"] for r in told}) == 1 or not sizes:
        return about_loss(top)
    first = _together(precise(precision_of(top)), sizes)
    calm = [r for r in told if math.isfinite(severity(worst(r).get("rel_l2")))]
    if calm:
        most = max(calm, key=lambda r: severity(worst(r).get("rel_l2")))
        first += f" at a relative error of at most {loss_figure(worst(most)['rel_l2'])}"
        first += f", that of {most['case']}{_by(most)}"
    if bad := sorted({r["case"] for r in told if broken(r)}):
        first += f"; outputs of {some(bad, most=3)} become infinite or NaN"
    return sentence(capital(first))


def _together(said: str, sizes: dict[str, list[dict[str, Any]]]) -> str:
    """What networks take, by case; engines that hold other weights in a precision are a range."""
    before = sum(found[0]["before"] for found in sizes.values())
    least, most = (sum(pick(b["after"] for b in found) for found in sizes.values()) for pick in (min, max))
    name, together = plural(len(sizes), "network"), " together" if len(sizes) > 1 else ""
    if least == most:
        return _saving(name, said, {"before": before, "after": most}) + together
    return (
        f"{said} brings {name} from {size(before)} to {size(least)} … {size(most)}{together}, depending on the engine,"
    )


def _sized(record: Record) -> bool:
    found = record.get("bytes") or {}
    return bool(found.get("before")) and found.get("after") is not None
