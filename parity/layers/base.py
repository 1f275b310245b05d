"""What a layer is: its parameters, shapes and weights, and the rules that say it in each dialect."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from parity.layers.mistake import HasMistakes
from parity.layers.spec import Spec, Weight
from parity.layout import LayoutMap, Place

Layout = str | tuple[str, ...] | Callable[[str], str]
"""Where a weight goes: ``"target: pattern"``, several of them, or a function from the weight's axes to the one."""


@dataclass(frozen=True)
class Rule:
    """How a layer is said in one dialect, and where its weights and axes go there."""

    fn: Callable[..., Any]
    when: Callable[[Any], bool] | None
    layouts: Mapping[str, Layout]
    x: str = ""
    y: str = ""
    c: float = 0.0


@dataclass(frozen=True)
class Gap:
    """A declared gap: this dialect (or engine) cannot say this layer, when, and why."""

    when: Callable[[Any], bool] | None
    why: str


@dataclass(frozen=True)
class Layer(HasMistakes):
    """Base of all layers. A subclass is registered under its class name, unless it is abstract."""

    registry: ClassVar[dict[str, type[Layer]]] = {}
    inputs: ClassVar[tuple[str, ...]] = ("x",)
    """Names of the inputs; a trailing ``"*"`` takes any number, at least two. A property where parameters decide."""
    output_names: ClassVar[tuple[str, ...]] = ("y",)
    """Names of the outputs; the first is the layer itself. A property where parameters decide."""
    kinds: ClassVar[tuple[str, ...]] = ("f",)
    """For each input the kinds of dtype it may have, of f (floats), i (integers) and b (booleans); the last one serves
    all further inputs. A property where parameters decide."""
    domain: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    """Open interval from which tests and calibration draw float inputs."""
    independent: ClassVar[bool] = False
    """One output sums many inputs, and ``carry`` takes their errors as independent of each other."""
    absorbs: ClassVar[bool] = False
    """Runtimes fold this layer into a linear layer before it, so there is no tap between the two."""
    rescales: ClassVar[bool] = False
    """A layer that ``absorbs`` and multiplies: the weights that it is folded into are rounded once more."""
    linear: ClassVar[bool] = False
    """A weighted sum, into which runtimes fold a following ``absorbs`` layer."""
    rules: ClassVar[dict[str, list[Rule]]] = {}
    gaps: ClassVar[dict[str, list[Gap]]] = {}
    defaults: ClassVar[dict[str, list[Mapping[str, Any]]]] = {}
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": False, "allow_inf_nan": False}

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        cls.rules, cls.gaps, cls.defaults, cls.own_mistakes = {}, {}, {}, []
        if not abstract:
            Layer.registry[cls.__name__] = cls

    def accepts(self, inputs: int) -> tuple[str, ...]:
        """``kinds`` for so many inputs."""
        return tuple(self.kinds[min(i, len(self.kinds) - 1)] for i in range(inputs))

    def infer(self, *x: Spec) -> tuple[Spec, ...]:
        """Shapes and dtypes of the outputs, one per ``output_names``. The default keeps the first input's.

        Raises:
            BadInput: the inputs do not fit; the message shows the arithmetic.
        """
        return (x[0],)

    def indices(self, *x: Spec) -> Mapping[int, int | range]:
        """Number of an input that holds indices → how many there are to choose from, 0 … that less 1, or which."""
        return {}

    def arithmetic(self, *x: Spec) -> str:
        """How the output sizes come about, for messages; empty where there is nothing to compute."""
        return ""

    def weights(self, *x: Spec) -> dict[str, Weight]:
        """Canonical name → weight, for inputs of these shapes."""
        return {}

    @classmethod
    def on(
        cls,
        dialect: str,
        *,
        when: Callable[[Any], bool] | None = None,
        x: str = "",
        y: str = "",
        c: float = 0.0,
        **layouts: Layout,
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Register a rule. Of several rules for one dialect the first whose ``when`` holds is taken.

        Args:
            dialect: numpy, magnitude, carry, effect, probe, operations, chainer, keras, onnx, or one from outside.
            when: a condition on the parameters.
            x: layout of the inputs the rule wants ("" takes any, "=" canonical), for dialects that move axes.
            y: layout of the outputs it gives ("" the same as the first input's).
            c: constant of the rounding bound, float32 (magnitude rules).
            layouts: canonical weight name → ``"target: pattern"``, several of them, or, where the pattern depends on
                the weight's axes, a function from those to it.
        """

        def register(fn: Callable[..., Any]) -> Callable[..., Any]:
            cls.rules.setdefault(dialect, []).append(Rule(fn, when, layouts, x, y, c))
            return fn

        return register

    @classmethod
    def unsupported(cls, dialect: str, *, why: str, when: Callable[[Any], bool] | None = None) -> None:
        """Declare a gap of a dialect, or of one engine by its name."""
        cls.gaps.setdefault(dialect, []).append(Gap(when, why))

    @classmethod
    def default(cls, dialect: str, **values: Any) -> None:
        """Declare what a framework does where nothing is said, in our parameters.

        For the pages about layers, and only where running the framework without the argument cannot tell, as where
        our rule goes another way than its users do. None: it has no such thing, and nothing to compare.
        """
        cls.defaults.setdefault(dialect, []).append(values)

    @classmethod
    def declared(cls, dialect: str) -> dict[str, Any]:
        """All of :meth:`default`; a subclass's own values count before its bases'."""
        return {k: v for values in reversed(cls._lookup("defaults", dialect)) for k, v in values.items()}

    @classmethod
    def _lookup(cls, table: str, key: str) -> list[Any]:
        return [r for base in cls.__mro__ if issubclass(base, Layer) for r in vars(base).get(table, {}).get(key, ())]

    def gap(self, *dialects: str) -> str | None:
        """Why this layer with these parameters cannot be said there; None where it can."""
        for dialect in dialects:
            for gap in self._lookup("gaps", dialect):
                if gap.when is None or gap.when(self):
                    return gap.why
        return None

    def rule(self, dialect: str) -> Rule:
        """The rule for these parameters.

        Raises:
            LookupError: there is none; the completeness test exists to prevent that.
        """
        for rule in self._lookup("rules", dialect):
            if rule.when is None or rule.when(self):
                return rule
        raise LookupError(f"{type(self).__name__} has no {dialect} rule for {self.parameters()}")

    def has(self, dialect: str) -> bool:
        """Whether there is a rule for these parameters."""
        return any(rule.when is None or rule.when(self) for rule in self._lookup("rules", dialect))

    @property
    def multiplies(self) -> bool:
        """Whether it sums products, by a rule of its own for how many; a layer made of others leaves that to them."""
        return self.rule("operations").fn is not _one_an_element

    def layouts(self, dialect: str) -> Mapping[str, Layout]:
        """Canonical weight name → ``"target: pattern"``, or several: those stated with the rule."""
        return self.rule(dialect).layouts

    def layout_map(self, dialect: str, weights: Mapping[str, Weight]) -> LayoutMap:
        """Where the weights go in this dialect. Places of weights that the layer does not have keep no pattern."""
        places = []
        for name, texts in self.layouts(dialect).items():
            if callable(texts):
                texts = texts(weights[name].axes if name in weights else "")
            for text in (texts,) if isinstance(texts, str) else texts:
                if name in weights:
                    places.append(Place.parse(name, weights[name].axes, text))
                else:
                    places.append(Place(name, "", text.partition(":")[0].strip(), ""))
        return LayoutMap(places)

    def parameters(self) -> dict[str, Any]:
        """Parameter name → value, as stated or by default."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def described(self) -> dict[str, Any]:
        """Name and parameters as JSON takes them, layers within it too; :meth:`of` reads it."""
        own = {k: v.described() if isinstance(v, Layer) else v for k, v in self.parameters().items()}
        return {"layer": type(self).__name__, **own}

    @staticmethod
    def of(described: Mapping[str, Any]) -> Layer:
        """The layer that :meth:`described` describes.

        Raises:
            BadInput: its parameters do not go together.
        """
        parameters = {k: _tuples(v) for k, v in described.items() if k != "layer"}
        return Layer.registry[described["layer"]](**parameters)

    @classmethod
    def takes(cls) -> str:
        """The accepted parameters, for messages."""
        return ", ".join(f.name for f in fields(cls)) or "no parameters"


@Layer.on("operations")
def _one_an_element(
    p, *x
):  # two for each product that is summed, in layers that sum products; all others do one an element
    return sum(math.prod(spec.shape) for spec in p.infer(*x))


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list | tuple) else value


@dataclass(frozen=True)
class Elementwise(Layer, abstract=True):
    """Base of layers that make one output element from one input element, any shape."""
