"""Finding the equations and the numbers that ship with this library.

In a wheel they lie inside the package (``krapte_sd/_shipped``), in a checkout
at the root of the repository. This is the only place that knows.
"""

from __future__ import annotations

from pathlib import Path

from krapte_sd.errors import FileError

__all__ = ["models_folder", "parameters_folder"]

_PACKAGE = Path(__file__).resolve().parent.parent


def _shipped(name: str, package: Path = _PACKAGE) -> Path:
    """Return the folder `name` as shipped with the package that lies in `package`."""
    in_wheel = package / "_shipped" / name
    if in_wheel.is_dir():
        return in_wheel
    # `src/krapte_sd` -> the root; pyproject.toml beside it, so that a folder `models` that
    # happens to lie above site-packages is never taken for ours.
    root = package.parent.parent
    in_checkout = root / name
    if in_checkout.is_dir() and (root / "pyproject.toml").is_file():
        return in_checkout
    raise FileError(
        f"the folder '{name}' of krapte_sd was not found; looked in {in_wheel} and {in_checkout}; "
        "remedy: install the package again, or give the folder yourself"
    )


def models_folder() -> Path:
    """Return the folder with the equations, ``models/``.

    Returns
    -------
    pathlib.Path
        An existing folder; it holds ``krapte.mdl``.

    Raises
    ------
    FileError
        If the package was installed without its data.
    """
    return _shipped("models")


def parameters_folder() -> Path:
    """Return the folder with the numbers, ``parameters/``.

    Returns
    -------
    pathlib.Path
        An existing folder; it holds one table and one metadata file per theme.

    Raises
    ------
    FileError
        If the package was installed without its data.
    """
    return _shipped("parameters")
