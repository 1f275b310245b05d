"""The typed model of a case file. Layers are validated by their own dataclasses, in :mod:`parity.case.layers`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator, model_validator

from parity.case.inputs import FileInput
from parity.draw import Distribution

Kind = Literal["normal", "uniform", "wide", "ties", "integers", "constant"]
LARGEST = 1e30
"""Of mean and scale: whatever is drawn stays finite in float32, e^17 times the scale (wide) included."""
LOOSEST = 10_000
"""Factor of a loosened bound: beyond it the layer keeps fewer than 3 of 7 digits, and an expected failure says more."""
Text = Annotated[str, Field(min_length=1)]


class Model(BaseModel):
    """Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RandomInput(Model):
    """An input drawn from a distribution; the same numbers on every machine."""

    shape: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        min_length=1, max_length=32, description="Shape with the batch: N C spatial, or N T F."
    )
    dtype: Literal["float32", "int32"] = Field("float32", description="int32 is for indices.")
    distribution: Kind = Field(
        "normal",
        description="normal, uniform (mean ± scale), wide (± e^2z), ties (multiples of "
        "scale / 2, a third zero), integers (low … high − 1), constant (mean).",
    )
    mean: float = Field(0.0, ge=-LARGEST, le=LARGEST, description="Where the numbers are.")
    scale: float = Field(1.0, gt=0, le=LARGEST, description="How wide they are.")
    low: int = Field(0, ge=-(2**31), le=2**31 - 2, description="integers: the smallest.")
    high: int = Field(2, ge=1, le=2**31 - 1, description="integers: one above the largest.")

    @model_validator(mode="after")
    def _integers_are_int32(self) -> RandomInput:
        if (self.dtype == "int32") != (self.distribution == "integers"):
            raise ValueError("dtype int32 and distribution integers go together")
        if self.low >= self.high:
            raise ValueError(f"low {self.low} is not below high {self.high}")
        return self

    def as_distribution(self) -> Distribution:
        """For :func:`parity.draw.draw`."""
        return Distribution(self.distribution, self.mean, self.scale, self.high, self.low)


class RandomWeight(Model):
    """How weights of one role, or one weight by name, are drawn."""

    distribution: Kind = Field("normal", description="As for inputs.")
    mean: float = Field(0.0, ge=-LARGEST, le=LARGEST, description="Where the numbers are.")
    scale: float | None = Field(
        None, gt=0, le=LARGEST, description="How wide; without it √(2 / fan_in), and √(6 / fan_in) if uniform."
    )


class Trained(Model):
    """How the weights in the file came about; ``parity train`` makes them again."""

    steps: int = Field(ge=1, le=100_000, description="Updates.")
    optimizer: Literal["Adam"] = Field("Adam", description="Chainer's, with its default values.")
    loss: Literal["mean_squared_error"] = Field("mean_squared_error", description="Against the target.")
    target: Literal["zeros"] = Field("zeros", description="What the output shall become.")


class Weights(Model):
    """Where the weights come from: drawn at random (the default), or read from a file."""

    random: dict[str, RandomWeight] | None = Field(
        None,
        description="Role (kernel, bias, gamma, beta, mean, variance, table) or weight name (conv1/W) → "
        "distribution. BatchNorm statistics are never 0 and 1 by default.",
    )
    file: Text | None = Field(
        None, description=".safetensors or .npz, keyed by weight name (conv1/W), relative to the case file."
    )
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = Field(None, description="Of the file's bytes.")
    trained: Trained | None = Field(None, description="How parity train makes the file, in Chainer.")

    @model_validator(mode="after")
    def _one_source(self) -> Weights:
        if (self.random is None) == (self.file is None):
            raise ValueError("give either random or file")
        if self.trained and not self.file:
            raise ValueError("trained weights are kept in a file: name it")
        return self


class Sweep(Model):
    """One file, many cases. Keys are paths: conv1.stride, inputs.x.shape, seed."""

    product: dict[str, Annotated[list[Any], Field(min_length=1)]] | None = Field(
        None, description="Every combination of the values."
    )
    zip: dict[str, Annotated[list[Any], Field(min_length=1)]] | None = Field(
        None, description="The first values together, then the second, …; lists of one length. The key id names them."
    )
    exclude: list[dict[str, Any]] = Field(default_factory=list, description="Combinations to leave out.")


