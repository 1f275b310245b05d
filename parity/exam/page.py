"""docs/exam.md, from the record alone."""

from __future__ import annotations

from parity.exam.record import share
from parity.results import Record

HEAD = """# The exam

Can a verdict of parity be trusted? `parity exam` commits mistakes in real engines: those that people make when they
move a network ([mistakes.md](mistakes.md)), and single weights that are 1 % off. It counts how many are caught, how
many the diagnosis names, and how often a network without a mistake is called wrong.

```sh
parity exam                                    # everything; takes its time
parity exam cases/networks --most 5            # five questions a case
```

A mistake is committed where its layer stands: the network that the engine gets is rewritten, all others and the
reference do as the case says. **hidden**: on these inputs the mistake moves nothing beyond what rounding could hide, so
nobody could tell; a probe or other inputs may. **caught**: of all others. **named**: the first cause that the diagnosis
gives is the one committed, or the same function on these inputs; **named at all**: it stands among the causes given.
What a framework refuses to run is not counted, nor what it takes back by itself.
"""


def page(record: Record) -> str:
    """The page."""
    total, clean = record["totals"], record["clean"]
    seen = total["committed"] - total["hidden"]
    engines = ", ".join(f"{name} ({_versions(t)})" for name, t in sorted(record["targets"].items()))
    python, asked = record["versions"], record["parameters"]
    limit = f", at most {asked['questions_a_case']} a cell" if asked["questions_a_case"] else ""
    lines = [
        HEAD,
        f"Measured on {record['date']} with Python {python['python']}, NumPy {python['numpy']} on {engines}:",
        f"{total['committed']:,} mistakes in {clean['cells']:,} cells (a case on an engine) of at most "
        f"{asked['most_weights']:,} weights{limit}, {total['hidden']:,} of them hidden by rounding. Of the other "
        f"{seen:,}, {share(total['caught'], seen)} were caught ({total['missed']} missed); of those caught, "
        f"{share(total['named'], total['caught'])} were named, {share(total['among'], total['caught'])} stood among "
        f"the causes. {clean['false_alarms']} false alarms in the same cells without a mistake; "
        f"{record['elsewhere']} times a layer was blamed that had nothing to do with it.",
        "",
        "| mistake | from | committed | hidden | caught | named | named at all |",
        "|---|---|---:|---:|---:|---:|---:|",
        *(_row(row) for row in record["rows"]),
        "",
        "| engine | committed | hidden | caught | named |",
        "|---|---:|---:|---:|---:|",
        *(_engine(name, row) for name, row in sorted(record["by_target"].items())),
    ]
    if record["failures"]:
        lines += ["", "## What went wrong", "", *(f"- {text}" for text in record["failures"])]
    if record.get("undone"):
        lines += ["", "## Taken back by an engine", ""]
        lines += [f"- {row['mistake']} on {row['engine']}: {row['why']}." for row in record["undone"]]
    if record["unnamed"]:
        lines += ["", "## Caught and not named", "", "| mistake | layer | what was named first | times |"]
        lines += ["|---|---|---|---:|"]
        for row in record["unnamed"]:
            lines.append(f"| {row['mistake']} | {row['layer']} | {row['named'] or 'nothing'} | {row['count']} |")
    return "\n".join(lines) + "\n"


def _versions(target: Record) -> str:
    return ", ".join(f"{k} {v}" for k, v in target["versions"].items())


def _row(row: Record) -> str:
    seen = row["committed"] - row["hidden"]
    figures = (share(row["caught"], seen), share(row["named"], row["caught"]), share(row["among"], row["caught"]))
    cells = (row["mistake"], row["kind"], str(row["committed"]), str(row["hidden"]), *figures)
    return "| " + " | ".join(cells) + " |"


def _engine(name: str, row: Record) -> str:
    seen = row["committed"] - row["hidden"]
    caught, named = share(row["caught"], seen), share(row["named"], row["caught"])
    return f"| {name} | {row['committed']} | {row['hidden']} | {caught} | {named} |"
