"""What is inside a netCDF file, as plain arrays, with a checksum over all of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["CHECKSUM", "Attribute", "Contents", "Variable"]

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
        digest = hashlib.sha256()

        def add(*pieces: str | bytes) -> None:
            for piece in pieces:
                raw = piece.encode("utf-8") if isinstance(piece, str) else piece
                # The length in front keeps ("ab", "c") apart from ("a", "bc").
                digest.update(len(raw).to_bytes(8, "little"))
                digest.update(raw)

        add("dimensions", str(len(self.sizes)))
        for name in sorted(self.sizes):
            add(name, str(self.sizes[name]))
        add("attributes", *_attribute_pieces({k: v for k, v in self.attrs.items() if k != CHECKSUM}))
        for name in sorted(self.variables):
            variable = self.variables[name]
            little = np.ascontiguousarray(variable.values, dtype=variable.values.dtype.newbyteorder("<"))
            add("variable", name, str(len(variable.dims)), *variable.dims, little.dtype.str, little.tobytes())
            add("attributes", *_attribute_pieces(variable.attrs))
        return digest.hexdigest()


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
