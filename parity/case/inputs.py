"""Inputs of a case that come from files: arrays and images, and what is done to them on the way in."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Literal

import einops
import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from parity.case.arrayfile import read_npy, read_npz
from parity.case.imagefile import SUFFIXES, read_image
from parity.errors import BadInput

LIMIT_ELEMENTS = 2**26
"""Elements of one array, 512 MiB in float64: 60,000 MNIST digits fit."""

Size = Annotated[int, Field(strict=True, ge=1)]
Row = Annotated[int, Field(strict=True, ge=0)]
Name = Annotated[str, Field(min_length=1)]
Number = Annotated[FiniteFloat, Field(strict=True)]
Channels = Annotated[tuple[Number, ...], Field(min_length=1)]
DType = Literal["float16", "float32", "float64", "int8", "uint8", "int32", "int64", "bool"]


class ImageConversion(BaseModel):
    """How the pixels of an image become numbers from 0 to 255, shape N C H W: mode, then resize, then crop."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Literal["gray", "RGB", "BGR", "RGBA"] = Field(
        description="Channels: gray (one, 0.299 R + 0.587 G + 0.114 B), RGB, BGR (for models from Caffe) or RGBA. "
        "Unless it is RGBA, alpha is dropped, not blended."
    )
    resize: tuple[Size, Size] | None = Field(
        None, description="[height, width] to resize to, whatever the proportions were; 'filter' says how."
    )
    filter: Literal["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"] | None = Field(
        None,
        description="How to resize: Pillow's filters. On shrinking, all but nearest take in every pixel of the source.",
    )
    crop: tuple[Size, Size] | None = Field(
        None,
        description="[height, width] of the middle to cut out, after resizing; begins at floor((size − crop) / 2).",
    )

    @model_validator(mode="after")
    def _resize_and_filter(self) -> ImageConversion:
        if (self.resize is None) != (self.filter is None):
            raise ValueError(
                "resize and filter go together: frameworks do not agree on a filter, so the case states it"
            )
        return self