class Expect(Model):
    """A verdict other than equal or rounding that is known. When it no longer holds, that is an error."""

    target: Text = Field(description="Target or wildcard: keras-*, onnxruntime@cpu.")
    case: Text = Field("*", description="Wildcard over the ids of a sweep's cases, the part in brackets.")
    verdict: Literal["differs", "nonfinite", "shape", "missing", "crashed", "timeout", "unsupported"]
    reason: Text = Field(description="Why; the report prints it.")
    cause: Text | None = Field(None, description="differs: the mistake that the diagnosis must name, e.g. epsilon.")
    versions: dict[str, Text] = Field(
        default_factory=dict,
        description="Packages of the target and the versions that fail, e.g. {keras: <3.15}; without it, all do.",
    )

    @field_validator("versions")
    @classmethod
    def _versions_are_specifiers(cls, versions: dict[str, str]) -> dict[str, str]:
        for package, text in versions.items():
            try:
                SpecifierSet(text)
            except InvalidSpecifier:
                raise ValueError(f"{package}: found {text!r}, accepted: versions as in <3.15 or >=2,<2.3") from None
        return versions

    def concerns(self, versions: Mapping[str, str]) -> bool:
        """Whether a target of these versions is meant: package → version, as its facts have it."""
        return all(p in versions and _fits(versions[p], text) for p, text in self.versions.items())


def _fits(version: str, text: str) -> bool:
    """Whether a version is one of those; what is no version, as "unknown", is none of them."""
    try:
        return SpecifierSet(text).contains(Version(version), prereleases=True)
    except InvalidVersion:
        return False


class Committed(Model):
    """A mistake that a target makes on purpose, to show what it looks like."""

    target: Text = Field(description="Target or wildcard: chainer@cpu, keras-*.")
    layer: Text = Field(description="Name of the layer.")
    mistake: Text = Field(description="Its name in the catalogue of mistakes, e.g. epsilon; a wrong one is told them.")
    value: float | None = Field(None, description="Of the number that the mistake leaves open, e.g. 0.")
    words: str = Field("", description="Which one, where there are several of that name: words of its explanation.")


class Loosen(Model):
    """A bound of a layer that is loosened, on some targets. When that is no longer needed, it is an error."""

    layer: Text = Field(description="Name of a layer, or wildcard.")
    target: Text = Field("*", description="Target or wildcard: keras-*, onnxruntime@cpu.")
    case: Text = Field("*", description="Wildcard over the ids of a sweep's cases, the part in brackets.")
    factor: float | None = Field(None, gt=1, le=LOOSEST, description="Times what rounding allows the layer itself.")
    absolute: float | None = Field(
        None, gt=0, le=LARGEST, description="An error that the layer may make in any case, an exact one too."
    )
    reason: Text = Field(description="Why; the report prints it, and what is let through.")

    @model_validator(mode="after")
    def _one_measure(self) -> Loosen:
        if (self.factor is None) == (self.absolute is None):
            raise ValueError("give either factor or absolute")
        return self


def _kind_of_input(value: Any) -> str:
    return (
        "FileInput" if isinstance(value, FileInput) or (isinstance(value, dict) and "file" in value) else "RandomInput"
    )


Input = Annotated[
    Annotated[RandomInput, Tag("RandomInput")] | Annotated[FileInput, Tag("FileInput")], Discriminator(_kind_of_input)
]
"""The key file makes the difference, so that a message speaks of one of the two."""


class CaseFile(Model):
    """A case file: a small network, where its weights and inputs come from, and what to check."""

    description: Text = Field(description="What this case shows, for the report.")
    seed: int = Field(0, ge=0, description="Of everything that is drawn.")
    inputs: dict[str, Input] = Field(min_length=1, description="Input name → what it is.")
    layers: list[Any] = Field(
        min_length=1, max_length=5000, description="In order; each reads the one before unless it says from."
    )
    outputs: list[Text] | None = Field(
        None, min_length=1, description="Tensors that are the result; the last layer by default."
    )
    weights: Weights | None = Field(None, description="Drawn at random by default.")
    sweep: Sweep | None = Field(None, description="Makes one file many cases.")
    targets: list[Text] | None = Field(
        None, min_length=1, description="Targets or wildcards it runs on; all by default."
    )
    expect: list[Expect] = Field(default_factory=list, description="Known failures.")
    loosen: list[Loosen] = Field(default_factory=list, description="Bounds that are loosened, each with its reason.")
    mistakes: list[Committed] = Field(
        default_factory=list, description="What targets do wrong on purpose; expect says that it is found."
    )
    before: bool = Field(
        False,
        description="Also run each framework on its own initial values, to show the difference "
        "before the weights are copied.",
    )
    probe: bool = Field(
        False,
        description="Also run each layer by itself, on inputs of its own that show a wrong weight or parameter.",
    )
    weak: Text | None = Field(
        None,
        description="Why fewer than 95% of the weights would be noticed, were they 1% wrong; the report prints it.",
    )
    timeout: float = Field(60.0, gt=0, le=3600, description="Seconds a target may take.")
