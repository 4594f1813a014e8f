"""Pictures of the tutorial, the explorer and the report as a reader sees them, taken with a headless Chromium.

They are looked at before they are committed; a picture is not compared byte by byte, so `--check` only asks whether it
is there, small, and shown on a page. Needs the extras ``docs``, ``explore`` and ``test`` and a Chromium.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import krapte_sd

FOLDER = "docs/images/screenshots"
LARGEST = 300_000
"""Bytes of a picture."""
COLOURS = 128
WIDTH, HEIGHT = 1280, 900

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_SECONDS = 300_000
_DRAWN = "() => window.Bokeh?.documents[0]?.get_model_by_name('band')?.data.low.length > 5"


def _tutorial(page: Any, root: Path) -> bytes:
    """Show the page as Sphinx builds it; the gallery, which runs for minutes, is left out."""
    extensions = "myst_parser,numpydoc,sphinx.ext.autodoc,sphinx.ext.mathjax"
    with tempfile.TemporaryDirectory() as folder:
        call = [sys.executable, "-m", "sphinx", "-q", "-b", "html", "-D", f"extensions={extensions}"]
        subprocess.run([*call, str(root / "docs"), folder], check=True, stderr=subprocess.DEVNULL)
        page.goto((Path(folder) / "tutorial.html").as_uri())
        page.wait_for_load_state("networkidle")
        # Without the list of pages beside it.
        box = page.locator("article").bounding_box()
        margin = 24
        left = {"x": box["x"] - margin, "width": box["width"] + 2 * margin}
        return bytes(page.screenshot(clip={**left, "y": 0, "height": HEIGHT}))


def _explorer(page: Any, root: Path) -> bytes:
    """Show the explorer with its band drawn."""
    from krapte_sd.explorer import explore

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the server's own libraries
        server = explore(show=False, threaded=True)
        try:
            _go(page, server.url)
            page.wait_for_function(_DRAWN, timeout=_SECONDS)
            page.wait_for_timeout(1500)
            return bytes(page.screenshot())
        finally:
            server.stop()


def _go(page: Any, url: str) -> None:
    """Open a page of a server that may still be starting."""
    from playwright.sync_api import Error

    for _ in range(60):
        try:
            page.goto(url)
        except Error:
            page.wait_for_timeout(500)
        else:
            return
    raise SystemExit(f"{url} does not answer")


def _report(page: Any, root: Path) -> bytes:
    """Show the head of the report of the baseline."""
    from krapte_sd.explorer.report import write_report

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        write_report(krapte_sd.run("baseline"), path)
        page.goto(path.as_uri())
        page.wait_for_load_state("networkidle")
        return bytes(page.screenshot())


PICTURES: dict[str, Callable[[Any, Path], bytes]] = {"tutorial": _tutorial, "explorer": _explorer, "report": _report}


@contextmanager
def _browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if program is None:
        raise SystemExit("no Chromium found; on Debian: apt-get install chromium")
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        finally:
            browser.close()


def _small(picture: bytes) -> bytes:
    """Write a picture with few colours."""
    from PIL import Image

    out = io.BytesIO()
    image = Image.open(io.BytesIO(picture)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def make(root: Path, *, write: bool) -> list[str]:
    """Take the pictures; without `write`, name those that are not there, too large or not shown on a page."""
    names = {name: f"{FOLDER}/{name}.png" for name in PICTURES}
    if write:
        (root / FOLDER).mkdir(parents=True, exist_ok=True)
        with _browser() as page:
            for name, take in PICTURES.items():
                (root / names[name]).write_bytes(_small(take(page, root)))
        return list(names.values())
    pages = "".join(path.read_text(encoding="utf-8") for path in sorted((root / "docs").glob("*.md")))
    stale = []
    for path in names.values():
        there = (root / path).is_file() and (root / path).stat().st_size <= LARGEST
        if not there or f"({path.removeprefix('docs/')})" not in pages:
            stale.append(path)
    return stale
