"""Blocks of members on disk, so that memory does not grow with members and a stopped ensemble goes on.

A folder holds one file for each block: its numbers, row by row, and the SHA-256 of them
behind. ``manifest.json`` says to which ensemble they belong. Each file is put in its
place in one step; a block that is missing or damaged is run again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from krapte_sd.errors import FileError
from krapte_sd.files import replace_file

__all__ = ["Parts"]

_log = logging.getLogger(__name__)
Floats = NDArray[np.float64]
_LITTLE = np.dtype("<f8")
_MANIFEST = "manifest.json"
_DIGEST = 32  # bytes


class Parts:
    """The blocks of one ensemble.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    manifest : mapping of str to str or number
        What the blocks depend on.
    rows : int
        Numbers for each member.
    members, chunk : int
        Members in all, and in a block.

    Raises
    ------
    FileError
        If the folder holds another ensemble, or something else.
    """

    def __init__(self, folder: Path, manifest: Mapping[str, Any], rows: int, members: int, chunk: int) -> None:
        self.folder = folder
        self.rows = rows
        self.members = members
        self.chunk = chunk
        self.count = -(-members // chunk)
        self._open({**manifest, "members": members, "chunk": chunk, "rows": rows})

    def _open(self, manifest: Mapping[str, Any]) -> None:
        path = self.folder / _MANIFEST
        try:
            self.folder.mkdir(exist_ok=True)
            found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
            if found is None and any(self.folder.iterdir()):
                raise FileError(f"{self.folder}: there are files of something else; remove the folder")
        except (OSError, ValueError) as error:
            if isinstance(error, FileError):
                raise
            raise FileError(f"{self.folder}: cannot be used for the members ({error}); remove it") from error
        if found is None:
            replace_file(path, (json.dumps(dict(manifest), indent=1, sort_keys=True) + "\n").encode())
            return
        if found != dict(manifest):
            keys = sorted({*manifest, *found} if isinstance(found, dict) else manifest)
            old = found if isinstance(found, dict) else {}
            differ = [
                f"{key}: {old.get(key)!s:.60} there, {manifest.get(key)!s:.60} now"
                for key in keys
                if old.get(key) != manifest.get(key)
            ]
            raise FileError.collect(
                f"{self.folder} holds a part of another ensemble; go on with its settings, or remove the folder", differ
            )

    def place(self, number: int) -> tuple[int, int]:
        """Give the first member of a block, and how many it has."""
        first = number * self.chunk
        return first, min(self.chunk, self.members - first)

    def missing(self) -> list[int]:
        """Give the blocks that must be run: those not there, and those damaged."""
        return [number for number in range(self.count) if not self._good(number)]

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.block"

    def _good(self, number: int) -> bool:
        path = self._path(number)
        size = self.rows * self.place(number)[1] * 8
        digest = hashlib.sha256()
        try:
            if path.stat().st_size != size + _DIGEST:
                _log.warning("%s has the wrong size; its members are run again", path)
                return False
            with path.open("rb") as file:
                while size:
                    piece = file.read(min(size, 1 << 22))
                    digest.update(piece)
                    size -= len(piece)
                if file.read() == digest.digest():
                    return True
        except FileNotFoundError:
            return False
        _log.warning("%s is damaged; its members are run again", path)
        return False

    def put(self, number: int, block: Floats) -> None:
        """Keep a block. Not forced onto the disk: what a power cut spoils is found by its checksum and run again."""
        data = np.ascontiguousarray(block, _LITTLE).data.cast("B")
        replace_file(self._path(number), data, hashlib.sha256(data).digest(), durable=False)

    def read(self, first: int, last: int, begin: int = 0, end: int | None = None) -> Floats:
        """Read some rows of some members.

        Parameters
        ----------
        first, last : int
            First row, and the one behind the last.
        begin, end : int, optional
            First member and the one behind the last; default: all.

        Returns
        -------
        numpy.ndarray of float64, shape (last - first, end - begin)
        """
        stop = self.members if end is None else end
        found = np.empty((last - first, stop - begin))
        for number in range(begin // self.chunk, -(-stop // self.chunk)):
            start, count = self.place(number)
            # Read, not mapped: pages of a map would count as memory of this process.
            piece = np.fromfile(self._path(number), _LITTLE, (last - first) * count, offset=first * count * 8)
            own = piece.reshape(last - first, count)[:, max(begin - start, 0) : stop - start]
            at = max(start, begin) - begin
            found[:, at : at + own.shape[1]] = own
        return found

    def remove(self) -> None:
        """Remove everything."""
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.folder)
