"""Writing a copy of the parameters with refreshed figures."""

from __future__ import annotations

import datetime
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from krapte_sd.errors import FileError, ParameterError, nearest
from krapte_sd.files.atomic import explain_writing
from krapte_sd.parameters.observations import read_observations
from krapte_sd.parameters.reading import read_parameters
from krapte_sd.statistics.content import (
    DIMENSIONS,
    Content,
    Key,
    Keys,
    folder_of,
    read_content,
    shown,
    write_rows,
    write_source,
)
from krapte_sd.statistics.declared import PERIOD, declared
from krapte_sd.statistics.refresh import STATUSES

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["replace"]


def replace(
    differences: pd.DataFrame,
    target: str | Path,
    *,
    folder: str | Path | None = None,
    day: datetime.date | None = None,
) -> dict[str, int]:
    """Write a copy of the parameters with refreshed figures; what ships with the library is never touched.

    Changed and new figures take the place of the old ones and get a source of their own that names the day. Figures
    that are withdrawn or incomplete stay as they were. The copy is read and checked as a whole before it appears under
    its name, in one step: there is either a complete folder or none.

    Parameters
    ----------
    differences : pandas.DataFrame
        One table of `difference`, or several below each other (`pandas.concat`).
    target : path-like
        The folder to make; it must not exist yet.
    folder : path-like, optional
        Folder of parameters to copy, the one that was compared with; default: the one that ships with the library.
    day : datetime.date, optional
        Day of the refresh; default: today.

    Returns
    -------
    dict of str to int
        Number of replaced and added figures by parameter or series.

    Raises
    ------
    FileError
        If the target exists or cannot be written. Nothing is left behind then.
    ParameterError
        If the table is not one of `difference`, does not fit the folder, or the copy would not be valid.
    """
    source, goal = folder_of(folder), Path(target)
    day = datetime.datetime.now(datetime.UTC).date() if day is None else day
    _check_differences(differences)
    if goal.exists() or goal.is_symlink():
        raise FileError(f"{goal}: there is something already; give the name of a new folder")
    if not goal.parent.is_dir():
        raise FileError(f"{goal}: cannot be written: {goal.parent} is not a folder; make it first, or correct the path")
    part = goal.with_name(f".{goal.name}.{secrets.token_hex(4)}.part")
    counts: dict[str, int] = {}
    try:
        shutil.copytree(source, part)
        for name, rows in differences.groupby("parameter", sort=True):
            counts[str(name)] = _put(part, str(name), rows, day)
        read_parameters(part)
        read_observations(part / "observations")
        part.rename(goal)
    except (OSError, shutil.Error) as error:
        if isinstance(error, FileError):
            raise
        raise explain_writing(goal, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return counts


def _check_differences(differences: pd.DataFrame) -> None:
    needed = ("parameter", *DIMENSIONS, "shipped", "found", "status")
    gone = [name for name in needed if name not in differences.columns]
    if gone:
        raise ParameterError(f"no column '{gone[0]}'; give the table that difference() returned")
    wrong = sorted(set(differences["status"]) - set(STATUSES), key=str)
    if wrong:
        hint = nearest(str(wrong[0]), STATUSES)
        raise ParameterError(f"unknown status '{wrong[0]}'; allowed: {', '.join(STATUSES)}{hint}")
    if differences.duplicated(["parameter", *DIMENSIONS]).any():
        twice = differences.loc[differences.duplicated(["parameter", *DIMENSIONS]), "parameter"].iloc[0]
        raise ParameterError(f"'{twice}': a figure stands twice; give each parameter once")


def _put(folder: Path, name: str, rows: pd.DataFrame, day: datetime.date) -> int:
    """Put the changed and new figures of one parameter into a folder; return how many there were."""
    known = declared()
    home = known.home_of(name)
    table = known.tables[home]
    figures, office = table.figures[name], known.offices[table.office]
    content = read_content(folder, figures.file)
    theirs = content.of(name, Keys(figures.sources, home))
    taken = rows[rows["status"].isin(["changed", "new"])]
    if taken.empty:
        return 0
    key = f"{home}_{day:%Y%m%d}"
    place = {content.key(row): row for row in content.rows if row[0] == name}
    at = {column: content.header.index(column) for column in ("value", "status", "source")}
    for each in taken.itertuples(index=False):
        where = tuple(getattr(each, dimension) for dimension in DIMENSIONS)
        cell = f"{each.found:.10g}"
        old = place.get(where)
        if each.status == "changed" and (where not in theirs or float(theirs[where]) != each.shipped):
            raise ParameterError(f"'{name}', {shown(where)}: the folder has another figure than the one compared")
        if old is None:
            old = _new_row(content, name, where)
            content.rows.append(old)
        elif where not in theirs:
            raise ParameterError(f"'{name}', {shown(where)}: the folder has this figure from another source")
        old[at["value"]], old[at["status"]], old[at["source"]] = cell, "observed", key
        for column in ("low", "high", "distribution"):
            if column in content.header:
                old[content.header.index(column)] = ""
    write_rows(folder, figures.file, content)
    source = {
        "citation": f"{office.name}: {table.title}",
        "table": table.table,
        "vintage": f"refreshed on {day:%Y-%m-%d}",
        "licence": office.licence,
    }
    write_source(folder, figures.file, key, source, content)
    return len(taken)


def _new_row(content: Content, name: str, where: Key) -> list[str]:
    cells = dict(zip(DIMENSIONS, where, strict=True))
    cells["year"] = cells[PERIOD]
    unknown = [column for column, code in cells.items() if code and column not in (*content.header, PERIOD, "year")]
    if unknown:
        raise ParameterError(f"'{name}': its table has no column '{unknown[0]}'")
    return [name, *(cells.get(column, "") for column in content.header[1:])]
