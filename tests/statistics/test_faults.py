"""An office that fails in every way we know of: one message each, nothing replaced, nothing bad kept in the cache."""

import json
import socket
import sys

import pytest

import krapte_sd.statistics as statistics
from krapte_sd.errors import FileError, KrapteError, ParameterError

CBS, EUROSTAT = "open_vacancies", "unemployment_rate"
KEYS = {CBS: "cbs_80472ned", EUROSTAT: "eurostat_une_rt_a"}


def cut(handler, document):
    """Send half of what was announced, then hang up."""
    body = json.dumps(document).encode()
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2])
    handler.wfile.flush()
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def status(code, said=b""):
    def send(handler, _):
        handler.send_response(code)
        handler.send_header("Content-Length", str(len(said)))
        handler.end_headers()
        handler.wfile.write(said)

    return send


def changed(change):
    """Answer with a document that was changed, on every page."""

    def send(_, document):
        change(document)
        return document

    return send


def first_row(**cells):
    def change(document):
        document["value"][0] |= cells

    return changed(change)


def every(rows):
    def change(document):
        document["value"] = [row for row in document["value"] if rows(row)]

    return changed(change)


def renamed(old, new):
    def change(document):
        for row in document["value"]:
            row[new] = row.pop(old)

    return changed(change)


def put(**parts):
    return changed(lambda document: document.update(parts))


def drop(*path):
    def change(document):
        for part in path[:-1]:
            document = document[part]
        del document[path[-1]]

    return changed(change)


def linked(link):
    return put(**{"odata.nextLink": link})


def few_values(document):
    document["value"] = dict(list(document["value"].items())[::2])


def text_value(document):
    document["value"][next(iter(document["value"]))] = "5,4"


def scaled(factor):
    def change(document):
        for row in document["value"]:
            row["OpenstaandeVacatures_1"] = row["OpenstaandeVacatures_1"] and row["OpenstaandeVacatures_1"] * factor

    return changed(change)


def twice(document):
    document["value"].append(document["value"][0])


FAULTS = {
    "hangs up": (CBS, cut, "the answer broke off"),
    "not found": (CBS, status(404, b"<h1>no such table</h1>"), "HTTP 404 Not Found, saying '<h1>no such table</h1>'"),
    "broken": (EUROSTAT, status(500), "the office refuses: HTTP 500"),
    "busy": (EUROSTAT, status(429, b"slow down"), "HTTP 429 Too Many Requests, saying 'slow down'"),
    "half": (CBS, lambda _, d: json.dumps(d).encode()[:-9], "no complete JSON document"),
    "page of text": (CBS, lambda *_: b"<html>maintenance</html>", "no complete JSON document"),
    "not UTF-8": (CBS, lambda *_: b'{"value": ["\xff"]}', "no complete JSON document"),
    "no bytes": (CBS, lambda *_: b"", "no complete JSON document"),
    "not finite": (CBS, lambda *_: b'{"value": [{"a": NaN}]}', "NaN is not a number"),
    "nested": (CBS, lambda *_: b"[" * 200_000, "no complete JSON document"),
    "no rows": (CBS, put(value=[]), "the answer is empty"),
    "no list": (CBS, put(value=7), "has no list of rows 'value'"),
    "list": (CBS, lambda *_: [1, 2], "has no list of rows 'value'"),
    "row of text": (CBS, put(value=["a"]), "row 1 is no row but 'a'"),
    "column renamed": (CBS, renamed("OpenstaandeVacatures_1", "OpenstaandeVacatures_4"),
                       r"no column 'OpenstaandeVacatures_1'; did you mean 'OpenstaandeVacatures_4'\?; there is: Bed"),
    "dimension renamed": (CBS, renamed("Bedrijfskenmerken", "Bedrijfskenmerken2025"), "no column 'Bedrijfskenmerken'"),
    "text": (CBS, first_row(OpenstaandeVacatures_1="89.8"),
             "row 1, column 'OpenstaandeVacatures_1': '89.8' is no number"),
    "truth": (CBS, first_row(VervuldeVacatures_3=True), "column 'VervuldeVacatures_3': 'True' is no number"),
    "code that is a number": (CBS, first_row(Bedrijfskenmerken=3010), "column 'Bedrijfskenmerken': 3010 is no code"),
    "year gone": (CBS, every(lambda row: not row["Perioden"].startswith("2019KW")),
                  "80 of 2140 shipped figures are missing, of 2019Q1, 2019Q2, 2019Q3, 2019Q4, such as NL"),
    "section gone": (CBS, every(lambda row: row["Bedrijfskenmerken"] != "307500 "), "107 of 2140 shipped figures are"),
    "last page gone": (CBS, drop("odata.nextLink"), "shipped figures are missing|the answer has no figure"),
    "rows fewer than said": (CBS, put(**{"odata.count": "99999"}), r"incomplete: \d+ of 99999 rows"),
    "all nought": (CBS, scaled(0), "the figures are 0 times those shipped"),
    "all withheld": (CBS, changed(lambda d: [row.update(OpenstaandeVacatures_1=None) for row in d["value"]]),
                     "the answer has no figure"),
    "many withheld": (CBS, changed(lambda d: [row.update(OpenstaandeVacatures_1=None) for row in d["value"][::2]]),
                      "of 2140 shipped figures have no value now"),
    "other unit": (CBS, scaled(1000), "the figures are 1e[+]03 times those shipped; has the unit of the table changed"),
    "twice": (CBS, changed(twice), "two figures for NL"),
    "elsewhere": (CBS, linked("http://198.51.100.7/next"), "would be on another host, 198.51.100.7"),
    "circle": (CBS, linked("/ODataFeed/odata/80472ned/TypedDataSet?$select=Perioden&same=1"), "no column|have no end"),
    "link of no text": (CBS, linked(7), "the link to the next page is no text: 7"),
    "no cube": (EUROSTAT, lambda *_: {"error": [{"status": 413, "label": "too large"}]}, "no JSON-stat data set, but"),
    "cube of text": (EUROSTAT, lambda *_: "dataset", "no JSON-stat data set"),
    "no sizes": (EUROSTAT, drop("size"), "'id' and 'size' do not fit together"),
    "size of text": (EUROSTAT, put(size=["1"] * 6), "'id' and 'size' do not fit together"),
    "dimension gone": (EUROSTAT, changed(lambda d: d["id"].__setitem__(3, "gender")), "no dimension 'sex'"),
    "dimension more": (EUROSTAT, changed(lambda d: (d["id"].append("x"), d["size"].append(1))), "a dimension 'x' that"),
    "codes gone": (EUROSTAT, drop("dimension", "age", "category"), "the dimension 'age' has no codes"),
    "codes fewer": (EUROSTAT, drop("dimension", "age", "category", "index", "Y15-24"), "2 codes for a size of 3"),
    "too large": (EUROSTAT, put(size=[1, 1, 10**6, 10**6, 1, 17]), "a cube of"),
    "list of values": (EUROSTAT, put(value=[1.0, 2.0]), "2 values for a cube of"),
    "value outside": (EUROSTAT, put(value={"999999": 1.0}), "do not fit into a cube of"),
    "text value": (EUROSTAT, changed(text_value), "'5,4' is no number"),
    "values cut off": (EUROSTAT, changed(few_values), "shipped figures have no value now"),
    "no values": (EUROSTAT, put(value={}), "the answer has no figure"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_answer_is_one_clear_error_and_is_not_kept(office, difference, tmp_path, fault):
    name, wrong, message = FAULTS[fault]
    office.publish(KEYS[name])
    office.page = 1000
    office.fault = wrong
    with pytest.raises(FileError, match=message) as caught:
        difference(name)
    assert isinstance(caught.value, KrapteError)
    assert isinstance(caught.value, OSError)
    assert "nothing was changed" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 700
    # The office is well again: the bad answer must not come out of the cache.
    office.fault = None
    assert set(difference(name)["status"]) == {"same"}


def silent(office):
    def wait(*_):
        office.released.wait(20)

    return wait


def stalls(office):
    def send(handler, document):
        body = json.dumps(document).encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[:1000])
        handler.wfile.flush()
        office.released.wait(20)

    return send


@pytest.mark.parametrize("fault", [silent, stalls])
@pytest.mark.parametrize("name", [CBS, EUROSTAT])
def test_an_office_that_falls_silent_is_not_waited_for(office, difference, fault, name):
    office.publish(KEYS[name])
    office.fault = fault(office)
    with pytest.raises(FileError, match=r"no answer within 0.3 seconds; nothing was changed; try again later"):
        difference(name, timeout=0.3)


def test_no_network(difference):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(FileError, match=rf"http://127.0.0.1:{port}/ODataFeed.*: no connection; nothing was changed"):
        difference(CBS, url=f"http://127.0.0.1:{port}")


@pytest.mark.parametrize(
    "url", ["localhost:8000", "ftp://127.0.0.1", "http://", "http://a:b", "http://127.0.0.1/x?y=1", ""]
)
def test_what_is_no_server(difference, url):
    with pytest.raises(ParameterError, match="not the address of a server"):
        difference(CBS, url=url)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), "3"])
