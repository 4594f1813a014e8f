"""The commands ``krapte-sd explore`` and ``krapte-sd report``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

__all__ = ["add_commands"]


def add_commands(commands: Any, divisions: Sequence[str]) -> None:
    """Add both to the parsers of the command line."""
    explore = commands.add_parser("explore", help="open a page with levers in the browser", allow_abbrev=False)
    explore.add_argument("--port", metavar="PORT", type=int, default=0, help="default: any that is free")
    explore.add_argument("--host", metavar="NAME", default="localhost", help="address to listen on; default: localhost")
    explore.add_argument("--no-browser", action="store_true", help="print the address and open no browser")
    explore.set_defaults(command=_explore)

    report = commands.add_parser("report", help="write one HTML page to read", allow_abbrev=False)
    report.add_argument("scenario", metavar="SCENARIO", help="a name out of 'list scenarios', or a YAML file")
    report.add_argument("-o", "--output", metavar="FILE", required=True, help="the page to write (.html)")
    choices = ", ".join(divisions) + "; default: nl"
    report.add_argument("--regions", metavar="DIVISION", choices=divisions, default="nl", help=choices)
    report.set_defaults(command=_report)


def _explore(arguments: argparse.Namespace) -> int:
    from krapte_sd.explorer.serving import explore

    explore(arguments.port, host=arguments.host, show=not arguments.no_browser)
    return 0


def _report(arguments: argparse.Namespace) -> int:
    import krapte_sd
    from krapte_sd.explorer.report import check_page, write_report

    check_page(arguments.output)
    ds = krapte_sd.run(arguments.scenario, regions=arguments.regions)
    print(f"{arguments.output}: written, SHA-256 {write_report(ds, arguments.output)}")
    return 0
