"""The vocabularies of the parameter tables: dimensions, codes, statuses."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final

__all__ = [
    "CODE",
    "COLUMNS_AFTER",
    "DIMENSIONS",
    "DISTRIBUTIONS",
    "FIRST_YEAR",
    "FIXED_CODES",
    "HIGHEST_AGE",
    "LAST_YEAR",
    "LOWEST_AGE",
    "NAME",
    "STATUSES",
]

# The dimension columns a table may have, in the order in which they stand.
DIMENSIONS: Final = (
    *("region", "workplace", "sector", "sex", "age", "task", "driver", "migrant_group", "permit_cohort", "variant"),
)
COLUMNS_AFTER: Final = ("year", "value", "low", "high", "distribution", "status", "source")

STATUSES: Final = ("observed", "official_projection", "estimated", "literature", "assumed", "unknown")
DISTRIBUTIONS: Final = ("", "constant", "uniform", "loguniform", "triangular", "normal", "lognormal", "beta")

# Codes that are the same in every theme. A theme adds its own (tasks, drivers, variants, a finer
# regional division) under `codes` in its metadata file.
FIXED_CODES: Final = MappingProxyType(
    {
        "region": ("NL",),
        "sector": tuple("ABCDEFGHIJKLMNOPQRS"),  # sections of SBI 2008 (NACE Rev. 2)
        "sex": ("female", "male"),
    }
)

LOWEST_AGE: Final = -1  # the children who will be born in the course of the year
HIGHEST_AGE: Final = 100  # one hundred and over
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2200

NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")
CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-]*\Z", re.ASCII)
