#!/usr/bin/env python3
"""Makes casablanca.json, the locator's outlines, from the corrected GeoJSON of the communes.

Run by hand when the outlines change:  derive.py corrected.geojson > casablanca.json
The input holds features of property k = land, coast or zone (names fr and ar, prefecture p, label
point c). NOTICE says where the outlines come from and how their latitudes were corrected.
"""
import json
import re
import sys
import unicodedata

# What the locator shows, degrees: west, south, east, north; a margin keeps cut edges out of sight.
BOX = (-7.735, 33.495, -7.44, 33.665)
MARGIN = 0.06


def slug(name):
    plain = unicodedata.normalize("NFD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain.replace("'", "")).strip("-")


def thin(points, step=0.0008):
    """Drops points closer than step degrees (about 80 m, under 2 pixels of the locator) to the last one kept."""
    kept = [points[0]]
    for p in points[1:-1]:
        if abs(p[0] - kept[-1][0]) + abs(p[1] - kept[-1][1]) >= step:
            kept.append(p)
    kept.append(points[-1])
    return [[round(x, 4), round(y, 4)] for x, y in kept]


def touches(points):
    west, south, east, north = BOX
    return any(west - MARGIN < x < east + MARGIN and south - MARGIN < y < north + MARGIN for x, y in points)


def main():
    source = json.load(open(sys.argv[1], encoding="utf-8"))
    out = {"box": BOX, "land": [], "coast": [], "zones": []}
    for feature in source["features"]:
        what, coordinates = feature["properties"], feature["geometry"]["coordinates"]
        if what["k"] == "land":
            out["land"] = thin(coordinates[0])
        elif what["k"] == "coast":
            out["coast"] = thin(coordinates)
        elif touches(coordinates[0]):
            out["zones"].append({
                "id": slug(what["fr"]), "fr": what["fr"], "ar": what["ar"], "inner": what["p"] == "Casablanca",
                "label": [round(v, 4) for v in what["c"]], "rings": [thin(coordinates[0])],
            })
    # Two outlines carry the name Bni Yakhlef; the first keeps the plain id.
    seen = set()
    for zone in out["zones"]:
        while zone["id"] in seen:
            zone["id"] += "-2"
        seen.add(zone["id"])
    json.dump(out, sys.stdout, ensure_ascii=False, separators=(",", ":"))
    sys.stdout.write("\n")


main()