def test_what_is_no_time(difference, timeout):
    with pytest.raises(ParameterError, match="timeout: seconds above 0 are needed"):
        difference(CBS, timeout=timeout)


def test_answers_are_kept_for_a_day(office, difference, tmp_path):
    rows = office.publish("cbs_80472ned")
    difference("open_vacancies")
    difference("created_vacancies")
    assert len(office.asked) == 1
    rows[0]["OpenstaandeVacatures_1"] += 1
    assert set(difference("open_vacancies")["status"]) == {"same"}
    assert set(difference("open_vacancies", fresh=True)["status"]) == {"same", "changed"}
    assert len(office.asked) == 2
    assert set(difference("open_vacancies")["status"]) == {"same", "changed"}
    assert len(office.asked) == 2
    difference("open_vacancies", cache=tmp_path / "old.sqlite", max_age=1e-6)
    difference("open_vacancies", cache=tmp_path / "old.sqlite", max_age=1e-6)
    assert len(office.asked) == 4


def test_without_a_place_for_the_cache_it_works_all_the_same(office, difference, tmp_path, caplog):
    office.publish("cbs_80472ned")
    (tmp_path / "file").write_text("in the way")
    for _ in range(2):
        assert set(difference("open_vacancies", cache=tmp_path / "file" / "answers.sqlite")["status"]) == {"same"}
    assert len(office.asked) == 2
    assert "answers are not kept" in caplog.text


def test_a_damaged_cache_is_not_in_the_way(office, difference, tmp_path):
    office.publish("cbs_80472ned")
    (tmp_path / "answers.sqlite").write_bytes(b"this is no data base at all, but long enough to look like one" * 99)
    assert set(difference("open_vacancies")["status"]) == {"same"}


def test_the_extra_is_named_if_it_is_missing(office, monkeypatch):
    monkeypatch.setitem(sys.modules, "requests_cache", None)
    with pytest.raises(ParameterError, match=r"remedy: pip install 'krapte_sd\[statistics\]'"):
        statistics.difference(CBS, url=office.url)
    assert len(statistics.tables()) > 15