class FileInput(BaseModel):
    """An input read from a file. In this order: read, select, rearrange, reshape, (x − mean) · scale, dtype, shape."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Name | Annotated[tuple[Name, ...], Field(min_length=1)] = Field(
        description="The file, relative to the case file's folder: .npy, .npz (with 'key'), or an image (with 'image'; "
        f"{', '.join(SUFFIXES)}). A list of images makes a batch; they must come out alike in height and width."
    )
    key: Name | None = Field(None, description="Which array of an .npz file.")
    image: ImageConversion | None = Field(None, description="How an image becomes an array N C H W, N being the files.")
    select: tuple[Row, Row] | None = Field(
        None,
        description="[start, stop]: the rows of the first axis to keep, from start to before stop, counted from 0.",
    )
    rearrange: str | None = Field(
        None,
        pattern="^[^>]+->[^>]+$",
        description="An einops pattern, e.g. 'n h w c -> n c h w' or 'n h w -> n 1 h w'.",
    )
    reshape: tuple[Size, ...] | None = Field(None, description="The shape to give to the elements, in C order.")
    mean: Number | Channels = Field(
        0.0, description="Subtracted, in float64: one number, or one for each channel (axis 1)."
    )
    scale: Number | Channels = Field(
        1.0, description="Multiplied after that, in float64: one number, or one for each channel (axis 1)."
    )
    dtype: DType = Field(
        "float32",
        description="Of the result. Floats are rounded; an integer or boolean type must hold every value exactly.",
    )
    shape: tuple[Size, ...] | None = Field(None, description="The shape that must come out; another one is an error.")

    @model_validator(mode="after")
    def _fields_suit_the_file(self) -> FileInput:
        for file in self.files:
            suffix = Path(file).suffix.lower()
            if suffix not in (".npy", ".npz", *SUFFIXES):
                raise ValueError(f"'{file}' ends in none of .npy, .npz, {', '.join(SUFFIXES)}")
            if (self.key is not None) != (suffix == ".npz"):
                raise ValueError("key says which array of an .npz file is meant: it goes with .npz, and .npz with it")
            if (self.image is not None) != (suffix in SUFFIXES):
                raise ValueError("image says how an image becomes an array: it goes with images, and images with it")
        if self.image is None and not isinstance(self.file, str):
            raise ValueError("a list of files is a batch of images; name one array file")
        if self.select and self.select[0] >= self.select[1]:
            raise ValueError(f"select {list(self.select)} keeps no row; it is [start, stop] with start < stop")
        return self

    @property
    def files(self) -> tuple[str, ...]:
        """The file or files."""
        return (self.file,) if isinstance(self.file, str) else self.file


def load_array(spec: FileInput, base: Path, *, limit_elements: int = LIMIT_ELEMENTS) -> np.ndarray:
    """The array that `spec` describes.

    Args:
        spec: the input.
        base: what relative paths are relative to: the folder of the case file.
        limit_elements: the most elements, in the file and on the way.

    Returns:
        C-contiguous, of spec.dtype. The arithmetic is NumPy's in float64, rounded once at the end, and skipped where it
        would change nothing, so that integers stay exact.

    Raises:
        BadInput: whatever keeps the array from being as described. The message names the file; the error's path is the
            field of `spec` (e.g. ``key``, ``image.crop``), to be put ``within`` the case file by the caller.
    """
    array = _read(spec, base, limit_elements)
    try:
        array = _arranged(array, spec)
        array = _cast(_normalised(array, spec.mean, spec.scale), array, np.dtype(spec.dtype))
        if spec.shape is not None and array.shape != spec.shape:
            raise BadInput(f"gives shape {list(array.shape)}; declared is {list(spec.shape)}", path="shape")
    except BadInput as error:
        more = f" and {len(spec.files) - 1} more" if len(spec.files) > 1 else ""
        raise BadInput(f"{base / spec.files[0]}{more}: {error.message}", path=error.path) from error
    return np.asarray(array, order="C")


def _read(spec: FileInput, base: Path, limit: int) -> np.ndarray:
    """What the file holds; of images a batch, N C H W."""
    parts: list[np.ndarray] = []
    for i, file in enumerate(spec.files):
        field = "file" if isinstance(spec.file, str) else f"file.{i}"
        try:
            parts.append(_one(base / file, spec, limit // len(spec.files)))
        except BadInput as error:
            raise error.within(path="" if error.path else field) from error
        if parts[i].shape != parts[0].shape:
            found = f"{base / file} comes out as C H W {list(parts[i].shape)}, {base / spec.files[0]} as"
            raise BadInput(f"{found} {list(parts[0].shape)}; a batch is of one size (see resize, crop)", path=field)
    return np.stack(parts) if spec.image else parts[0]


def _one(path: Path, spec: FileInput, limit: int) -> np.ndarray:
    if how := spec.image:
        resample = how.filter or "nearest"  # not looked at where nothing is resized
        return read_image(path, mode=how.mode, resize=how.resize, resample=resample, crop=how.crop, limit=limit)
    return read_npz(path, spec.key, limit=limit) if spec.key else read_npy(path, limit=limit)


def _arranged(array: np.ndarray, spec: FileInput) -> np.ndarray:
    """The same elements: select, rearrange, reshape."""
    if spec.select:
        start, stop = spec.select
        if array.ndim == 0 or stop > len(array):
            raise BadInput(f"shape is {list(array.shape)}; rows {start} to {stop} are not all there", path="select")
        array = array[start:stop]
    if spec.rearrange:
        try:
            array = einops.rearrange(array, spec.rearrange)
        except (einops.EinopsError, ValueError) as error:  # ValueError: more axes than NumPy has
            raise BadInput(f"'{spec.rearrange}': {' '.join(str(error).split())}", path="rearrange") from error
    if spec.reshape is not None:
        if math.prod(spec.reshape) != array.size:
            found = f"shape is {list(array.shape)}, {array.size:,} elements"
            raise BadInput(f"{found}; {list(spec.reshape)} would be {math.prod(spec.reshape):,}", path="reshape")
        array = array.reshape(spec.reshape)
    return array


def _normalised(array: np.ndarray, mean: float | tuple[float, ...], scale: float | tuple[float, ...]) -> np.ndarray:
    """(x − mean) · scale in float64; the array itself where that is x."""
    if mean == 0 and scale == 1:
        return array
    out = array.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):  # _cast() sees what overflowed
        out -= _along_channels(mean, array.shape, "mean")
        out *= _along_channels(scale, array.shape, "scale")
    return out


def _along_channels(value: float | tuple[float, ...], shape: tuple[int, ...], field: str) -> np.ndarray:
    """float64, of a shape that broadcasts along axis 1."""
    if not isinstance(value, tuple):
        return np.asarray(value, np.float64)
    if len(shape) < 2 or shape[1] != len(value):
        found = f"{len(value)} numbers for axis 1 of shape {list(shape)}"
        raise BadInput(f"{found}; one number is expected, or one for each channel", path=field)
    return np.asarray(value, np.float64).reshape(-1, *(1,) * (len(shape) - 2))


def _cast(values: np.ndarray, before: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """`values` in `dtype`; what was finite `before` stays finite, and integers and booleans hold what was there."""
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            out = values.astype(dtype)
        lost = np.isfinite(before) & ~np.isfinite(out)
        if lost.any():
            found = f"value {values[lost][0]} is beyond {dtype}"
            raise BadInput(f"{found}, whose largest is {np.finfo(dtype).max}", path="dtype")
        return out
    if values.dtype.kind == "f" and not (whole := values == np.rint(values)).all():  # NaN equals nothing
        raise BadInput(f"value {values[~whole][0]} is no whole number, as {dtype} needs", path="dtype")
    least, most = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    low, high = values.min().item(), values.max().item()  # Python's numbers: they compare exactly at 2^63 too
    if low < least or high > most:
        raise BadInput(f"values go from {low} to {high}; {dtype} holds {least} to {most}", path="dtype")
    return values.astype(dtype)
