"""Commands of the command line that are not in `krapte_sd.cli` itself."""

from krapte_sd.errors import KrapteError

__all__ = ["BadCallError"]


class BadCallError(KrapteError, ValueError):
    """The command line itself is wrong."""
