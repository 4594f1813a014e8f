"""Replacing a file in one step: readers see the old file or the new one, never a part.

The new bytes go to a temporary file beside the target, are brought to the disk,
read back and compared, and only then take the target's place. A process killed
at any moment leaves the target whole; what it leaves beside it is removed by the
next write to the same target.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from krapte_sd.errors import FileError

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows, where an open file cannot be deleted anyway
    fcntl = None  # type: ignore[assignment]

__all__ = ["check_target", "replace_file"]

_PIECE = 1 << 22  # bytes handed to one write(): a kill or a full disk is noticed in between

_REMEDIES = {
    errno.ENOSPC: "free some space on the disk and write again",
    errno.EDQUOT: "free some space in your quota and write again",
    errno.EACCES: "check the permissions of the folder, or write somewhere else",
    errno.EPERM: "check the permissions of the folder, or write somewhere else",
    errno.EROFS: "the file system is read-only; write somewhere else",
    errno.ENOENT: "make the folder first, or correct the path",
    errno.ENOTDIR: "a part of the path is a file; correct the path",
    errno.EISDIR: "give the name of a file, not of a folder",
    errno.ENAMETOOLONG: "give the file a shorter name",
    errno.ELOOP: "the path is a circle of symbolic links; correct it",
}


def replace_file(path: str | os.PathLike[str], *data: bytes | memoryview, durable: bool = True) -> None:
    """Put `data` at `path` in one step.

    Parameters
    ----------
    path : str or path-like
        The file to make or to replace. Its folder must exist. A symbolic link is
        followed: the file behind it is replaced and the link stays.
    *data : bytes or memoryview of bytes
        The whole new content, in pieces.
    durable : bool
        Force it onto the disk and read it back. Without, a power cut may spoil it: for files that are checked by
        whoever reads them.

    Raises
    ------
    FileError
        If the file cannot be written. The old file is untouched then and no
        temporary file is left.
    """
    target = check_target(path)
    try:
        _sweep(target)
        _write_and_replace(target, data, durable)
    except OSError as error:
        if isinstance(error, FileError):
            raise
        raise FileError(_explain(path, "cannot be written", error)) from error


def check_target(path: str | os.PathLike[str]) -> Path:
    """Check that a file can be written at `path`, before the work that fills it.

    Parameters
    ----------
    path : str or path-like
        The file that is going to be written.

    Returns
    -------
    pathlib.Path
        The real place of the file, symbolic links followed.

    Raises
    ------
    FileError
        If the folder is missing or not writable, or if there is something at
        `path` that is not a regular file.
    """
    try:
        target = Path(path).resolve()
        found = target.stat() if target.exists() else None
        folder = target.parent.stat()
    except (OSError, RuntimeError, ValueError) as error:
        raise FileError(_explain(path, "cannot be written", error)) from error
    if found is not None and not stat.S_ISREG(found.st_mode):
        what = "a folder" if stat.S_ISDIR(found.st_mode) else "not a regular file"
        raise FileError(f"{path}: cannot be written: it is {what}; give the name of a file")
    if not stat.S_ISDIR(folder.st_mode):
        raise FileError(f"{path}: cannot be written: {target.parent} is not a folder; correct the path")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise FileError(f"{path}: cannot be written: no permission in {target.parent}; write somewhere else")
    return target


def read_whole(path: str | os.PathLike[str]) -> bytes:
    """Read a regular file; never wait for a pipe or a device.

    Raises
    ------
    FileError
        If there is no such file, or it is no regular one.
    """
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode) and not Path(path).is_dir():
            raise FileError(f"{path}: cannot be read: it is not a regular file; give the name of a file")
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        if isinstance(error, FileError):
            raise
        raise explain_reading(path, error) from error


def explain_reading(path: str | os.PathLike[str], error: Exception) -> FileError:
    """Make the `FileError` for a file that the system would not let us read."""
    return FileError(_explain(path, "cannot be read", error))


def explain_writing(path: str | os.PathLike[str], error: Exception) -> FileError:
    """Make the `FileError` for a file that could not be written."""
    return FileError(_explain(path, "cannot be written", error))


def _explain(path: str | os.PathLike[str], what: str, error: Exception) -> str:
    number = getattr(error, "errno", None)
    reason = os.strerror(number) if number else (str(error) or type(error).__name__)
    remedy = _REMEDIES.get(number or 0, "check the disk and the path, then try again")
    return f"{os.fspath(path)!s}: {what}: {reason}; {remedy}"


def _write_and_replace(target: Path, data: Sequence[bytes | memoryview], durable: bool) -> None:
    descriptor, part = _new_part(target)
    try:
        try:
            if target.exists():
                os.chmod(part, stat.S_IMODE(target.stat().st_mode))  # noqa: PTH101 - same call as below
            for each in data:
                view = memoryview(each)
                while view:
                    view = view[os.write(descriptor, view[:_PIECE]) :]
            if durable:
                os.fsync(descriptor)
                if not _holds(part, data):
                    raise FileError(
                        f"{target}: cannot be written: what was read back differs from what was written; check the disk"
                    )
            part.replace(target)
        finally:
            # Closed only now: the lock on it tells other processes that this part is in use.
            os.close(descriptor)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    if durable:
        _sync_folder(target.parent)


def _holds(part: Path, data: Sequence[bytes | memoryview]) -> bool:
    """Read a file back and compare it."""
    with part.open("rb") as file:
        for each in data:
            view = memoryview(each)
            for first in range(0, len(view), _PIECE):
                piece = view[first : first + _PIECE]
                if file.read(len(piece)) != piece.tobytes():  # views are compared number by number
                    return False
        return not file.read(1)


def _new_part(target: Path) -> tuple[int, Path]:
    """Make and lock a temporary file of our own beside the target."""
    while True:
        part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        if fcntl is None:
            return descriptor, part
        # Another process may sweep the file between its making and its locking; then make another.
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if part.stat().st_ino == os.fstat(descriptor).st_ino:
                return descriptor, part
        except (BlockingIOError, FileNotFoundError):
            pass
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL):
                os.close(descriptor)
                part.unlink(missing_ok=True)
                raise
            return descriptor, part  # no locks on this file system: nothing is swept there either
        os.close(descriptor)


def _parts(target: Path) -> Iterator[Path]:
    start, end = f".{target.name}.", ".part"
    for each in target.parent.iterdir():
        token = each.name[len(start) : -len(end)]
        if each.name.startswith(start) and each.name.endswith(end) and len(token) == 8:
            yield each


def _sweep(target: Path) -> None:
    """Remove what killed writes to this target left: the parts that no living process has locked."""
    for part in _parts(target):
        with contextlib.suppress(OSError):
            if fcntl is None:
                part.unlink()
                continue
            descriptor = os.open(part, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                part.unlink()
            finally:
                os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """Bring the new name to the disk; not every system can do that, and the file itself is safe already."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
