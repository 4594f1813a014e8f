"""Derive the inputs of the population module from the carried-over figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tools.parameters.population_calibration import Calibrated, calibrate
from tools.parameters.population_metadata import metadata
from tools.parameters.population_schedules import AGES, SEXES, YEARS, Mortality, pchip
from tools.parameters.tables import Row, Table, read_table, rows_of, write_table

__all__ = ["derive"]

# The variants average over these calendar years; they part from the forecast after 2024, which is observed.
AVERAGED = np.arange(2023, 2050)
PARTING = 2025.0
FERTILE = np.arange(10, 55)

# A member has one future of migration: all its years lie equally far from the middle. The official interval of a late
# year holds as well what comes and goes within a few years and adds little to the population. The share of it that is
# drawn is calibrated, with the other ranges as they are, on the official 67% interval of the population in 2040 and
# 2050 (krapte_sd.uncertainty.population_intervals).
LASTING_YEARS = (2030, 2040)
LASTING_SHARE = (1.0, 0.4)


def derive(parameters: Path) -> None:
    """Write the table ``population``.

    Parameters
    ----------
    parameters : pathlib.Path
        Folder with the tables ``demography_sources`` and ``population_variants``.
    """
    sources = read_table(parameters, "demography_sources")
    found = calibrate(sources, read_table(parameters, "population_variants"))
    rows = [*_schedules(found), *_migration(found, sources), *_variant_shapes(sources)]
    write_table(parameters, "population", rows, metadata(found))


def _schedules(found: Calibrated) -> list[Row]:
    inputs, cells = found.inputs, {"source": "derived", "status": "estimated"}
    by_age_and_year = {"age": AGES, "year": YEARS}
    fertile = {"age": FERTILE, "year": YEARS}
    return [
        *rows_of(
            "initial_population",
            inputs.initial_population[None],
            {"region": ["NL"], "sex": SEXES, "age": AGES},
            source="base",
            status="estimated",
        ),
        *rows_of("mortality_rate", inputs.mortality_rate, {"sex": SEXES, **by_age_and_year}, **cells),
        *rows_of("emigration_rate", inputs.emigration_rate, {"sex": SEXES, **by_age_and_year}, **cells),
        *rows_of("fertility_rate", inputs.fertility_rate[FERTILE], fertile, **cells),
        *rows_of("share_of_births", inputs.share_of_births, {"sex": SEXES}, source="wpp2024", status="estimated"),
        *rows_of(
            "immigration_profile",
            inputs.immigration_profile,
            {"sex": SEXES, "age": range(-1, 101), "year": YEARS},
            **cells,
        ),
    ]


def _interval(sources: Table, side: str) -> np.ndarray:
    """Return how far one side of the 67% interval of net migration is from the forecast, by calendar year."""
    middle = sources.series("forecast_net_migration", "year")
    years = [2023, 2030, 2040, 2050, 2060]
    edge = [sources.one("forecast_net_migration", side, year=year) - middle[year] for year in years]
    return pchip(years, edge, YEARS)


def _migration(found: Calibrated, sources: Table) -> list[Row]:
    net = found.inputs.net_migration_assumed
    published = sources.series("forecast_net_migration", "year")
    lasting = np.interp(YEARS, LASTING_YEARS, LASTING_SHARE)
    low, high = (net + lasting * _interval(sources, side) for side in ("low", "high"))
    rows = []
    for at, year in enumerate(YEARS.tolist()):
        value = net[at]
        cells = {"low": low[at], "high": high[at], "source": "derived", "status": "estimated", "distribution": "normal"}
        if year == YEARS[0]:  # observed: no interval
            cells = {"low": value, "high": value, "source": "cbs_37230ned", "status": "observed"}
        elif year in published:
            cells |= {"source": "cbs_85746ned", "status": "official_projection"}
        rows.append(Row("net_migration_assumed", value, year=year, region="NL", **cells))
    return rows


def _variant_shapes(sources: Table) -> list[Row]:
    """Return the ramps along which variants part from the forecast (average over 2023-2049: one) and a pattern."""
    cells = {"source": "derived", "status": "assumed"}
    # Rates: a straight line on 1 Januaries, so that a calendar year has the mean of its two ends.
    line = np.clip(np.append(YEARS, YEARS[-1] + 1) - PARTING, 0, None)
    by_year = (line[1:] + line[:-1]) / 2
    rates = line[:-1] / (by_year[AVERAGED[-1] >= YEARS].sum() / AVERAGED.size)
    # Counts: as the width of the official interval of net migration grows after 2024.
    width = _interval(sources, "high") - _interval(sources, "low")
    grown = width - width[0]
    counts = grown / (grown[AVERAGED[-1] >= YEARS].sum() / AVERAGED.size)
    return [
        *rows_of("variant_ramp_rates", rates, {"year": YEARS}, **cells),
        *rows_of("variant_ramp_net_migration", counts, {"year": YEARS}, **cells),
        *rows_of(
            "mortality_decline_by_age",
            -Mortality(sources).decline,
            {"sex": SEXES, "age": AGES},
            source="wpp2024",
            status="official_projection",
        ),
    ]
