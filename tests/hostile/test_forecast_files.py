"""Hostile forecast files of every format: each one clear error, none crashes, none reads as other numbers.

Tables name what is done to a good file; each case is one input. What is changed in the open (with the checksums made
anew) is meant for readers that would trust a checksum alone.
"""

import hashlib
import io
import json
import os
import shutil
import zipfile

import h5py
import numpy as np
import openpyxl
import pytest
from netcdf_sample import sample
from refusing import refused

import krapte_sd.files as files
from krapte_sd.errors import FileError
from krapte_sd.files.contents import Variable
from krapte_sd.files.encode import encode
from krapte_sd.files.netcdf import _pack, _seal


def small(seed=7):
    ds = sample(seed).isel(sector=slice(3), age=slice(2), time=slice(4), year=slice(3))
    return ds.assign_attrs(references="CBS", source="krapte_sd 9").drop_vars("population_by_age")


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """The bytes of a good file of each format, and a good store."""
    folder = tmp_path_factory.mktemp("good")
    found = {}
    for suffix in (".nc", ".csv", ".iamc.csv", ".iamc.xlsx", ".xlsx", ".zarr"):
        files.write_forecast(small(), folder / f"a{suffix}")
        if suffix != ".zarr":
            found[suffix] = (folder / f"a{suffix}").read_bytes()
    return found, folder / "a.zarr"


# -- all formats: bytes that are something else -------------------------------------------------

OTHER_BYTES = {
    "empty": b"",
    "one byte": b"\x00",
    "line end": b"\n",
    "zeros": bytes(4096),
    "ones": b"\xff" * 4096,
    "text": b"hello, world\n" * 20,
    "html": b"<!doctype html><html><body>404</body></html>",
    "json": b'{"a": 1}',
    "yaml": b"a: [1, 2]\n",
    "gzip": b"\x1f\x8b\x08\x00" + bytes(64),
    "pdf": b"%PDF-1.7\n" + bytes(64),
    "old Excel": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "netCDF 3": b"CDF\x01" + bytes(200),
    "bare HDF5": b"\x89HDF\r\n\x1a\n" + bytes(500),
    "bare zip": b"PK\x05\x06" + bytes(18),
    "half a zip": b"PK\x03\x04" + bytes(60),
    "byte order mark": b"\xef\xbb\xbfa,b\n1,2\n",
    "UTF-16": "variable,unit\n".encode("utf-16"),
    "Latin-1": "variable,unit\ncoördinatie,1\n".encode("latin-1"),
    "quotes": b'"' * 1000,
    "a pickle": b"\x80\x04\x95" + bytes(40),
    "one long line": b"a" * 500_000,
    "null bytes in text": b"variable,unit\n\x00,\x00\n",
}


@pytest.mark.parametrize("name", OTHER_BYTES)
@pytest.mark.parametrize("suffix", [".nc", ".csv", ".iamc.csv", ".iamc.xlsx", ".xlsx"])
def test_other_bytes(tmp_path, suffix, name):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(OTHER_BYTES[name])
    refused(files.check_file, path, kind=FileError)


@pytest.mark.parametrize("first", [".nc", ".csv", ".iamc.csv", ".iamc.xlsx", ".xlsx"])
@pytest.mark.parametrize("second", [".nc", ".csv", ".iamc.csv", ".iamc.xlsx", ".xlsx"])
def test_a_file_of_another_format(good, tmp_path, first, second):
    path = tmp_path / f"a{second}"
    path.write_bytes(good[0][first])
    alike = {first, second} in ({".xlsx", ".iamc.xlsx"}, {first})
    if alike:
        assert files.check_file(path)["state"] == files.check_file(path)["state"]
    else:
        refused(files.check_file, path, kind=FileError)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
@pytest.mark.parametrize("suffix", [".nc", ".csv", ".iamc.xlsx", ".xlsx"])
def test_cut(good, tmp_path, suffix, share):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(good[0][suffix][: int(len(good[0][suffix]) * share)])
    refused(files.check_file, path, kind=FileError)


