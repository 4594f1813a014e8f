"""The explorer: a page in the browser where levers are moved and the forecast is drawn again (extra ``explore``).

`explore` serves the page, `write_report` makes one HTML file for those who only read. What both show is in `session`,
which needs neither.
"""

from __future__ import annotations

from krapte_sd.explorer.report import report, write_report
from krapte_sd.explorer.serving import explore
from krapte_sd.explorer.session import Band, Levers, Picture, Session

__all__ = ["Band", "Levers", "Picture", "Session", "explore", "report", "write_report"]
