# ruff: noqa: E501 - a line and its message side by side
"""Tables that a model file names: csv, text and workbooks, against PySD and with a message about each mistake."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from small_models import write_model

from krapte_sd.equations import read_model
from krapte_sd.equations.vensim import load_pysd
from krapte_sd.errors import ModelError
from krapte_sd.kernel import compile_model

CONTROL = "INITIAL TIME= 0 ~~ |\nFINAL TIME= 6 ~~ |\nTIME STEP= 0.5 ~~ |\nSAVEPER= 0.5 ~~ |\nclock= INTEG(1, 0) ~~ |\n"
GRID = [
    ["time", 0, 1, 3, 5],
    ["one", 10, 12, None, 20],
    ["two", 1, 4, 9, 16],
    ["three", -1, -2, -3, -4],
    ["label", "north", "south", "east", "west"],
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    from openpyxl import Workbook
    from openpyxl.workbook.defined_name import DefinedName

    book = Workbook()
    sheet = book.active
    sheet.title = "Data"
    for row in GRID:
        sheet.append(row)
    for k, value in enumerate([2, 4, 6, 8]):
        sheet.cell(8 + k, 2, value)
    for name, place in {"times": "$B$1:$E$1", "rows": "$B$2:$E$4", "column": "$B$8:$B$10", "single": "$C$3"}.items():
        book.defined_names[name] = DefinedName(name, attr_text=f"Data!{place}")
    book.save(tmp_path / "table.xlsx")
    text = "\n".join(",".join("" if each is None else str(each) for each in row) for row in GRID)
    (tmp_path / "table.csv").write_text(text + "\n", encoding="utf-8")
    (tmp_path / "table.txt").write_text(text.replace(",", ";") + "\n", encoding="utf-8")
    return tmp_path


RANGES = "A: a1, a2, a3 ~~ |\nB: b1, b2 ~~ |\n"
FORMS = {
    "constants of a workbook": "x= GET DIRECT CONSTANTS('table.xlsx', 'Data', 'C3') ~~ |\n"
    "y[B]= GET XLS CONSTANTS('table.xlsx', 'Data', 'B4') ~~ |\n"
    "u[A]= GET DIRECT CONSTANTS('table.xlsx', 'Data', 'B8*') ~~ |",
    "named ranges": "x= GET DIRECT CONSTANTS('table.xlsx', 'Data', 'single') ~~ |\n"
    "y[A]= GET DIRECT CONSTANTS('table.xlsx', 'Data', 'column*') ~~ |\n"
    "z[A]:= GET DIRECT DATA('table.xlsx', 'Data', 'times', 'rows') ~~ |",
    "constants of text": "x[B]= GET DIRECT CONSTANTS('table.csv', ',', 'C3') ~~ |\n"
    "y[A]= GET DIRECT CONSTANTS('table.txt', ';', 'B2*') ~~ |",
    "data in time": "x= GET DIRECT DATA('table.xlsx', 'Data', '1', 'B2') ~~ |\n"
    "y:HOLD BACKWARD::= GET DIRECT DATA('table.xlsx', 'Data', '1', 'B3') ~~ |\n"
    "z:LOOK FORWARD::= GET XLS DATA('table.csv', ',', '1', 'B3') ~~ |\n"
    "u[A]:INTERPOLATE::= GET DIRECT DATA('table.xlsx', 'Data', '1', 'B2') ~~ |",
    "data in columns": "x= GET DIRECT DATA('table.xlsx', 'Data', 'B', 'B8') ~~ |",
    "lookups": "f= GET DIRECT LOOKUPS('table.csv', ',', '1', 'B3') ~~ |\nx= f(Time-1) ~~ |\n"
    "g[B]( GET XLS LOOKUPS('table.xlsx', 'Data', '1', 'B3') ) ~~ |\ny[B]= g[B](Time/2) ~~ |",
    "ranges": "P: GET DIRECT SUBSCRIPT('table.xlsx', 'Data', 'B5', 'E5', 'to ') ~~ |\nx[P]= P*Time ~~ |\n"
    "y= x[to east] ~~ |",
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_form(folder: Path, form: str) -> None:
    load_pysd()
    import pysd

    path = write_model(folder, RANGES + FORMS[form] + "\n", CONTROL)
    model = read_model(path)
    names = [name for name in model.variables if name in tuple("xyzu")]
    ours = compile_model(model, names).run({}, 0, 6, 0.5, "euler", save_step=0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = pysd.read_vensim(str(path)).run(return_columns=names, flatten_output=False)
    for name in names:
        theirs = np.array([np.asarray(getattr(each, "values", each), dtype=float) for each in frame[name]])
        assert np.allclose(ours.saved[name], theirs.reshape(ours.saved[name].shape), rtol=1e-12), name
    assert len(names) >= 1


def test_the_tables_are_part_of_the_checksum(folder: Path) -> None:
    path = write_model(folder, "x= GET DIRECT CONSTANTS('table.csv', ',', 'C3') ~~ |\n", CONTROL)
    before = read_model(path)
    assert before.variables["x"].value == 4
    (folder / "table.csv").write_text("1\n2\n3,4,5,6\n")
    after = read_model(path)
    assert after.variables["x"].value == 5
    assert before.sha256 != after.sha256


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x= GET DIRECT CONSTANTS('none.csv', ',', 'C3')", "the table 'none.csv' cannot be read: No such file"),
        ("x= GET DIRECT CONSTANTS('table.csv', Time, 'C3')", "the arguments of GET must be texts in single quotes"),
        ("x= GET DIRECT CONSTANTS('?file', ',', 'C3')", "'?file' names a file indirectly"),
        ("x= GET DIRECT CONSTANTS('table.xlsx', 'Sheet', 'C3')", "there is no sheet 'Sheet' in 'table.xlsx'; it has Data"),
        ("x= GET DIRECT CONSTANTS('table.xlsx', 'Data', 'D2')", "the cell D2 is empty in 'table.xlsx', sheet 'Data'"),
        ("x= GET DIRECT CONSTANTS('table.csv', ',', 'B5')", "the cell B5 holds 'north', not a number, in 'table.csv'"),
        ("x= GET DIRECT CONSTANTS('table.csv', ',', 'B50')", "1 by 1 cells from B50 on are not all there"),
        ("x[A]= GET DIRECT CONSTANTS('table.csv', ',', 'D3')", "1 by 3 cells from D3 on are not all there"),
        ("x= GET DIRECT CONSTANTS('table.csv', ',', 'name')", "'name' is not a cell, and 'table.csv' is no .xlsx"),
        ("x= GET DIRECT CONSTANTS('table.xlsx', 'Data', 'name')", "there is no range named 'name' on the sheet 'Data'"),
        ("x[A]= GET DIRECT CONSTANTS('table.xlsx', 'Data', 'single')", "'single' is 1 by 1 cells, the subscripts need 1 by 3"),
        ("x[A,B,C]= GET DIRECT CONSTANTS('table.csv', ',', 'B3')", "one call fills at most two subscripts"),
        ("x[A,B]:= GET DIRECT DATA('table.csv', ',', '1', 'B3')", "one call fills at most one subscript"),
        ("x:= GET DIRECT DATA('table.csv', ',', '1', 'B5')", "no point with a value from B5 on in 'table.csv'"),
        ("x:= GET DIRECT DATA('table.csv', ',,', '1', 'B5')", "the separator ',,' of 'table.csv' must be one character"),
        ("x:= GET DIRECT DATA('table.xlsx', 'Data', 'rows', 'times')", "'rows' is a block and not a row or column"),
        ("P: GET DIRECT SUBSCRIPT('table.csv', ',', 'B9', '', '')", "no element from B9 on in 'table.csv'"),
        ("x[A]:EXCEPT:[a1]= GET DIRECT CONSTANTS('table.csv', ',', 'B3')", "and :EXCEPT: together are not supported"),
    ],
)  # fmt: skip
def test_mistakes(folder: Path, text: str, message: str) -> None:
    with pytest.raises(ModelError) as caught:
        read_model(write_model(folder, RANGES + "C: c1, c2 ~~ |\n" + text + " ~~ |\n", CONTROL))
    assert message in str(caught.value)
    assert "small.mdl:5: " in str(caught.value)


def test_a_damaged_workbook(folder: Path) -> None:
    (folder / "table.xlsx").write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(ModelError, match=r"the table 'table.xlsx' cannot be read"):
        read_model(write_model(folder, "x= GET DIRECT CONSTANTS('table.xlsx', 'Data', 'C3') ~~ |\n", CONTROL))