@pytest.mark.parametrize("suffix", [".nc", ".csv", ".zarr", ".iamc.csv", ".xlsx"])
@pytest.mark.parametrize("what", ["missing", "folder", "link to nowhere", "pipe"])
def test_what_is_no_file(tmp_path, suffix, what):
    path = tmp_path / f"a{suffix}"
    if what == "folder":
        path.mkdir()
    elif what == "link to nowhere":
        path.symlink_to(tmp_path / "gone")
    elif what == "pipe":
        if suffix == ".zarr":
            path.write_bytes(b"")
        else:
            os.mkfifo(path)
    refused(files.check_file, path, kind=FileError)


# -- tidy CSV, with checksums made anew ---------------------------------------------------------


def resealed(body):
    """A tidy file whose first checksum fits whatever the body is."""
    seal = hashlib.sha256(body).hexdigest().encode()
    return b"# krapte_sd tidy table, schema version 1\n# sha256 of what follows: " + seal + b"\n" + body


def layout_changed(change):
    def apply(body):
        head, _, table = body.partition(b"\n")
        layout = json.loads(head.removeprefix(b"# layout: "))
        change(layout)
        return b"# layout: " + json.dumps(layout).encode() + b"\n" + table

    return apply


def line(number, new):
    def apply(body):
        lines = body.split(b"\n")
        lines[number] = new(lines[number])
        return b"\n".join(lines)

    return apply


def cell(number, at, new):
    def change(old):
        cells = old.split(b",")
        cells[at] = new
        return b",".join(cells)

    return line(number, change)


def set_in(*keys, value):
    def change(layout):
        place = layout
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value

    return layout_changed(change)


TIDY = {
    **{f"value {new!r}": cell(5, -1, new) for new in (
        b"", b"nan", b"inf", b"-inf", b"1e999", b"1,5", b"abc", b"0x10", b"1_0", b" 1", b"--1", b"1e", b"\xff", b"True",
        b"=1+1", b"1;2", b"1.0.0", "١٢".encode(), b"2024-01-01", b"1" * 400, b"1.5", b"-0.0", b"1e-400",
    )},
    "other variable": cell(5, 0, b"vacancies"),
    "other unit": cell(5, 1, b"fte"),
    "other region": cell(5, 2, b"XX"),
    "other year": cell(5, -2, b"1999"),
    "other kind of time": cell(5, -3, b"whole year"),
    "one cell more": line(5, lambda old: b"x," + old),
    "one cell less": line(5, lambda old: old.split(b",", 1)[1]),
    "no cells": line(5, lambda old: b""),
    "row twice": lambda body: body + body.split(b"\n")[5] + b"\n",
    "row missing": lambda body: b"\n".join([x for k, x in enumerate(body.split(b"\n")) if k != 5]),
    "rows exchanged": lambda body: b"\n".join(
        [(lines := body.split(b"\n"))[0], lines[1], lines[3], lines[2], *lines[4:]]
    ),
    "no line end": lambda body: body.rstrip(b"\n"),
    "line ends of Windows": lambda body: body.replace(b"\n", b"\r\n"),
    "no layout": lambda body: body.split(b"\n", 1)[1],
    "layout is no JSON": line(0, lambda old: b"# layout: {"),
    "layout is a list": line(0, lambda old: b"# layout: []"),
    "layout is deep": line(0, lambda old: b"# layout: " + b"[" * 100_000),
    "layout has NaN": line(0, lambda old: old.replace(b'"attrs": {', b'"attrs": {"x": NaN, ', 1)),
    "no coordinates": set_in("coords", value={}),
    "coordinates are a list": set_in("coords", value=[]),
    "no variables": set_in("data_vars", value={}),
    "no attributes": set_in("attrs", value={}),
    "attributes are text": set_in("attrs", value="x"),
    "other title": set_in("attrs", "title", value="Another"),
    "other checksum": set_in("content_sha256", value="0" * 64),
    "checksum is a number": set_in("content_sha256", value=1),
    "no dims": set_in("data_vars", "employed", "dims", value=[]),
    "dims unknown": set_in("data_vars", "employed", "dims", value=["a", "b", "c", "d"]),
    "dims in another order": set_in("data_vars", "employed", "dims", value=["region", "time", "sector", "sex"]),
    "dtype unknown": set_in("data_vars", "employed", "dtype", value="wrong"),
    "dtype is an object": set_in("data_vars", "employed", "dtype", value="object"),
    "dtype is integer": set_in("data_vars", "employed", "dtype", value="int64"),
    "dtype is small": set_in("data_vars", "employed", "dtype", value="float32"),
    "shape is huge": set_in("data_vars", "employed", "shape", value=[10**9, 10**9, 1, 1]),
    "shape is negative": set_in("data_vars", "employed", "shape", value=[-4, 1, 3, 2]),
    "shape is text": set_in("data_vars", "employed", "shape", value="4"),
    "shape has a fraction": set_in("data_vars", "employed", "shape", value=[4.5, 1, 3, 2]),
    "coordinate of wrong type": set_in("coords", "sector", "dtype", value="int64"),
    "coordinate too short": set_in("coords", "sector", "values", value=["A"]),
    "coordinate twice the same": set_in("coords", "sector", "values", value=["A", "A", "C"]),
    "coordinate is a number": set_in("coords", "sector", "values", value=3),
    "dates are no dates": set_in("coords", "time", "values", value=["x"] * 4),
    "dates are missing": set_in("coords", "time", "values", value=["NaT"] * 4),
    "another unit in the layout": set_in("data_vars", "employed", "attrs", "units", value="fte"),
    "an unknown unit": set_in("data_vars", "employed", "attrs", "units", value="wombat"),
}  # fmt: skip


