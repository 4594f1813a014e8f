"""What is inside a netCDF file, as plain arrays, with a checksum over all of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["CHECKSUM", "Attribute", "Contents", "Digest", "Variable"]

Attribute = str | list[str] | npt.NDArray[Any]
CHECKSUM = "content_sha256"


@dataclass
class Variable:
    """One variable as the file holds it: names of dimensions, raw values, attributes."""

    dims: tuple[str, ...]
    values: npt.NDArray[Any]
    attrs: dict[str, Attribute] = field(default_factory=dict)


@dataclass
class Contents:
    """Everything a file says: sizes of dimensions, variables, attributes of the whole."""

    sizes: dict[str, int]
    variables: dict[str, Variable]
    attrs: dict[str, Attribute]

    def checksum(self) -> str:
        """SHA-256 over every name, size, type, value and attribute, except over the checksum itself.

        It does not depend on compression, chunks or the order in the file, so
        a lossless rewrite by another program keeps it valid.

        Returns
        -------
        str
            64 hexadecimal digits.
        """
        digest = Digest(self)
        for name in sorted(self.variables):
            variable = self.variables[name]
            little = np.ascontiguousarray(variable.values, dtype=variable.values.dtype.newbyteorder("<"))
            digest.variable(name, variable.dims, little.dtype, little.nbytes)
            digest.values(little)
            digest.attributes(variable.attrs)
        return digest.hexdigest()


class Digest:
    """The SHA-256 of contents, for which the values may come piece by piece.

    Parameters
    ----------
    contents : Contents
        Sizes and attributes of the whole; its variables are added one after the other, sorted by name.
    """

    def __init__(self, contents: Contents) -> None:
        self._digest = hashlib.sha256()
        self._add("dimensions", str(len(contents.sizes)))
        for name in sorted(contents.sizes):
            self._add(name, str(contents.sizes[name]))
        self.attributes({k: v for k, v in contents.attrs.items() if k != CHECKSUM})

    def _add(self, *pieces: str | bytes) -> None:
        for piece in pieces:
            raw = piece.encode("utf-8") if isinstance(piece, str) else piece
            # The length in front keeps ("ab", "c") apart from ("a", "bc").
            self._digest.update(len(raw).to_bytes(8, "little"))
            self._digest.update(raw)

    def attributes(self, attrs: dict[str, Attribute]) -> None:
        """Add attributes."""
        self._add("attributes", *_attribute_pieces(attrs))

    def variable(self, name: str, dims: tuple[str, ...], dtype: np.dtype[Any], size: int) -> None:
        """Begin a variable; `size` is the number of bytes that `values` will get."""
        self._add("variable", name, str(len(dims)), *dims, dtype.newbyteorder("<").str)
        self._digest.update(size.to_bytes(8, "little"))

    def values(self, values: npt.NDArray[Any]) -> None:
        """Add values of the variable, or the next of them."""
        little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
        self._digest.update(little.tobytes())

    def hexdigest(self) -> str:
        """Give the 64 hexadecimal digits."""
        return self._digest.hexdigest()


def _attribute_pieces(attrs: dict[str, Attribute]) -> list[str | bytes]:
    pieces: list[str | bytes] = [str(len(attrs))]
    for name in sorted(attrs):
        value = attrs[name]
        pieces.append(name)
        if isinstance(value, str):
            pieces += ["text", value]
        elif isinstance(value, list):
            pieces += ["texts", str(len(value)), *value]
        else:
            little = np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("<"))
            pieces += [little.dtype.str, little.tobytes()]
    return pieces
