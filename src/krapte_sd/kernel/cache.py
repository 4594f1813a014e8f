"""Compiles generated source and keeps the compiled code on disk.

The source is written to a file of the user's cache directory, named by a checksum
of the source and of the versions that matter, and imported from there, so that
numba finds its own cache beside it: a second process starts in a fraction of the
time. The directory is that of `platformdirs`, or the one in the environment
variable ``KRAPTE_SD_CACHE``.
"""

from __future__ import annotations

import gc
import hashlib
import importlib.util
import logging
import os
import sys
import tempfile
import threading
from pathlib import Path
from types import ModuleType

__all__ = ["cache_directory", "load"]

_log = logging.getLogger(__name__)


def cache_directory() -> Path:
    """Directory of the compiled kernels (it need not exist yet)."""
    chosen = os.environ.get("KRAPTE_SD_CACHE")
    if chosen:
        return Path(chosen).expanduser() / "kernels"
    import platformdirs

    return Path(platformdirs.user_cache_dir("krapte_sd", appauthor=False)) / "kernels"


_lock = threading.RLock()


def load(source: str) -> ModuleType:
    """Import a generated module, compiling what is not in the cache.

    Parameters
    ----------
    source : str
        Source of the module.

    Returns
    -------
    module
        The module with its compiled functions. If the cache directory cannot be
        written, the code is compiled for this process alone.
    """
    import numba
    import numpy as np

    called = b"".join(Path(__file__).with_name(name).read_bytes() for name in ("lanes.py", "sums.py"))
    versions = f"{numba.__version__} {np.__version__} {sys.version_info[:2]} {hashlib.sha256(called).hexdigest()}"
    name = "krapte_sd_kernel_" + hashlib.sha256(f"{versions}\n{source}".encode()).hexdigest()[:24]
    # A second thread that asks for the module while it is being made waits for the whole of it.
    with _lock:
        return sys.modules[name] if name in sys.modules else _made(name, source)


def _made(name: str, source: str) -> ModuleType:
    path = cache_directory() / f"{name}.py"
    try:
        _store(path, source)
    except OSError as error:
        _log.warning("compiled kernels are not kept: %s cannot be written (%s)", path.parent, error.strerror or error)
        module = ModuleType(name)
        code = compile(source.replace("cache=True", "cache=False"), f"<{name}>", "exec")
        sys.modules[name] = module
        _execute(module, lambda: exec(code, module.__dict__))
        return module
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:  # pragma: no cover - a .py file always has a loader
        raise ImportError(name)
    module = importlib.util.module_from_spec(spec)
    # numba finds cached functions again by the name of their module.
    sys.modules[name] = module
    loader = spec.loader
    _execute(module, lambda: loader.exec_module(module))
    return module


def _execute(module: ModuleType, action: object) -> None:
    # Compiling makes millions of objects that stay; to look for garbage among them takes a tenth of the time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        action()  # type: ignore[operator]
    except BaseException:
        sys.modules.pop(module.__name__, None)
        raise
    finally:
        if collecting:
            gc.enable()


def _store(path: Path, source: str) -> None:
    """Write the source atomically; leave an equal file alone, as numba's cache depends on its date."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        if path.read_text(encoding="utf-8") == source:
            if not os.access(path.parent, os.W_OK):
                raise PermissionError(13, "directory is not writable")
            return
    except (FileNotFoundError, UnicodeDecodeError):
        pass
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(source)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
