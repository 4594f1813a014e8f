"""Where people live in each municipality: writes ``parameters/regions/centres.csv`` from postcodes.

Run by hand and seldom, as ``python -m tools.parameters.regions_centres FOLDER``; FOLDER holds ``geo_postcodes4.rda``
and ``postcodes.rda`` of github.com/certe-medical-epidemiology/certegis (CBS areas of 2022, inhabitants of 2021). Needs
the package ``rdata``, which nothing else here needs.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from tools.parameters.regions_carry import CORRECTED_NAMES, FORMER
from tools.parameters.tables import read_records

ROOT = Path(__file__).resolve().parents[2]


def ring(points: np.ndarray) -> tuple[float, np.ndarray]:
    """Signed area and centroid of a closed ring, coordinates (n, 2)."""
    local = points - points[0]
    x, y = local[:, 0], local[:, 1]
    cross = x[:-1] * y[1:] - x[1:] * y[:-1]
    area = cross.sum() / 2
    centre = np.array([((x[:-1] + x[1:]) * cross).sum(), ((y[:-1] + y[1:]) * cross).sum()]) / (6 * area)
    return abs(float(area)), centre + points[0]


def centre(polygons: list[list[np.ndarray]]) -> np.ndarray:
    """Centroid of the outer rings of a multipolygon."""
    parts = [ring(np.asarray(polygon[0], float)) for polygon in polygons]
    weights = np.array([area for area, _ in parts])
    return np.asarray((weights[:, None] * np.array([point for _, point in parts])).sum(axis=0) / weights.sum())


def main(folder: Path) -> None:
    """Write kilometres in the Dutch grid (EPSG:28992) and land area by municipality."""
    import rdata

    def read(name: str):
        return rdata.conversion.convert(rdata.parser.parse_file(folder / f"{name}.rda"))[name]

    known = read_records(ROOT / "parameters" / "regions" / "municipalities.csv")
    codes = {row["name"]: row["municipality"] for row in known}
    # a postcode counts wholly in its largest municipality; those of Haaren go where most of its people went
    successors = {name: max(news, key=lambda new: new[1])[0] for _, name, _, news in FORMER}
    postcodes = read("postcodes")
    home = {
        int(code): codes[successors.get(name, CORRECTED_NAMES.get(name, name))]
        for code, name in zip(postcodes["postcode"], postcodes["gemeente"], strict=True)
        if code >= 1000 and isinstance(name, str)
    }
    sums: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(4))
    for code, people, area, shape in read("geo_postcodes4").itertuples(index=False):
        if int(code) in home:
            weight = max(float(people), 1.0) if people == people else 1.0
            sums[home[int(code)]] += np.append(np.array([*centre(shape), 1.0]) * weight, float(area))
    with (ROOT / "parameters" / "regions" / "centres.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["municipality", "x_km", "y_km", "area_km2"])
        for code in sorted(codes.values()):
            x, y, weight, area = sums[code]
            writer.writerow([code, f"{x / weight / 1000:.1f}", f"{y / weight / 1000:.1f}", f"{area:.1f}"])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
