"""Reading what the offices answer: rows of an OData table, cells of a JSON-stat cube.

Both become rows: a code for each column that the list of tables names, and a number or None for each wanted value.
Nothing is guessed: a column that is gone, text where a number belongs or a cube that does not fit its own size is an
error that says where.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from krapte_sd.errors import FileError, nearest
from krapte_sd.parameters.problems import clipped, listed
from krapte_sd.statistics.client import Connection
from krapte_sd.statistics.declared import Office, Table

__all__ = ["Row", "rows_of"]

Row = dict[str, Any]
_MOST_CELLS: Final = 5_000_000
_WHAT_NOW: Final = "nothing was changed; compare the table with parameters/statistics/tables.yaml"


def rows_of(connection: Connection, office: Office, table: Table, url: str) -> Iterator[Row]:
    """Ask for a table and read its rows.

    Parameters
    ----------
    connection : Connection
        Open.
    office : Office
        Whose table it is.
    table : Table
        What is taken of it.
    url : str
        Address of the office.

    Yields
    ------
    dict
        Codes (stripped text) and values (float or None) by column.

    Raises
    ------
    FileError
        If there is no answer, or it is not as the list of tables says.
    """
    values = sorted({figures.column for figures in table.figures.values()})
    if office.protocol == "odata":
        place = f"{url}/{table.table}/TypedDataSet"
        query = {"$format": "json", "$select": ",".join([*table.columns, *values]), **table.query}
        yield from _odata_rows(connection.pages(place, query), place, tuple(table.columns), values)
    else:
        place = f"{url}/{table.table}"
        answer = connection.get(place, {"format": "JSON", "lang": "EN", **table.query})
        yield from _cube_rows(answer, place, tuple(table.columns))


def _odata_rows(pages: Iterable[Any], place: str, codes: Sequence[str], values: Sequence[str]) -> Iterator[Row]:
    count = 0
    announced: int | None = None
    for page in pages:
        if not isinstance(page, dict) or not isinstance(page.get("value"), list):
            raise FileError(f"{place}: the answer has no list of rows 'value'; {_WHAT_NOW}")
        for key in ("odata.count", "@odata.count"):
            if key in page and str(page[key]).isdigit():
                announced = int(page[key])
        for row in page["value"]:
            count += 1
            yield _odata_row(row, count, place, codes, values)
    if announced is not None and announced != count:
        raise FileError(f"{place}: the answer is incomplete: {count} of {announced} rows; nothing was changed")


def _odata_row(row: Any, number: int, place: str, codes: Sequence[str], values: Sequence[str]) -> Row:
    if not isinstance(row, dict):
        raise FileError(f"{place}: row {number} is no row but {clipped(row)}; {_WHAT_NOW}")
    gone = [name for name in (*codes, *values) if name not in row]
    if gone:
        raise FileError(
            f"{place}: row {number}: no column '{gone[0]}'{nearest(gone[0], row)}; there is: {listed(row)}; {_WHAT_NOW}"
        )
    found: Row = {}
    for name in codes:
        if not isinstance(row[name], str):
            raise FileError(f"{place}: row {number}, column '{name}': {row[name]!r} is no code; {_WHAT_NOW}")
        found[name] = row[name].strip()
    for name in values:
        found[name] = _number(row[name], f"{place}: row {number}, column '{name}'")
    return found


def _number(value: Any, where: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise FileError(f"{where}: {clipped(value)} is no number; {_WHAT_NOW}")
    return float(value)


def _cube_rows(answer: Any, place: str, columns: Sequence[str]) -> Iterator[Row]:
    if not isinstance(answer, dict) or answer.get("class", "dataset") != "dataset" or "value" not in answer:
        said = answer.get("error") or answer.get("warning") if isinstance(answer, dict) else None
        more = f", but {clipped(said)}" if said else ""
        raise FileError(f"{place}: the answer is no JSON-stat data set{more}; {_WHAT_NOW}")
    names: Any = answer.get("id")
    sizes: Any = answer.get("size")
    if not _fits(names, sizes):
        raise FileError(f"{place}: the dimensions 'id' and 'size' do not fit together; {_WHAT_NOW}")
    gone = [name for name in columns if name not in names]
    if gone:
        raise FileError(
            f"{place}: no dimension '{gone[0]}'{nearest(gone[0], names)}; there is: {listed(names)}; {_WHAT_NOW}"
        )
    further = [name for name in names if name not in columns]
    if further:
        raise FileError(f"{place}: a dimension '{further[0]}' that is not in the list of tables; {_WHAT_NOW}")
    if math.prod(sizes) > _MOST_CELLS:
        raise FileError(f"{place}: a cube of {math.prod(sizes)} values, more than {_MOST_CELLS}; {_WHAT_NOW}")
    labels = [_labels(answer, name, size, place) for name, size in zip(names, sizes, strict=True)]
    cells = _cells(answer["value"], math.prod(sizes), place)
    for number, place_codes in enumerate(itertools.product(*labels)):
        value = _number(cells.get(number), f"{place}: value {number}")
        yield {**dict(zip(names, place_codes, strict=True)), "value": value}


def _fits(names: Any, sizes: Any) -> bool:
    if not isinstance(names, list) or not isinstance(sizes, list) or len(names) != len(sizes):
        return False
    return all(isinstance(name, str) for name in names) and all(
        isinstance(size, int) and not isinstance(size, bool) and size >= 0 for size in sizes
    )


def _labels(answer: Mapping[str, Any], name: str, size: int, place: str) -> list[str]:
    """Return the codes of a dimension in the order of the cube."""
    try:
        category = answer["dimension"][name]["category"]
        index = category["index"] if "index" in category else list(category["label"])
        codes = index if isinstance(index, list) else sorted(index, key=index.__getitem__)
        numbers = list(range(size)) if isinstance(index, list) else [index[code] for code in codes]
    except (KeyError, TypeError, AttributeError) as error:
        raise FileError(f"{place}: the dimension '{name}' has no codes; {_WHAT_NOW}") from error
    if len(codes) != size or numbers != list(range(size)) or not all(isinstance(code, str) for code in codes):
        what = f"the dimension '{name}' has {len(codes)} codes for a size of {size}"
        raise FileError(f"{place}: {what}; the answer is incomplete; {_WHAT_NOW}")
    return list(codes)


def _cells(value: Any, count: int, place: str) -> dict[int, Any]:
    """Return the values by place in the cube; JSON-stat leaves out what is not there."""
    if isinstance(value, list):
        if len(value) != count:
            what = f"{len(value)} values for a cube of {count}"
            raise FileError(f"{place}: {what}; the answer is incomplete; {_WHAT_NOW}")
        return dict(enumerate(value))
    if not isinstance(value, dict) or not all(key.isdigit() and int(key) < count for key in value):
        raise FileError(f"{place}: the values do not fit into a cube of {count}; {_WHAT_NOW}")
    return {int(key): each for key, each in value.items()}
