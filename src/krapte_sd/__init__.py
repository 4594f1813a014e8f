"""krapte_sd: an open system-dynamics model of the Dutch labour shortage to 2050.

The public names are loaded when they are first used, so that importing the package stays cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# Two public functions share their name with a package. The import system binds a package to its parent when it is
# first loaded; loaded here, before the functions are defined, it can never replace them later.
import_module("krapte_sd.parameters")
import_module("krapte_sd.scenarios")

if TYPE_CHECKING:
    import pandas as pd

    from krapte_sd.analysis.comparison import compare
    from krapte_sd.analysis.decomposition import decompose
    from krapte_sd.analysis.knockout import knockout
    from krapte_sd.analysis.loops import loops
    from krapte_sd.analysis.openings import job_openings
    from krapte_sd.files import open_forecast, write_forecast
    from krapte_sd.forecast import run, variables
    from krapte_sd.packages import attribute, find_package
    from krapte_sd.scenarios import policies, populations
    from krapte_sd.simulation import load_model
    from krapte_sd.validation import validate

_WHERE = {
    "decompose": ("krapte_sd.analysis.decomposition", "decompose"),
    "attribute": ("krapte_sd.packages", "attribute"),
    "compare": ("krapte_sd.analysis.comparison", "compare"),
    "find_package": ("krapte_sd.packages", "find_package"),
    "job_openings": ("krapte_sd.analysis.openings", "job_openings"),
    "knockout": ("krapte_sd.analysis.knockout", "knockout"),
    "load_model": ("krapte_sd.simulation", "load_model"),
    "loops": ("krapte_sd.analysis.loops", "loops"),
    "open_forecast": ("krapte_sd.files", "open_forecast"),
    "policies": ("krapte_sd.scenarios", "policies"),
    "populations": ("krapte_sd.scenarios", "populations"),
    "run": ("krapte_sd.forecast", "run"),
    "validate": ("krapte_sd.validation", "validate"),
    "variables": ("krapte_sd.forecast", "variables"),
    "write_forecast": ("krapte_sd.files", "write_forecast"),
}

__all__ = [
    "attribute",
    "compare",
    "decompose",
    "find_package",
    "job_openings",
    "knockout",
    "load_model",
    "loops",
    "open_forecast",
    "parameters",
    "policies",
    "populations",
    "run",
    "scenarios",
    "validate",
    "variables",
    "write_forecast",
]


def parameters() -> pd.DataFrame:
    """List the shipped parameters.

    Returns
    -------
    pandas.DataFrame
        One row a parameter: name, unit, dimensions, number of values, statuses, sources and definition.

    Examples
    --------
    >>> import krapte_sd as ks
    >>> bool((ks.parameters()["unit"] != "").all())
    True
    """
    table: pd.DataFrame = import_module("krapte_sd.simulation").load_model().parameters.table()
    return table


def scenarios() -> pd.DataFrame:
    """List the shipped scenarios.

    Returns
    -------
    pandas.DataFrame
        Columns name, title, title_nl, population, economy, tasks, technology, policies, description.

    Examples
    --------
    >>> import krapte_sd as ks
    >>> "baseline" in ks.scenarios()["name"].tolist()
    True
    """
    table: pd.DataFrame = import_module("krapte_sd.scenarios.scenario").scenario_table()
    return table


def __getattr__(name: str) -> Any:
    """Load a public name from its module."""
    if name not in _WHERE:
        raise AttributeError(f"module 'krapte_sd' has no attribute '{name}'")
    module, attribute = _WHERE[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted(__all__)
