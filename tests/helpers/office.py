"""A statistics office on loopback: it speaks OData (versions 3 and 4) and JSON-stat, and fails as it is told."""

import itertools
import json
import math
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from krapte_sd.parameters.locate import parameters_folder
from krapte_sd.statistics.content import DIMENSIONS, Keys, read_content
from krapte_sd.statistics.declared import PERIOD, declared

WIDTHS = {"RegioS": 6, "Bedrijfskenmerken": 7, "BedrijfstakkenBranchesSBI2008": 7}
"""StatLine fills its codes up with blanks."""


def period_of_the_office(text, kind, protocol):
    """Write a period of ours as the office does."""
    year = text[:4]
    if kind == "quarter":
        return f"{year}KW0{text[-1]}" if protocol == "odata" else f"{year}-Q{text[-1]}"
    return f"{year}JJ00" if protocol == "odata" else year


def shipped_rows(key):
    """Make the rows of a table out of the shipped figures, as if the office had changed nothing."""
    known = declared()
    table = known.tables[key]
    protocol = known.offices[table.office].protocol
    back = {name: {ours: theirs for theirs, ours in known.codes[codes].items()} for name, codes in table.codes.items()}
    values = sorted({each.column for each in table.figures.values()})
    rows = {}
    for name, figures in table.figures.items():
        for place, value in (
            read_content(parameters_folder(), figures.file).of(name, Keys(figures.sources, key)).items()
        ):
            ours = dict(zip(DIMENSIONS, place, strict=True))
            row = {}
            for column, dimension in table.columns.items():
                if dimension == PERIOD:
                    row[column] = period_of_the_office(ours[PERIOD], figures.period, protocol)
                elif dimension:
                    row[column] = back[dimension][ours[dimension]]
                else:
                    row[column] = figures.where.get(column, "A")
                row[column] = row[column].ljust(WIDTHS.get(column, 0) if protocol == "odata" else 0)
            cells = rows.setdefault(tuple(row.values()), row | dict.fromkeys(values))
            number = float(value) / figures.factor
            cells[figures.column] = float(f"{number:.10g}")
    return list(rows.values())


def cube(rows, columns):
    """Make a JSON-stat data set out of rows."""
    codes = [sorted({row[name] for row in rows}) for name in columns]
    place = {key: number for number, key in enumerate(itertools.product(*codes))}
    values = {str(place[tuple(row[name] for name in columns)]): row["value"] for row in rows}
    return {
        "version": "2.0",
        "class": "dataset",
        "label": "as published",
        "id": list(columns),
        "size": [len(each) for each in codes],
        "dimension": {
            name: {"category": {"index": {code: number for number, code in enumerate(each)}}}
            for name, each in zip(columns, codes, strict=True)
        },
        "value": {key: value for key, value in values.items() if value is not None},
    }


class Office:
    """The server.

    Attributes
    ----------
    rows : dict of str to list of dict
        Rows by identifier of the table.
    page : int
        Most rows in one answer.
    version : {3, 4}
        Of OData: how the link to the next page is called.
    asked : list of str
        Addresses that were asked for.
    fault : callable, optional
        Gets the request handler and the document; answers itself, or returns the document to send.
    """

    def __init__(self):
        self.rows = {}
        self.page = 10_000
        self.version = 3
        self.asked = []
        self.fault = None
        self.released = threading.Event()
        office = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                office.answer(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)

    def publish(self, key):
        """Publish a table with the shipped figures; return its rows, which may be changed."""
        self.rows[declared().tables[key].table] = rows = shipped_rows(key)
        return rows

    def answer(self, handler):
        self.asked.append(handler.path)
        address = urlsplit(handler.path)
        query = {name: given[0] for name, given in parse_qs(address.query).items()}
        parts = address.path.strip("/").split("/")
        if parts[-1] == "TypedDataSet" and parts[-2] in self.rows:
            document = self.feed(parts[-2], query, address)
        elif parts[:5] == ["eurostat", "api", "dissemination", "statistics", "1.0"] and parts[-1] in self.rows:
            columns = next(t.columns for t in declared().tables.values() if t.table == parts[-1])
            document = cube(self.rows[parts[-1]], list(columns))
        else:
            self.send(handler, b'{"error": "no such table"}', 404)
            return
        if self.fault is not None:
            document = self.fault(handler, document)
            if document is None:
                return
        self.send(handler, document if isinstance(document, bytes) else json.dumps(document).encode())

    def feed(self, table, query, address):
        first = int(query.get("$skiptoken", 0))
        rows = self.rows[table]
        wanted = query["$select"].split(",") if "$select" in query else None
        part = [{n: row[n] for n in wanted if n in row} if wanted else row for row in rows[first : first + self.page]]
        document = {"odata.metadata": f"{self.url}/$metadata", "value": part}
        if first + self.page < len(rows):
            link = f"{self.url}{address.path}?$select={query['$select']}&$skiptoken={first + self.page}"
            document["odata.nextLink" if self.version == 3 else "@odata.nextLink"] = link
        return document

    def send(self, handler, body, status=200, length=None):
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        handler.end_headers()
        handler.wfile.write(body)

    def pages_of(self, table):
        return math.ceil(len(self.rows[table]) / self.page)
