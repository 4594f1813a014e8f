"""The gallery of examples shows the figures that the examples bind to names."""

import ast
from pathlib import Path

import pytest

pytest.importorskip("sphinx_gallery", reason="the documentation is built with the extra docs")

from matplotlib.figure import Figure
from tools.docs.gallery import scrape


def _figure(title):
    figure = Figure()
    figure.subplots().set_title(title)
    return figure


def test_each_figure_is_shown_once_and_has_a_text(tmp_path):
    paths = iter(str(tmp_path / f"{i}.png") for i in range(9))
    one, two = _figure("One"), _figure("Two")
    names = {"one": one, "again": one, "number": 1}
    block = {"example_globals": names, "image_path_iterator": paths}
    settings = {"src_dir": str(tmp_path)}
    first = scrape(None, block, settings)
    assert ":alt: One" in first
    assert "/0.png" in first
    names["two"] = two
    second = scrape(None, block, settings)
    assert ":alt: Two" in second
    assert "/0.png" not in second
    assert scrape(None, block, settings) == ""
    assert sorted(path.name for path in tmp_path.glob("*.png")) == ["0.png", "1.png"]
    assert Path(tmp_path / "0.png").read_bytes().startswith(b"\x89PNG")


def test_examples_bind_what_they_draw(root):
    scripts = sorted((root / "examples").glob("plot_*.py"))
    assert scripts
    for script in scripts:
        for statement in ast.parse(script.read_text(encoding="utf-8")).body:
            if isinstance(statement, ast.Expr):
                assert not ast.unparse(statement).startswith("plots."), f"{script.name}:{statement.lineno}: no name"
