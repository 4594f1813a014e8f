"""The model against what has been published: one table, one line per figure.

`validate` runs the shipped baseline and the population variants and compares them with the figures in
``parameters/observations`` and ``parameters/demography_sources.csv``. What is allowed is written in this package
beside each line, never fitted. Lines of the group ``start`` and ``transitions`` repeat what the base year was built
from: they show that the build kept it. Lines of the group ``later`` compare with figures of after the base year, of
which the build uses one: the unemployed of the end of 2024.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from krapte_sd.validation.lines import COLUMNS, Line, table_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "Line", "validate"]


def validate() -> pd.DataFrame:
    """Compare the baseline with published figures and check its accounts.

    Returns
    -------
    pandas.DataFrame
        One row per line, with `group`, `line`, `model` and `reference` (both in `unit`), `deviation` (in the measure
        that `allowed` names: % of the reference, or absolute), `allowed` and `ok` (bool).

    Raises
    ------
    ParameterError
        If a published figure that a line needs is missing.
    BalanceError, SolverError
        If a run gives a negative stock or an output that is not finite.

    Examples
    --------
    >>> import krapte_sd as ks
    >>> table = ks.validate()
    >>> list(table.columns)
    ['group', 'line', 'model', 'reference', 'deviation', 'allowed', 'unit', 'ok']
    """
    from krapte_sd.validation import balance, first_month, labour, population
    from krapte_sd.validation.evidence import Evidence

    evidence = Evidence()
    return table_of(
        [
            *population.lines(evidence),
            *labour.lines(evidence),
            *first_month.lines(evidence),
            *balance.lines(evidence),
        ]
    )