@pytest.mark.parametrize("name", TIDY)
def test_tidy_tables_with_new_checksums(good, tmp_path, name):
    body = good[0][".csv"].split(b"\n", 2)[2]
    changed = TIDY[name](body)
    assert changed != body
    path = tmp_path / "a.csv"
    path.write_bytes(resealed(changed))
    refused(files.open_forecast, path, kind=FileError)


@pytest.mark.parametrize("version", [b"0", b"2", b"", b"one", b"1.0", b"\xff", b"1 ", b"9" * 999])
def test_tidy_tables_of_another_version(good, tmp_path, version):
    path = tmp_path / "a.csv"
    path.write_bytes(good[0][".csv"].replace(b"schema version 1\n", b"schema version " + version + b"\n", 1))
    assert "schema version" in str(refused(files.open_forecast, path, kind=FileError))


# -- IAMC ---------------------------------------------------------------------------------------

IAMC = {
    **{f"number {new!r}": cell(1, 6, new) for new in (
        b"nan", b"inf", b"1e999", b"abc", b"0x10", b"1_0", b" 1", b"--1", b"=1+1", "١٢".encode(), b"True", b"-",
        b"1 000", b"\xff", b"NA", b"n/a",
    )},
    "decimal comma": cell(1, 6, b'"1,5"'),
    "no region": cell(1, 2, b""),
    "no variable": cell(1, 3, b" "),
    "no unit": cell(1, 4, b""),
    "row twice": line(2, lambda old: old + b"\n" + old),
    "cells missing": line(1, lambda old: b"a,b"),
    "cells too many": line(1, lambda old: old + b",1,2,3"),
    "no header": lambda text: text.split(b"\n", 1)[1],
    "header only": lambda text: text.split(b"\n", 1)[0],
    "other columns": lambda text: text.replace(b"Model,", b"model;", 1),
    "columns in another order": lambda text: text.replace(b"Model,Scenario", b"Scenario,Model", 1),
    "a year that is none": lambda text: text.replace(b",2025,", b",20x5,", 1),
    "a year twice": lambda text: text.replace(b",2025,", b",2024,", 1),
    "a year of two digits": lambda text: text.replace(b",2025,", b",25,", 1),
    "no years": lambda text: b"\n".join(b",".join(x.split(b",")[:5]) for x in text.split(b"\n")),
    "semicolons": lambda text: text.replace(b",", b";"),
    "tabs": lambda text: text.replace(b",", b"\t"),
    "unclosed quote": lambda text: text.replace(b"person", b'"person', 1),
    "NUL in a name": cell(1, 3, b"a\x00b,c"),
}  # fmt: skip


@pytest.mark.parametrize("name", IAMC)
def test_iamc_tables(good, tmp_path, name):
    path = tmp_path / "a.iamc.csv"
    path.write_bytes(IAMC[name](good[0][".iamc.csv"]))
    refused(files.check_file, path, kind=FileError)


# -- workbooks ----------------------------------------------------------------------------------


def part(name, change):
    """Change one part of the zip archive, its checksum made anew."""

    def apply(data):
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
            for item in old.namelist():
                content = old.read(item)
                if item == name:
                    content = change(content)
                if content is not None:
                    new.writestr(item, content)
        return out.getvalue()

    return apply


