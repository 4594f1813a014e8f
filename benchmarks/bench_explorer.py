"""How long the explorer takes from a moved lever to the redrawn chart, measured inside a real browser.

    python -m benchmarks.bench_explorer

Needs Chromium. The clock is that of the page: from the key that moves a slider to the second frame after the new
numbers are in the chart. The processor time of the server for the same moves stands beside it: on a busy machine it
tells more.
"""

from __future__ import annotations

import shutil
import statistics
import time

from playwright.sync_api import sync_playwright

import krapte_sd
from krapte_sd.explorer import explore
from krapte_sd.explorer.page import DIVISIONS

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
READY = "() => window.Bokeh && Bokeh.documents.length && Bokeh.documents[0].get_model_by_name('lines')"
WATCH = """() => {
  const lines = Bokeh.documents[0].get_model_by_name('lines');
  window.moved = null; window.took = [];
  document.addEventListener('keydown', () => { window.moved = performance.now() }, true);
  lines.change.connect(() => { if (window.moved === null) return; const since = window.moved; window.moved = null;
    requestAnimationFrame(() => requestAnimationFrame(() => window.took.push(performance.now() - since))) });
}"""
MOVES = 12


def moves(page) -> tuple[list[float], float]:
    """Move the first slider some times; give seconds to the chart, and of the server's processor for each move."""
    handle = page.locator(".noUi-handle").nth(1)
    page.evaluate(WATCH)
    start = time.process_time()
    for k in range(MOVES):
        handle.press("ArrowRight" if k % 4 < 2 else "ArrowLeft")
        page.wait_for_function(f"window.took.length == {k + 1}", timeout=120_000)
    used = (time.process_time() - start) / MOVES
    return [each / 1000 for each in page.evaluate("window.took")], used


def main() -> None:
    """Measure both divisions and print a table."""
    for division in DIVISIONS.values():  # compiled before the clock runs
        krapte_sd.run("baseline", regions=division, by_age=False)
    server = explore(show=False, threaded=True)
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1320, "height": 1000})
        begin = time.perf_counter()
        page.goto(server.url)
        page.wait_for_function(READY, timeout=120_000)
        print(f"page loaded in {time.perf_counter() - begin:.2f} s")
        page.locator("input[type=checkbox]").first.uncheck()
        for division in DIVISIONS:
            page.locator("select").first.select_option(label=division)
            page.wait_for_timeout(20_000)
            took, used = moves(page)
            print(
                f"{division:26} lever to chart: median {statistics.median(took):.2f} s, longest {max(took):.2f} s; "
                f"server {used:.2f} s of processor"
            )
        browser.close()
    server.stop()


if __name__ == "__main__":
    main()
