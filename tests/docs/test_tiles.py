"""Maps of regions: the layout that ships, what is drawn, outlines of a caller, and what is refused."""

import csv
import itertools
import json

import numpy as np
import pytest

import krapte_sd as ks
from krapte_sd import plots
from krapte_sd.errors import FileError, ParameterError
from krapte_sd.parameters.locate import parameters_folder
from krapte_sd.parameters.regions import read_region_set

pytest.importorskip("matplotlib", reason="figures need the extra plot")


@pytest.fixture(scope="module")
def provinces():
    return ks.run("baseline", regions="province", until=2031)


def drawn(figure):
    axes = figure.axes[0]
    return axes, [text.get_text().replace("\n", " ") for text in axes.texts]


def write_outlines(path, codes, corners, key="statcode"):
    """Write one square a region; `corners` gives the lower left corner of the first, in a row."""
    x, y = corners
    features = []
    for at, code in enumerate(codes):
        ring = [[x + at, y], [x + at + 1, y], [x + at + 1, y + 1], [x + at, y + 1], [x + at, y]]
        kind = "MultiPolygon" if at == 0 else "Polygon"
        coordinates = [[ring]] if at == 0 else [ring]
        properties = {key: code, "name": f"region {at}"}
        features.append(
            {"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": coordinates}}
        )
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def test_the_layout_has_each_region_once_and_one_place_each():
    with (parameters_folder() / "codes" / "tiles.csv").open(encoding="utf-8", newline="") as file:
        place = {row["code"]: (int(row["row"]), int(row["column"])) for row in csv.DictReader(file)}
    both = [read_region_set(name).codes for name in ("province", "arbeidsmarktregio")]
    assert sorted(place) == sorted(itertools.chain(*both))
    for codes in both:
        assert len({place[code] for code in codes}) == len(codes)
    # north is above south, west is left of east
    assert place["AM01"][0] < place["AM05"][0] < place["AM30"][0]
    assert place["PV29"][1] < place["PV30"][1] < place["PV31"][1]


def test_a_tile_shows_name_and_value(provinces):
    axes, texts = drawn(plots.tile_map(provinces, "population_total", 2024))
    assert len(axes.patches) == 12
    zeeland = float(provinces["population_total"].sel(region="PV29", time="2024-01-01")) / 1000
    at = texts.index("Zeeland")
    assert texts[at + 1] == f"{zeeland:,.0f}"
    assert "1 January 2024" in axes.get_title()
    assert "thousand persons" in axes.get_title()


def test_a_share_is_of_sums(provinces):
    axes, texts = drawn(plots.tile_map(provinces, "need_gap", 2025, relative_to="labour_needed"))
    parts = provinces[["need_gap", "labour_needed"]].sel(time="2025-01-01", region="PV20").sum("sector")
    assert texts[texts.index("Groningen") + 1] == f"{100 * float(parts['need_gap'] / parts['labour_needed']):.1f}"
    assert "per 100 of labour needed" in axes.get_title()


def test_a_flow_belongs_to_a_year_and_may_be_negative(provinces):
    axes, texts = drawn(plots.tile_map(provinces, "expansion_demand", 2030))
    assert axes.get_title().startswith("Expansion demand, 2030")
    values = np.array([float(text) for text in texts[1::2]])
    seen = provinces["expansion_demand"].sel(year=2030).sum("sector").values / 1000
    np.testing.assert_allclose(values, seen, atol=0.051)
    assert values.min() < 0 < values.max()
    assert "-0.0" not in texts


@pytest.mark.parametrize("corners", [(4.0, 52.0), (150_000.0, 450_000.0)])
def test_outlines_of_a_caller_are_drawn(tmp_path, provinces, corners):
    codes = [str(code) for code in provinces["region"].values]
    path = write_outlines(tmp_path / "own.geojson", codes, corners)
    axes, texts = drawn(plots.tile_map(provinces, "population_total", 2024, outlines=path))
    assert len(axes.patches) == 12
    assert len(texts) == 12
    width = np.ptp(axes.patches[1].get_path().vertices[:, 0])
    assert width == pytest.approx(0.613 if corners[0] < 180 else 1.0, abs=0.001)


def test_outlines_that_miss_regions_name_them(tmp_path, provinces):
    path = write_outlines(tmp_path / "some.geojson", ["PV20", "PV21"], (4.0, 52.0), key="code")
    with pytest.raises(
        ParameterError, match=r"10 problems[\s\S]*PV22: no outline in some.geojson \(properties: code, name\)"
    ):
        plots.tile_map(provinces, "population_total", 2024, outlines=path)
    broken = tmp_path / "broken.geojson"
    broken.write_text('{"features": [{"geometry": {"type": "Point", "coordinates": [1, 2]}}]}', encoding="utf-8")
    with pytest.raises(FileError, match=r"broken.geojson: not a GeoJSON FeatureCollection"):
        plots.tile_map(provinces, "population_total", 2024, outlines=broken)
    with pytest.raises(FileError, match="cannot be read"):
        plots.tile_map(provinces, "population_total", 2024, outlines=tmp_path / "none.geojson")


def test_a_layout_of_a_caller(tmp_path, provinces):
    path = tmp_path / "row.csv"
    rows = [f"{code},0,{at}" for at, code in enumerate(provinces["region"].values)]
    path.write_text("\n".join(["code,row,column", *rows]) + "\n", encoding="utf-8")
    axes, _ = drawn(plots.tile_map(provinces, "population_total", 2024, layout=path))
    assert len({round(patch.get_path().vertices[0][1], 6) for patch in axes.patches}) == 1
    path.write_text("\n".join(["code,row,column", *rows[:-1]]) + "\n", encoding="utf-8")
    with pytest.raises(ParameterError, match=r"PV31: no tile in row.csv"):
        plots.tile_map(provinces, "population_total", 2024, layout=path)
    path.write_text("code,row\nPV20,1\n", encoding="utf-8")
    with pytest.raises(FileError, match="columns code, row and column"):
        plots.tile_map(provinces, "population_total", 2024, layout=path)


@pytest.mark.parametrize(
    ("variable", "year", "more", "message"),
    [
        ("need_gapp", 2024, {}, r"'need_gapp' is not in the forecast.*need_gap"),
        ("need_gap", 2049, {}, r"year=2049: not in the forecast; allowed: 2024 to 2032"),
        ("hires", 2032, {}, r"year=2032: not in the forecast; allowed: 2024 to 2031"),
        ("wage_pressure", 2024, {}, r"'wage_pressure' \(Dmnl\) does not add up over sector"),
        ("mean_wage_pressure", 2024, {}, r"'mean_wage_pressure' has no regions"),
        ("need_gap", 2024, {"relative_to": "suppressed_shortage"}, r"zero or less in some regions"),
    ],
)
def test_what_cannot_be_drawn_is_refused(provinces, variable, year, more, message):
    with pytest.raises(ParameterError, match=message):
        plots.tile_map(provinces, variable, year, **more)


def test_one_region_is_no_map():
    with pytest.raises(ParameterError, match="one region; a map needs several"):
        plots.tile_map(ks.run("baseline", until=2024), "need_gap", 2024)
