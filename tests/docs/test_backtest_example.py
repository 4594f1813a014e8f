"""The example of the back-test runs; with few members and without the slow methods."""

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="figures are drawn with the extra plot")

from matplotlib.figure import Figure

from krapte_sd.backtest import benchmarks, run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def names(root):
    script = root / "examples" / "plot_06_backtest.py"
    text = script.read_text(encoding="utf-8")
    assert text.count("MEMBERS = 100\n") == 1
    found = {"__name__": "example"}
    with pytest.MonkeyPatch.context() as patch:
        quick = {name: benchmarks.BENCHMARKS[name] for name in ("random_walk", "linear_trend")}
        patch.setattr(run, "BENCHMARKS", quick)
        exec(compile(text.replace("MEMBERS = 100\n", "MEMBERS = 4\n"), str(script), "exec"), found)
    return found


def test_each_panel_shows_the_forecast_and_what_happened(names):
    for origin in (2010, 2015):
        figure = names[f"from_{origin}"]
        assert isinstance(figure, Figure)
        assert [axes.get_title() for axes in figure.axes] == list(names["PANELS"])
        for axes in figure.axes:
            own, truth, before = (line.get_xydata() for line in axes.lines[:3])
            assert own[0, 0] == origin
            assert truth[0, 0] == origin - 1
            assert before[-1, 0] == origin - 1
            assert tuple(truth[0]) == tuple(before[-1])
            for points in (own, truth, before):
                assert np.isfinite(points).all()
                assert points[:, 1].min() >= axes.get_ylim()[0]
                assert points[:, 1].max() <= axes.get_ylim()[1]


def test_errors_are_drawn_for_each_method_there_is(names):
    for axes in names["errors"].axes:
        drawn = {line.get_label(): len(line.get_xdata()) for line in axes.lines}
        assert drawn["krapte_sd"] == drawn["random walk"] == 6


def test_the_tables_hold_all_targets(names):
    assert set(names["chosen"].index.get_level_values("target")) == set(names["SCORED"])
    assert np.isfinite(names["chosen"].to_numpy(float)).all()
    assert set(names["cells"].index.get_level_values("target")) == set(run.REGIONAL)
