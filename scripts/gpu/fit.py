"""What of the carried wheels a machine needs, and what it lacks after that; the standard library is enough for it.

python fit.py wheels FOLDER   the wheels to install, one a line: those that wheels.txt has installed anywhere, and of
                              the others those of packages that are absent here
python fit.py lacking         what pyproject.toml depends on and this Python does not have, one a line
"""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).resolve().parent
ABSENT = "# Only where it is absent"


def canonical(name: str) -> str:
    """As indexes compare names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def spare(text: str) -> set[str]:
    """Names in wheels.txt that are installed only where they are absent."""
    lines = text.partition(ABSENT)[2].splitlines()[1:]
    return {canonical(line.partition("==")[0]) for line in lines if line and not line.startswith("#")}


def version(name: str) -> str | None:
    """What is installed of a package; None where it is not."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def wheels(folder: Path) -> list[str]:
    """Paths of the wheels to install."""
    others = spare((HERE / "wheels.txt").read_text("utf-8"))
    found = {path: canonical(path.name.partition("-")[0]) for path in sorted(folder.glob("*.whl"))}
    return [str(path) for path, name in found.items() if name not in others or version(name) is None]


def requirements() -> list[str]:
    """What pyproject.toml depends on, as it says it."""
    import tomllib

    text = (HERE.parents[1] / "pyproject.toml").read_text("utf-8")
    found: list[str] = tomllib.loads(text)["project"]["dependencies"]
    return found


def lacking(needed: list[str]) -> list[str]:
    """Of these, what is not here, or not in a version that will do."""
    told = []
    for line in needed:
        name = re.split(r"[^\w.-]", line, maxsplit=1)[0]
        have = version(name)
        if have is None:
            told.append(f"{line}, and there is none")
        elif not fits(line, have):
            told.append(f"{line}, and there is {have}")
    return told


def fits(line: str, have: str) -> bool:
    """Whether a version is one that a requirement accepts."""
    from packaging.requirements import Requirement  # carried, where it is absent

    return Requirement(line).specifier.contains(have, prereleases=True)


def main(arguments: list[str]) -> int:
    """Print what was asked for; 1 if something is lacking."""
    if arguments[:1] == ["wheels"] and len(arguments) == 2:
        print(*wheels(Path(arguments[1])), sep="\n")
        return 0
    if arguments == ["lacking"]:
        told = lacking(requirements())
        print(*told, sep="\n")
        return 1 if told else 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
