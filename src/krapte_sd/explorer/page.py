"""The page of the explorer: widgets of Panel around charts of Bokeh, which get new numbers and are not made anew."""

from __future__ import annotations

import html
import io
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import panel as pn
from bokeh.models import ColumnDataSource, HoverTool
from bokeh.plotting import figure

from krapte_sd.errors import KrapteError, ScenarioError
from krapte_sd.explorer.session import ALL, SHOWN, TABLE_YEARS, Band, Levers, Session

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Page"]

BLUE, ORANGE, GREY = "#0072B2", "#E69F00", "#777777"
FIRST_SHOWN: Final = ("market_makes_room", "wage_response")
DIVISIONS: Final = {"Netherlands": "nl", "12 provinces": "province", "35 labour-market regions": "arbeidsmarktregio"}
WIDTH: Final = 330
STRENGTHS: Final = ("low", "central", "high")


class Page:
    """One visitor's page.

    Attributes
    ----------
    session : Session
        Runs the forecasts.
    ds : xarray.Dataset
        The forecast that is shown.
    """

    def __init__(self) -> None:
        self.session = Session()
        self.levers = Levers()
        self.ds: xr.Dataset = self.session.baseline(self.levers)
        self._turn = 0  # counts what is asked for, so that a band that comes too late is not drawn
        self._quiet = False
        self._make_widgets()
        self._make_charts()
        self._show()
        self._start_band()

    # -- widgets ----------------------------------------------------------------------------

    def _make_widgets(self) -> None:
        w = pn.widgets
        told = self.session.parameters
        self.population = w.Select(label="Population future", options=self.session.populations, width=WIDTH)
        self.division = w.Select(label="Division of the country", options=DIVISIONS, width=WIDTH)
        self.region = w.Select(label="Region (of work)", options=self._regions(), width=WIDTH)
        self.sector = w.Select(label="Sector", options=self._sectors(), width=WIDTH)
        self.variable = w.Select(label="Shown", options={label: name for name, label in SHOWN.items()}, width=WIDTH)
        self.year = w.IntSlider(label="1 January of the bars", start=2024, end=2051, value=2050, width=WIDTH)
        names = {f"{name} ({each['status']})": name for name, each in told.items()}
        first = [name for name in FIRST_SHOWN if name in told]
        self.chosen = w.MultiChoice(label="Parameters to move", options=names, value=first, width=WIDTH)
        titles = {f"{each['id']} {each['title']}": name for name, each in self.session.measures.items()}
        self.measures = w.MultiChoice(label="Measures", options=titles, width=WIDTH)
        self.band = w.Checkbox(label="Band: nine of ten members with drawn parameters", value=True)
        self.upload = w.FileInput(accept=".yaml,.yml", width=WIDTH)
        self.reset = w.Button(label="Back to the baseline", width=WIDTH)
        self.sliders: dict[str, Any] = {}
        self.terms: dict[str, tuple[Any, Any]] = {}
        self._parameter_box, self._measure_box = pn.Column(), pn.Column()
        self._rebuild_parameters()
        self.message = pn.pane.HTML("", width=900)
        self.status = pn.pane.HTML("", width=900)
        self.table = pn.pane.HTML("", width=900)
        self.sources = pn.pane.HTML("", width=860)
        self.folded = pn.Accordion(("Sources of the figures", self.sources), width=900)
        save: Any = pn.widgets.FileDownload
        self.downloads = [
            save(callback=self._yaml, filename="scenario.yaml", label="Scenario (YAML)", button_type="primary"),
            save(callback=lambda: self._file(".csv"), filename="forecast.csv", label="Forecast (CSV)"),
            save(callback=lambda: self._file(".nc"), filename="forecast.nc", label="Forecast (netCDF)"),
        ]
        for widget in (self.population, self.division):
            widget.param.watch(self._moved, "value")
        for widget in (self.region, self.sector, self.variable, self.year, self.band):
            widget.param.watch(self._looked, "value")
        self.chosen.param.watch(self._chose, "value")
        self.measures.param.watch(self._chose, "value")
        self.upload.param.watch(self._opened, "value")
        self.folded.param.watch(self._show_sources, "active")
        self.reset.on_click(lambda *_: self._set(Levers(regions=self.division.value)))

    def _regions(self) -> dict[str, str]:
        codes, names = self.ds["region"].values, self.ds["region_name"].values
        found = {f"{name} ({code})": str(code) for code, name in zip(codes, names, strict=True)}
        return {"All together": ALL, **found} if len(found) > 1 else {"All together": ALL}

    def _sectors(self) -> dict[str, str]:
        codes, names = self.ds["sector"].values, self.ds["sector_name"].values
        return {"All sections": ALL} | {f"{c}: {name}": str(c) for c, name in zip(codes, names, strict=True)}

    def _rebuild_parameters(self) -> None:
        told = self.session.parameters
        for name in self.chosen.value:
            if name in self.sliders:
                continue
            each = told[name]
            slider = pn.widgets.EditableFloatSlider(
                label=f"{name} [{each['unit']}]",
                start=each["low"],
                end=each["high"],
                step=(each["high"] - each["low"]) / 40,
                value=each["value"],
                format="0.0000",
                width=WIDTH,
            )
            slider.param.watch(self._moved, "value")
            self.sliders[name] = slider
        self.sliders = {name: self.sliders[name] for name in self.chosen.value}
        self._parameter_box[:] = [
            pn.Column(slider, pn.pane.HTML(f"<small>{html.escape(told[name]['definition'])}</small>", width=WIDTH))
            for name, slider in self.sliders.items()
        ]

    def _rebuild_measures(self) -> None:
        told = self.session.measures
        for name in self.measures.value:
            if name in self.terms:
                continue
            start = pn.widgets.IntInput(label="starts in", value=int(told[name]["start"]), width=100)
            strength = pn.widgets.Select(label="strength", options=list(STRENGTHS), value="central", width=110)
            for widget in (start, strength):
                widget.param.watch(self._moved, "value")
            self.terms[name] = (start, strength)
        self.terms = {name: self.terms[name] for name in self.measures.value}
        self._measure_box[:] = [
            pn.Column(
                pn.pane.HTML(f"<b>{html.escape(str(told[name]['title']))}</b><br><small>{_caveat(told[name])}</small>",
                             width=WIDTH),
                pn.Row(*terms),
            )
            for name, terms in self.terms.items()
        ]  # fmt: skip

    # -- charts -----------------------------------------------------------------------------

    def _make_charts(self) -> None:
        self.lines = ColumnDataSource({"year": [], "now": [], "base": []}, name="lines")
        self.area = ColumnDataSource({"year": [], "low": [], "high": []}, name="band")
        self.bars = ColumnDataSource({"sector": [], "now": [], "base": []}, name="bars")
        over_time = figure(height=330, width=560, x_axis_label="1 January", y_axis_label="thousand persons",
                           tools="pan,wheel_zoom,reset,save", name="over_time")  # fmt: skip
        over_time.varea("year", "low", "high", source=self.area, color=BLUE, alpha=0.18, legend_label="band")
        over_time.line("year", "base", source=self.lines, color=GREY, line_dash="dashed", line_width=2,
                       legend_label="baseline")  # fmt: skip
        now = over_time.line("year", "now", source=self.lines, color=BLUE, line_width=3, legend_label="your scenario")
        tips = [("1 January", "@year"), ("scenario", "@now{0,0.0}"), ("baseline", "@base{0,0.0}")]
        over_time.add_tools(HoverTool(renderers=[now], tooltips=tips, mode="vline"))
        over_time.legend.location = "top_left"
        over_time.y_range.only_visible = True
        sectors = [str(each) for each in self.ds["sector"].values]
        # No legend: it would hide a bar, whichever corner it stands in.
        by_sector = figure(height=330, width=340, y_range=sectors[::-1], tools="save", name="by_sector",
                           x_axis_label="thousand persons (diamond: baseline)")  # fmt: skip
        by_sector.hbar(y="sector", right="now", height=0.7, source=self.bars, color=BLUE, alpha=0.85)
        by_sector.scatter("base", "sector", source=self.bars, color=ORANGE, size=9, marker="diamond",
                          line_color="black")  # fmt: skip
        self.over_time, self.by_sector = over_time, by_sector

    def layout(self) -> Any:
        """Give the page."""
        side = pn.Column(
            pn.pane.HTML("<h2 style='margin:0'>krapte_sd explorer</h2>Labour shortage in the Netherlands to 2050"),
            *(self.division, self.region, self.sector, self.variable, self.year),
            pn.pane.HTML("<h3 style='margin:6px 0 0'>Levers</h3>"),
            *(self.population, self.chosen, self._parameter_box, self.measures, self._measure_box),
            *(self.band, self.reset),
            pn.pane.HTML("<b>Open a scenario</b> (YAML)"),
            self.upload,
            width=WIDTH + 30,
            styles={"background": "#f5f5f2", "padding": "10px"},
        )
        main = pn.Column(
            self.message,
            pn.Row(pn.pane.Bokeh(self.over_time), pn.pane.Bokeh(self.by_sector)),
            self.table,
            pn.Row(*self.downloads),
            self.status,
            self.folded,
        )
        return pn.Row(side, main)

    # -- what happens -----------------------------------------------------------------------

    def _read_levers(self) -> Levers:
        told = self.session.parameters
        parameters = {n: float(s.value) for n, s in self.sliders.items() if s.value is not None
                      and not np.isclose(s.value, told[n]["value"], rtol=1e-12)}  # fmt: skip
        policies: dict[str, dict[str, Any]] = {}
        for name, (start, strength) in self.terms.items():
            own: dict[str, Any] = {}
            if start.value is None:
                raise ScenarioError(f"measure '{name}': no year in which it starts; give one from 2024 on")
            if start.value != int(self.session.measures[name]["start"]):
                own["start"] = int(start.value)
            if strength.value != "central":
                own["strength"] = strength.value
            policies[name] = own
        first = self.session.populations[0]
        population = None if self.population.value == first else self.population.value
        return Levers("baseline", population, parameters, policies, self.division.value)

    def _moved(self, *_: Any) -> None:
        """A lever was moved: run, and draw."""
        if self._quiet:
            return
        try:
            levers = self._read_levers()
            for name, value in levers.parameters.items():
                each = self.session.parameters[name]
                if not each["low"] <= value <= each["high"]:
                    raise ScenarioError(
                        f"{name} = {value:g}: outside its range; allowed: {each['low']:g} to {each['high']:g}"
                    )
            ds = self.session.forecast(levers)
        except KrapteError as error:
            self._complain(error)
            return
        new_division = levers.regions != self.levers.regions
        self.levers, self.ds = levers, ds
        if new_division:
            self._quiet = True
            self.region.options = self._regions()
            self.region.value = ALL
            self.band.value = levers.regions == "nl"
            self._quiet = False
        self.message.object = ""
        self._show()
        self._start_band()

    def _chose(self, *_: Any) -> None:
        """Other parameters or measures have a lever."""
        if not self._quiet:
            self._rebuild_parameters()
            self._rebuild_measures()
            self._moved()

    def _looked(self, *_: Any) -> None:
        """Something else is to be shown of the same forecast."""
        if not self._quiet:
            self._show()
            self._start_band()

    def _complain(self, error: Exception) -> None:
        text = html.escape(str(error)).replace("\n", "<br>")
        self.message.object = f"<div class='refused' style='border-left:4px solid #D55E00;padding:6px'>{text}</div>"

    def _set(self, levers: Levers) -> None:
        """Put all widgets where the levers stand."""
        self._quiet = True
        try:
            self.population.value = levers.population or self.session.populations[0]
            self.sliders, self.terms = {}, {}
            self.chosen.value = [*dict.fromkeys((*(n for n in FIRST_SHOWN if n in self.session.parameters),
                                                 *levers.parameters))]  # fmt: skip
            self._rebuild_parameters()
            for name, value in levers.parameters.items():
                self.sliders[name].value = value
            self.measures.value = list(levers.policies)
            self._rebuild_measures()
            for name, own in levers.policies.items():
                start, strength = self.terms[name]
                start.value = int(own.get("start") or start.value)
                strength.value = own.get("strength", "central")
        finally:
            self._quiet = False
        self._moved()

    def _opened(self, *_: Any) -> None:
        """A scenario file was given."""
        if not self.upload.value:
            return
        try:
            self._set(self._levers_of(self.upload.value))
        except KrapteError as error:
            self._complain(error)

    def _levers_of(self, data: bytes) -> Levers:
        from krapte_sd.scenarios import read_scenario

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "scenario.yaml"
            path.write_bytes(data)
            found = read_scenario(str(path))
        unknown = [name for name in found.parameters if name not in self.session.parameters]
        unknown += [each.measure.slug for each in found.policies if each.measure.slug not in self.session.measures]
        if unknown:
            raise ScenarioError(
                f"the explorer has no lever for {', '.join(unknown)}; remedy: run the file with `krapte-sd run`"
            )
        policies = {each.measure.slug: {"start": each.measure.start} for each in found.policies}
        numbers = {name: float(value) for name, value in found.parameters.items()}
        first = self.session.populations[0]
        population = None if found.population == first else found.population
        return Levers("baseline", population, numbers, policies, self.division.value)

    # -- drawing ----------------------------------------------------------------------------

    def _show(self) -> None:
        base = self.session.baseline(self.levers)
        look = (self.variable.value, self.region.value, self.sector.value, self.year.value)
        now, then = (self.session.picture(each, *look) for each in (self.ds, base))
        self.area.data = {"year": [], "low": [], "high": []}
        self.lines.data = {"year": now.years, "now": now.values, "base": then.values}
        sectors = [str(each) for each in self.ds["sector"].values]
        self.bars.data = {"sector": sectors, "now": now.by_sector, "base": then.by_sector}
        label = SHOWN[self.variable.value]
        region, sector = (
            next(text for text, code in each.options.items() if code == each.value)
            for each in (self.region, self.sector)
        )
        self.over_time.title.text = f"{label}: {region if len(self.region.options) > 1 else 'Netherlands'}, {sector}"
        self.by_sector.title.text = f"{label} by section, 1 January {self.year.value}"
        self.table.object = _table(self.session.table(self.ds, base, self.region.value, self.sector.value))
        self.status.object = _status(self.ds)
        self._show_sources()

    def _show_sources(self, *_: Any) -> None:
        """Write the sources if they are unfolded: the browser takes longer for this list than for the charts."""
        if self.folded.active:
            self.sources.object = _sources(self.ds)

    def _start_band(self) -> None:
        """Compute the band beside, so that the lines never wait for it."""
        self._turn += 1
        if not self.band.value:
            return
        turn, levers = self._turn, self.levers
        look = (self.variable.value, self.region.value, self.sector.value)
        document = pn.state.curdoc

        def work() -> None:
            try:
                band = self.session.band(levers, *look)
            except KrapteError:
                return  # the same levers were refused in the foreground, with a message
            if document is None:
                self._draw_band(turn, band)
            else:
                document.add_next_tick_callback(lambda: self._draw_band(turn, band))

        if document is not None:
            threading.Thread(target=work, daemon=True).start()
        else:
            work()

    def _draw_band(self, turn: int, band: Band) -> None:
        if turn == self._turn:
            self.area.data = {"year": self.lines.data["year"], "low": band.low, "high": band.high}

    # -- downloads --------------------------------------------------------------------------

    def _yaml(self) -> io.BytesIO:
        return io.BytesIO(self.session.yaml(self.levers).encode())

    def _file(self, suffix: str) -> io.BytesIO:
        from krapte_sd.files import write_forecast

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"forecast{suffix}"
            write_forecast(self.ds, path)
            return io.BytesIO(path.read_bytes())


