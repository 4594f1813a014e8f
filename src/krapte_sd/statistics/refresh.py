"""Comparing what an office publishes now with the shipped figures, figure by figure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from krapte_sd.errors import FileError, ParameterError
from krapte_sd.parameters.problems import listed
from krapte_sd.statistics.answers import Row, rows_of
from krapte_sd.statistics.client import Connection, connect
from krapte_sd.statistics.content import DIMENSIONS, Key, Keys, folder_of, read_content, shown
from krapte_sd.statistics.declared import PERIOD, Figures, Table, declared

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["STATUSES", "difference", "fetch", "tables"]

STATUSES: Final = ("same", "changed", "new", "withdrawn", "incomplete")
"""What `difference` says of a figure."""

_PERIODS: Final = {
    "year": (re.compile(r"([0-9]{4})(?:JJ00)?\Z"), "{0}"),
    "quarter": (re.compile(r"([0-9]{4})(?:KW0|-Q)([1-4])\Z"), "{0}Q{1}"),
    "december": (re.compile(r"([0-9]{4})(?:JJ00)?\Z"), "{0}-12"),
}
_MOST_WITHDRAWN: Final = 0.1
_LIKELY: Final = (0.2, 5.0)


def tables() -> pd.DataFrame:
    """List which figures can be refreshed.

    Returns
    -------
    pandas.DataFrame
        `parameter`, `file`, `office`, `table`, `title`, `column`; one row for each parameter or series.

    Examples
    --------
    >>> known = tables()
    >>> known.loc[known["parameter"] == "open_vacancies", "table"].item()
    '80472ned'
    """
    import pandas as pd

    known = declared()
    return pd.DataFrame(
        [
            (name, each.file, known.offices[table.office].name, table.table, table.title, each.column)
            for table in known.tables.values()
            for name, each in table.figures.items()
        ],
        columns=["parameter", "file", "office", "table", "title", "column"],
    )


def fetch(
    table: str,
    *,
    url: str | None = None,
    timeout: float = 30.0,
    fresh: bool = False,
    cache: str | Path | None = None,
    max_age: float = 86_400.0,
) -> pd.DataFrame:
    """Ask an office for a table.

    Parameters
    ----------
    table : str
        Key of the table, such as ``cbs_80472ned`` (the keys are those of the sources of the parameters).
    url : str, optional
        Scheme and host of another server that has the same paths, such as ``http://localhost:8000``.
    timeout : float, optional
        Seconds the office may be silent.
    fresh : bool, optional
        Ask even if there is a young answer in the cache.
    cache : path-like, optional
        File of the cache; default: in the user's folder of caches.
    max_age : float, optional
        Seconds for which an answer in the cache is used; default: a day.

    Returns
    -------
    pandas.DataFrame
        `parameter`, `region`, `sector`, `sex`, `age`, `period` and `value` in the unit of our parameter; NaN where the
        office has no figure. One row for each figure that is declared for the table.

    Raises
    ------
    FileError
        If there is no connection or no answer in time, the office refuses, or the answer is incomplete, empty or not as
        declared: a column is gone, text stands where a number belongs.
    ParameterError
        If the table is unknown, or the extra ``statistics`` is not installed.
    """
    import pandas as pd

    known = declared()
    wanted = known.table(table)
    office = known.offices[wanted.office]
    place = office.url if url is None else _moved(office.url, url)
    options = {"timeout": timeout, "fresh": fresh, "cache": cache, "max_age": max_age}
    with _connected(options) as connection:
        rows = list(rows_of(connection, office, wanted, place))
        where = f"{office.name}, table {wanted.table}"
        if not rows:
            raise FileError(f"{where}: the answer is empty; nothing was changed")
        found: list[tuple[str, ...]] = []
        values: list[float | None] = []
        for name, figures in wanted.figures.items():
            cells = _cells(rows, wanted, figures, known.codes, f"{where}, '{name}'")
            found += [(name, *key) for key in cells]
            values += list(cells.values())
    frame = pd.DataFrame(found, columns=["parameter", *DIMENSIONS], dtype=object)
    frame["value"] = pd.Series(values, dtype=float)
    return frame


def _connected(options: Mapping[str, Any]) -> AbstractContextManager[Connection]:
    """Open a session with the options of `fetch`."""
    cache = options.get("cache")
    return connect(
        options.get("timeout", 30.0),
        options.get("fresh", False),
        None if cache is None else Path(cache),
        options.get("max_age", 86_400.0),
    )


def _moved(address: str, server: str) -> str:
    """Put the scheme and host of one address before the path of the other."""
    parts = urlsplit(server)
    try:
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good or parts.path.strip("/") or parts.query or parts.fragment:
        raise ParameterError(f"not the address of a server: '{server}'; give scheme and host, http://localhost:8000")
    return urlsplit(address)._replace(scheme=parts.scheme, netloc=parts.netloc).geturl()


def _cells(
    rows: Iterable[Row], table: Table, figures: Figures, codes: Mapping[str, Mapping[str, str]], where: str
) -> dict[Key, float | None]:
    """Turn the rows of an answer into figures of one parameter."""
    pattern, shape = _PERIODS[figures.period]
    lists = {name: codes[key] for name, key in table.codes.items()}
    found: dict[Key, float | None] = {}
    for row in rows:
        if any(row[column] != code for column, code in figures.where.items()):
            continue
        place = dict.fromkeys(DIMENSIONS, "") | dict(table.fixed)
        for column, dimension in table.columns.items():
            if dimension == PERIOD:
                fits = pattern.match(row[column])
                place[PERIOD] = shape.format(*fits.groups()) if fits else ""
            elif dimension:
                place[dimension] = lists[dimension].get(row[column], "")
        if any(dimension and not place[dimension] for dimension in table.columns.values()):
            continue  # another kind of period, or a code that is not ours
        key = tuple(place[name] for name in DIMENSIONS)
        if key in found:
            raise FileError(f"{where}: two figures for {shown(key)}; nothing was changed")
        value = row[figures.column]
        found[key] = None if value is None else float(f"{value * figures.factor:.10g}")
    if not any(value is not None for value in found.values()):
        raise FileError(f"{where}: the answer has no figure; nothing was changed")
    return found


def difference(parameter: str, *, folder: str | Path | None = None, **options: Any) -> pd.DataFrame:
    """Compare the figures of a parameter or series with what the office publishes now.

    Parameters
    ----------
    parameter : str
        A name out of `tables`.
    folder : path-like, optional
        Folder of parameters to compare with; default: the one that ships with the library.
    **options
        Of `fetch`: `url`, `timeout`, `fresh`, `cache`, `max_age`.

    Returns
    -------
    pandas.DataFrame
        `parameter`, `region`, `sector`, `sex`, `age`, `period`, `shipped`, `found`, `difference` (found less shipped)
        and `status`: ``same``, ``changed``, ``new`` (from the first shipped period on), ``withdrawn`` (the office has
        the row without a figure now) or ``incomplete`` (new, in a period that lacks figures all others have).

    Raises
    ------
    FileError
        As `fetch`; also if shipped figures are missing from the answer, or its figures are of another magnitude, so
        that the unit of the table seems to have changed.
    ParameterError
        If no table is declared for the parameter.
    """
    known = declared()
    key = known.home_of(parameter)
    figures = known.tables[key].figures[parameter]
    content = read_content(folder_of(folder), figures.file)
    shipped = content.of(parameter, Keys(figures.sources, key))
    others = {content.key(row) for row in content.rows if row[0] == parameter} - set(shipped)
    if not shipped:
        raise ParameterError(f"'{parameter}': {figures.file}.csv has no figure from {', '.join(figures.sources)}")
    answer = fetch(key, **options)
    answer = answer[answer["parameter"] == parameter]
    found = dict(zip(answer[list(DIMENSIONS)].itertuples(index=False, name=None), answer["value"], strict=True))
    # A figure that we have from elsewhere is not the business of this table.
    found = {each: value for each, value in found.items() if each not in others}
    try:
        return _compared(parameter, shipped, found)
    except FileError:
        # Else the same bad answer would come out of the cache for a day.
        with _connected(options) as connection:
            connection.forget_all()
        raise


def _compared(parameter: str, shipped: Mapping[Key, str], found: Mapping[Key, float]) -> pd.DataFrame:
    import pandas as pd

    missing = [key for key in shipped if key not in found]
    if missing:
        periods = sorted({key[-1] for key in missing})
        raise FileError(
            f"'{parameter}': the answer is incomplete: {len(missing)} of {len(shipped)} shipped figures are missing, "
            f"of {listed(periods)}, such as {shown(missing[0])}; nothing was changed"
        )
    first = min(key[-1] for key in shipped)
    everywhere = {key[:-1] for key in shipped}
    whole = {period for period in {key[-1] for key in found} if all((*each, period) in found for each in everywhere)}
    rows = []
    for key in sorted({*shipped, *(key for key in found if key[-1] >= first)}):
        old = float(shipped[key]) if key in shipped else float("nan")
        new = found[key]
        if key not in shipped:
            if new != new:
                continue
            old_period = any(key[-1] == each[-1] for each in shipped)
            status = "new" if old_period or key[-1] in whole else "incomplete"
        else:
            status = "withdrawn" if new != new else "same" if f"{new:.10g}" == f"{old:.10g}" else "changed"
        rows.append((parameter, *key, old, new, new - old, status))
    frame = pd.DataFrame(rows, columns=["parameter", *DIMENSIONS, "shipped", "found", "difference", "status"])
    withdrawn = int((frame["status"] == "withdrawn").sum())
    if withdrawn > _MOST_WITHDRAWN * len(shipped):
        what = f"{withdrawn} of {len(shipped)} shipped figures have no value now"
        raise FileError(f"'{parameter}': the answer is incomplete: {what}; nothing was changed")
    both = frame[frame["status"].isin(["same", "changed"])]
    total = float(both["shipped"].abs().sum())
    ratio = float(both["found"].abs().sum()) / total if total else 1.0
    if not _LIKELY[0] <= ratio <= _LIKELY[1]:
        what = f"the figures are {ratio:.3g} times those shipped; has the unit of the table changed?"
        raise FileError(f"'{parameter}': {what} nothing was changed; compare parameters/statistics/tables.yaml")
    return frame
