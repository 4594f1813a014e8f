"""One line of the validation: a figure of the model beside the one it is held against."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "THOUSAND", "Line", "absolute", "relative", "scaled", "table_of"]

COLUMNS: Final = ("group", "line", "model", "reference", "deviation", "allowed", "unit", "ok")
THOUSAND: Final = "thousand persons"


@dataclass(frozen=True)
class Line:
    """One comparison.

    Attributes
    ----------
    group, line : str
        What is compared.
    model, reference : float
        Both in `unit`.
    deviation : float
        Model minus reference, in the measure of `allowed`.
    allowed : str
        Limit of the size of the deviation, with its measure.
    unit : str
        Unit of `model` and `reference`.
    ok : bool
        Whether the deviation is within the limit; a deviation that is no number is not.
    """

    group: str
    line: str
    model: float
    reference: float
    deviation: float
    allowed: str
    unit: str
    ok: bool


def relative(group: str, line: str, model: float, reference: float, limit: float, unit: str) -> Line:
    """Compare by the deviation in % of the reference; `limit` in %."""
    deviation = 100 * (model / reference - 1) if reference else float("nan")
    return Line(group, line, model, reference, deviation, f"{limit:g} %", unit, abs(deviation) <= limit)


def absolute(group: str, line: str, model: float, reference: float, limit: float, unit: str, measure: str = "") -> Line:
    """Compare by the difference; `limit` in `unit` (named `measure` if that reads better)."""
    deviation = model - reference
    return Line(group, line, model, reference, deviation, f"{limit:g} {measure or unit}", unit, abs(deviation) <= limit)


def scaled(
    group: str, line: str, model: float, reference: float, scale: tuple[float, str], limit: float, unit: str
) -> Line:
    """Compare by the difference in % of another figure, for a quantity that may be zero; `scale` has its name."""
    deviation = 100 * (model - reference) / scale[0] if scale[0] else float("nan")
    return Line(group, line, model, reference, deviation, f"{limit:g} % of {scale[1]}", unit, abs(deviation) <= limit)


def table_of(lines: Iterable[Line]) -> pd.DataFrame:
    """Make the table.

    Parameters
    ----------
    lines : iterable of Line
        In the order wanted.

    Returns
    -------
    pandas.DataFrame
        With the columns `COLUMNS`.
    """
    import pandas as pd

    rows = [tuple(getattr(each, column) for column in COLUMNS) for each in lines]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype({"ok": bool})