def edited(change):
    """Change cells with openpyxl, as a person would in Excel."""

    def apply(data):
        book, out = openpyxl.load_workbook(io.BytesIO(data)), io.BytesIO()
        change(book)
        book.save(out)
        return out.getvalue()

    return apply


def set_cell(sheet, where, value):
    return edited(lambda book: book[sheet].__setitem__(where, value))


HUGE = b'<dimension ref="A1:XFD1048576"/>'
ENTRY = b"PK\x01\x02\x14\x03\x14\x00"  # where the directory of an archive begins the entry of a part
SHEET, BOOK = "xl/worksheets/sheet1.xml", "xl/workbook.xml"
BOMB = b'<?xml version="1.0"?><!DOCTYPE z [<!ENTITY a "' + b"a" * 1000 + b'">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + k, b"&%c;" % (97 + k) * 20) for k in range(7)
) + b"]><worksheet>&h;</worksheet>"  # fmt: skip
BOOKS = {
    "a number changed": set_cell("variables", "H3", 1.0),
    "a number as text": set_cell("variables", "H3", "12"),
    "a number emptied": set_cell("variables", "H3", None),
    "an error": set_cell("variables", "H3", "#REF!"),
    "a formula": set_cell("variables", "H3", "=1+1"),
    "a truth": set_cell("variables", "H3", True),
    "a name changed": set_cell("variables", "A3", "other"),
    "a unit changed": set_cell("variables", "C3", "fte"),
    "a year changed": set_cell("variables", "I1", 1999),
    "a row more": edited(lambda book: book["variables"].append(["x", 1])),
    "a row less": edited(lambda book: book["variables"].delete_rows(3)),
    "a row moved": edited(lambda book: book["variables"].move_range("A3:P3", rows=300)),
    "a column less": edited(lambda book: book["variables"].delete_cols(8)),
    "a cell far away": set_cell("variables", "XFD90000", 1),
    "a source changed": set_cell("sources", "A2", "CBSS"),
    "a sheet more": edited(lambda book: book.create_sheet("extra").append([1])),
    "a sheet less": edited(lambda book: book.remove(book["sources"])),
    "a sheet renamed": edited(lambda book: setattr(book["sources"], "title", "bronnen")),
    "sheets in another order": edited(lambda book: book.move_sheet("sources", -1)),
    "no about": edited(lambda book: book.remove(book["about"])),
    "about emptied": edited(lambda book: book["about"].delete_rows(1, 99)),
    "another checksum": set_cell("about", "B3", "0" * 64),
    "checksum is a number": set_cell("about", "B3", 5),
    "no checksum": set_cell("about", "B3", None),
    "another version": set_cell("about", "B2", 2),
    "version is text": set_cell("about", "B2", "1"),
    "not ours": set_cell("about", "A1", "somebody"),
    "no sheet part": part(SHEET, lambda old: None),
    "no book part": part(BOOK, lambda old: None),
    "no types": part("[Content_Types].xml", lambda old: None),
    "types emptied": part("[Content_Types].xml", lambda old: b""),
    "sheet is no XML": part(SHEET, lambda old: b"hello"),
    "sheet is cut": part(SHEET, lambda old: old[: len(old) // 2]),
    "sheet is empty": part(SHEET, lambda old: b""),
    "book is no XML": part(BOOK, lambda old: b"<"),
    "entities without end": part(SHEET, lambda old: BOMB),
    "a file of the system": part(SHEET, lambda old: b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
    "deep XML": part(SHEET, lambda old: b"<a>" * 50_000),
    "a huge size told": part(SHEET, lambda old: old.replace(b"<sheetData>", HUGE + b"<sheetData>")),
    "a huge row number": part(SHEET, lambda old: old.replace(b'<row r="3"', b'<row r="1048576"')),
    "a row number that is text": part(SHEET, lambda old: old.replace(b'<row r="3"', b'<row r="x"')),
    "a cell outside": part(SHEET, lambda old: old.replace(b'r="A3"', b'r="ZZZZ3"')),
    "a cell type unknown": part(SHEET, lambda old: old.replace(b't="n"', b't="q"')),
    "a number that is none": part(SHEET, lambda old: old.replace(b"<v>1", b"<v>x1")),
    "a number that overflows": part(SHEET, lambda old: old.replace(b"<v>1", b"<v>9e999")),
    "zeros unpacked": lambda data: part(SHEET, lambda old: old + b" " * 60_000_000)(data),
    "bytes before": lambda data: b"x" * 100 + data,
    "middle overwritten": lambda data: data[: len(data) // 2] + bytes(200) + data[len(data) // 2 + 200 :],
    "end overwritten": lambda data: data[:-30] + bytes(30),
    "encrypted flag": lambda data: data.replace(ENTRY + b"\x00\x00", ENTRY + b"\x01\x00"),
}  # fmt: skip


@pytest.mark.parametrize("name", BOOKS)
def test_workbooks(good, tmp_path, name):
    path = tmp_path / "a.xlsx"
    data = BOOKS[name](good[0][".xlsx"])
    assert data != good[0][".xlsx"]
    path.write_bytes(data)
    if name == "a huge size told":  # it is counted, not believed: the cells are those that were written
        assert files.check_file(path)["state"] == "whole and unchanged"
    else:
        refused(files.check_file, path, kind=FileError)


# -- netCDF, with the seal made anew ------------------------------------------------------------


def contents_with(change):
    """A file with other contents, its seal made anew; the checksum of the contents stays as it was."""

    def apply(data):
        contents = encode(small())
        change(contents)
        return _seal(_pack(contents))

    return apply


def _values(name, new):
    return contents_with(lambda c: setattr(c.variables[name], "values", new(c.variables[name].values)))


def _attrs(name, **new):
    return contents_with(lambda c: c.variables[name].attrs.update(new))


def _whole(**new):
    return contents_with(lambda c: c.attrs.update(new))


def _move(old, new):
    return contents_with(lambda c: c.variables.__setitem__(new, c.variables.pop(old)))


def _extra(values):
    return contents_with(lambda c: c.variables.__setitem__("extra", Variable(("sector",), values)))


def hdf5_with(change):
    def apply(data):
        out = io.BytesIO(data[:-83])
        with h5py.File(out, "r+") as file:
            change(file)
        return _seal(out.getvalue())

    return apply


NETCDF = {
    "one value": _values("employed", lambda old: np.where(np.arange(old.size).reshape(old.shape) == 3, old + 1, old)),
    "not a number": _values("employed", lambda old: old * np.nan),
    "infinite": _values("employed", lambda old: old * np.inf),
    "zeros": _values("employed", lambda old: old * 0),
    "turned round": _values("employed", lambda old: old[..., ::-1]),
    "a small type": _values("employed", lambda old: old.astype("float32")),
    "whole numbers": _values("employed", lambda old: old.astype("int64")),
    "codes turned round": _values("sector_code", lambda old: old[::-1]),
    "a code that is no text": _values("sector_code", lambda old: np.full_like(old, b"\xff")),
    "times": _values("time", lambda old: old + 365),
    "periods": _values("period", lambda old: old + 365),
    "bounds": _values("period_bounds", lambda old: old + 1),
    "ranks": _values("rank", lambda old: old + 1),
    "an index": _values("sector", lambda old: old[::-1]),
    "a variable more": _extra(np.arange(3.0)),
    "a variable of bytes more": _extra(np.arange(3, dtype="int8")),
    "a dimension more": contents_with(lambda c: c.sizes.update(extra=3)),
    "an attribute more": _whole(extra="x"),
    "an attribute less": contents_with(lambda c: c.attrs.pop("title")),
    "another title": _whole(title="x"),
    "another unit label": _attrs("employed", unit_label="fte"),
    "another unit": _attrs("employed", units="1"),
    "no unit": contents_with(lambda c: c.variables["employed"].attrs.pop("units")),
    "a scale": _attrs("employed", scale_factor=np.float64(2.0)),
    "an offset": _attrs("employed", add_offset=np.float64(2.0)),
    "another version": _whole(krapte_sd_schema_version=np.int32(2)),
    "version is text": _whole(krapte_sd_schema_version="1"),
    "no version": contents_with(lambda c: c.attrs.pop("krapte_sd_schema_version")),
    "another checksum": _whole(content_sha256="0" * 64),
    "no checksum": contents_with(lambda c: c.attrs.pop("content_sha256")),
    "no layout": contents_with(lambda c: c.attrs.pop("memory_layout")),
    "layout is no JSON": _whole(memory_layout="{"),
    "layout is empty": _whole(memory_layout="{}"),
    "another name": _move("employed", "employment"),
    "one variable for another": contents_with(lambda c: c.variables.update(vacancies=c.variables["hires"])),
    "an attribute of its own by HDF5": hdf5_with(lambda f: f.attrs.__setitem__("extra", 1)),
    "a value by HDF5": hdf5_with(lambda f: f["rank"].__setitem__(0, 7)),
    "a data set less by HDF5": hdf5_with(lambda f: f.__delitem__("rank")),
    "a link to itself by HDF5": hdf5_with(lambda f: f.__setitem__("loop", h5py.SoftLink("/loop"))),
    "a link outside by HDF5": hdf5_with(lambda f: f.__setitem__("out", h5py.ExternalLink("/etc/passwd", "/a"))),
    "seal without digits": lambda data: data[:-65] + b"x" * 64 + b"\n",
    "seal of another file": lambda data: data[:-65] + hashlib.sha256(b"").hexdigest().encode() + b"\n",
    "seal in capitals": lambda data: data[:-65] + data[-65:].upper(),
    "seal twice": lambda data: data + data[-83:],
    "line end behind": lambda data: data + b"\n",
    "no line end": lambda data: data[:-1],
    "a byte between": lambda data: _seal(data[:-83] + b"\0")[:-1],
}  # fmt: skip


@pytest.mark.parametrize("name", NETCDF)
def test_netcdf_files_with_a_new_seal(good, tmp_path, name):
    path = tmp_path / "a.nc"
    path.write_bytes(NETCDF[name](good[0][".nc"]))
    refused(files.open_forecast, path, kind=FileError)


# -- Zarr ---------------------------------------------------------------------------------------


def meta(name, change):
    def apply(store):
        for each in (store / name, store / ".zmetadata"):
            if not each.is_file():
                continue
            content = json.loads(each.read_text())
            change(content["metadata"][name] if each.name == ".zmetadata" else content)
            each.write_text(json.dumps(content))

    return apply


def put(name, content):
    return lambda store: (store / name).write_bytes(content)


def gone(name):
    def apply(store):
        target = store / name
        shutil.rmtree(target) if target.is_dir() else target.unlink()

    return apply


ZARR = {
    **{f"{name} is {what}": put(name, content)
       for name in (".zgroup", ".zattrs", "employed/.zarray", "employed/.zattrs")
       for what, content in (("empty", b""), ("no JSON", b"{"), ("a list", b"[]"), ("bytes", b"\xff\xfe"))},
    **{f"without {name}": gone(name) for name in (".zgroup", ".zattrs", "employed", "employed/.zarray", "sector_code")},
    "chunk gone": gone("employed/0.0.0.0"),
    "chunk emptied": put("employed/0.0.0.0", b""),
    "chunk of zeros": put("employed/0.0.0.0", bytes(500)),
    "chunk of ones": put("employed/0.0.0.0", b"\xff" * 500),
    "chunk of text": put("employed/0.0.0.0", b"hello"),
    "chunk of another": lambda s: shutil.copy(s / "hires/0.0.0", s / "employed/0.0.0.0"),
    "chunk is a folder": lambda s: ((s / "employed/0.0.0.0").unlink(), (s / "employed/0.0.0.0").mkdir()),
    "codes changed": lambda s: shutil.copy(s / "sector_code/0.0", s / "region_code/0.0"),
    "shape larger": meta("employed/.zarray", lambda m: m.update(shape=[1, 3, 2, 400])),
    "shape huge": meta("employed/.zarray", lambda m: m.update(shape=[10**6, 10**6, 10**6, 4])),
    "shape negative": meta("employed/.zarray", lambda m: m.update(shape=[-1, 3, 2, 4])),
    "shape text": meta("employed/.zarray", lambda m: m.update(shape="x")),
    "shape flat": meta("employed/.zarray", lambda m: m.update(shape=[24], chunks=[24])),
    "chunks of zero": meta("employed/.zarray", lambda m: m.update(chunks=[0, 0, 0, 0])),
    "other type": meta("employed/.zarray", lambda m: m.update(dtype="<i8")),
    "small type": meta("employed/.zarray", lambda m: m.update(dtype="<f4")),
    "big-endian type": meta("employed/.zarray", lambda m: m.update(dtype=">f8")),
    "type of objects": meta("employed/.zarray", lambda m: m.update(dtype="|O")),
    "type unknown": meta("employed/.zarray", lambda m: m.update(dtype="<q9")),
    "no compressor": meta("employed/.zarray", lambda m: m.update(compressor=None)),
    "compressor unknown": meta("employed/.zarray", lambda m: m.update(compressor={"id": "wombat"})),
    "filters unknown": meta("employed/.zarray", lambda m: m.update(filters=[{"id": "pickle"}])),
    "other order": meta("employed/.zarray", lambda m: m.update(order="F")),
    "another format": meta(".zgroup", lambda m: m.update(zarr_format=3)),
    "array of another format": meta("employed/.zarray", lambda m: m.update(zarr_format=7)),
    "dims gone": meta("employed/.zattrs", lambda m: m.pop("_ARRAY_DIMENSIONS")),
    "dims changed": meta("employed/.zattrs", lambda m: m.update(_ARRAY_DIMENSIONS=["a", "b", "c", "d"])),
    "dims too few": meta("employed/.zattrs", lambda m: m.update(_ARRAY_DIMENSIONS=["sector"])),
    "unit changed": meta("employed/.zattrs", lambda m: m.update(unit_label="fte")),
    "title changed": meta(".zattrs", lambda m: m.update(title="x")),
    "checksum changed": meta(".zattrs", lambda m: m.update(content_sha256="0" * 64)),
    "checksum gone": meta(".zattrs", lambda m: m.pop("content_sha256")),
    "version changed": meta(".zattrs", lambda m: m.update(krapte_sd_schema_version=2)),
    "layout changed": meta(".zattrs", lambda m: m.update(memory_layout="{}")),
    "types changed": meta(".zattrs", lambda m: m.update(krapte_sd_types="x")),
    "types unknown": meta(".zattrs", lambda m: m["krapte_sd_types"].update(title="<q7")),
    "an array more": lambda s: shutil.copytree(s / "employed", s / "extra") and (s / ".zmetadata").unlink(),
}  # fmt: skip


@pytest.mark.parametrize("name", ZARR)
def test_zarr_stores(good, tmp_path, name):
    path = tmp_path / "a.zarr"
    shutil.copytree(good[1], path)
    ZARR[name](path)
    refused(files.open_forecast, path, kind=FileError)


# -- single bits --------------------------------------------------------------------------------


def _same(path, suffix, tables):
    """Say whether what is read is what was written."""
    if suffix in (".csv", ".zarr"):
        return files.open_forecast(path).identical(small())
    from krapte_sd.files.workbook import open_book

    return all(table.equals(tables[name]) for name, table in open_book(path)[1].items())


@pytest.mark.parametrize(("suffix", "count"), [(".csv", 250), (".xlsx", 120)])
def test_no_flipped_bit_gives_other_numbers(good, tmp_path, suffix, count):
    """The netCDF file has its own test, in a child process (tests/files/test_damage.py)."""
    from krapte_sd.files.workbook import open_book

    path = tmp_path / f"a{suffix}"
    whole = good[0][suffix]
    path.write_bytes(whole)
    tables = open_book(path)[1] if suffix == ".xlsx" else None
    assert _same(path, suffix, tables)
    found = 0
    for bit in np.random.default_rng(3).choice(len(whole) * 8, count, replace=False).tolist():
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        try:
            assert _same(path, suffix, tables), f"bit {bit}"
        except FileError:
            found += 1
    # In a workbook a few bits mean nothing, such as those of a date in the archive.
    assert found == count or (suffix == ".xlsx" and found > 0.9 * count)


def test_no_flipped_bit_of_a_store_gives_other_numbers(good, tmp_path):
    path = tmp_path / "a.zarr"
    shutil.copytree(good[1], path)
    parts = sorted(each for each in path.rglob("*") if each.is_file())
    sizes = np.array([each.stat().st_size for each in parts])
    random = np.random.default_rng(4)
    found = 0
    for place in random.choice(len(parts), 100, p=sizes / sizes.sum()).tolist():
        whole = parts[place].read_bytes()
        bit = int(random.integers(len(whole) * 8))
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        parts[place].write_bytes(flipped)
        try:
            assert _same(path, ".zarr", None), f"{parts[place].name}: bit {bit}"
        except FileError:
            found += 1
        parts[place].write_bytes(whole)
    # Bits of the copy of all descriptions at the top, which we do not read, mean nothing.
    assert found > 40
