"""The part of pkg_resources that Chainer asks for, over `importlib.metadata` and `packaging`.

setuptools 82 ceased to carry pkg_resources. Chainer asks it, at import, which CuPy and iDeep are installed and whether
they are too new for it, and in ``chainer.testing`` whether a test can run.
"""

from __future__ import annotations

from importlib import metadata


class ResolutionError(Exception):
    """A requirement is not met."""


class DistributionNotFound(ResolutionError):
    """The distribution is not installed."""


class VersionConflict(ResolutionError):
    """The distribution is installed in a version outside the range asked for."""


def get_distribution(name: str) -> metadata.Distribution:
    """The installed distribution of that name (its ``version`` is what Chainer reads).

    Raises:
        DistributionNotFound: if there is none.
    """
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        raise DistributionNotFound(name) from None


def require(*requirements: str) -> None:
    """Check that each requirement, e.g. ``numpy>=1.10``, is met; unlike the original, activate and return nothing.

    Raises:
        DistributionNotFound: if a distribution is not installed.
        VersionConflict: if its version is outside the range.
    """
    from packaging.requirements import Requirement  # here: only an import of Chainer needs it

    for text in requirements:
        requirement = Requirement(text)
        version = get_distribution(requirement.name).version
        if not requirement.specifier.contains(version, prereleases=True):
            raise VersionConflict(f"{requirement.name} {version} is installed, {text} is asked for")


class WorkingSet:
    """The installed distributions."""

    def require(self, *requirements: str) -> None:
        """Like the function of this name."""
        require(*requirements)