def _caveat(measure: dict[str, Any]) -> str:
    return html.escape(f"{measure['status']}; {measure['caveat']}")


def _table(rows: list[dict[str, Any]]) -> str:
    head = "".join(f"<th colspan=2 style='text-align:right'>{year}</th>" for year in TABLE_YEARS)
    body = ""
    for row in rows:
        cells = "".join(
            f"<td style='text-align:right;padding-left:14px'>{row[str(y)]:,.1f}</td>"
            f"<td style='text-align:right;color:#555'>{row[f'{y} change']:+,.1f}</td>"
            for y in TABLE_YEARS
        )
        body += f"<tr><td>{row['what']}</td>{cells}</tr>"
    note = "Thousand persons on 1 January; beside each figure its difference from the baseline."
    return f"<table class='figures'><tr><th></th>{head}</tr>{body}</table><small>{note}</small>"


def _status(ds: xr.Dataset) -> str:
    counts = html.escape(str(ds.attrs["parameter_status_counts"]))
    notes = html.escape(str(ds.attrs.get("policy_notes", ""))).replace("\n", "<br>")
    return f"<small>Parameter values by status: {counts}. {ds.attrs['comment']}<br>{notes}</small>"


def _sources(ds: xr.Dataset) -> str:
    items = "".join(f"<li>{html.escape(line)}</li>" for line in str(ds.attrs["references"]).splitlines())
    return f"<small><ul class='sources'>{items}</ul>{html.escape(str(ds.attrs['license']))}</small>"
