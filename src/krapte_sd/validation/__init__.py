"""The model against what has been published: one table, one line per figure.

`validate` runs the shipped baseline and the population variants and compares them with the figures in
``parameters/observations`` and ``parameters/demography_sources.csv``. What is allowed is written in this package
beside each line, never fitted. Lines of the group ``start`` and ``transitions`` repeat what the base year was built
from: they show that the build kept it. Lines of the group ``later`` compare with figures of after the base year, of
which the build uses one: the unemployed of the end of 2024.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from krapte_sd.parameters.division import COUNTRY
from krapte_sd.validation.lines import COLUMNS, Line, table_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "Line", "validate"]


def validate(regions: str = "nl") -> pd.DataFrame:
    """Compare the baseline with published figures and check its accounts.

    Parameters
    ----------
    regions : {"nl", "province", "arbeidsmarktregio"}
        Division of the country. With regions the lines are about what regions add: sums, accounts, figures by
        region, and the same results as in the run of the country.

    Returns
    -------
    pandas.DataFrame
        One row per line, with `group`, `line`, `model` and `reference` (both in `unit`), `deviation` (in the measure
        that `allowed` names: % of the reference, or absolute), `allowed` and `ok` (bool).

    Raises
    ------
    ParameterError
        If a published figure that a line needs is missing, or there is no such division.
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
    from krapte_sd.validation import regions as regional
    from krapte_sd.validation.evidence import Evidence

    if regions != COUNTRY:
        return table_of(regional.lines(regional.RegionalEvidence(regions)))
    evidence = Evidence()
    return table_of(
        [
            *population.lines(evidence),
            *labour.lines(evidence),
            *first_month.lines(evidence),
            *balance.lines(evidence),
        ]
    )
