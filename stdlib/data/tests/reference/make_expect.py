"""Writes expect.json: a table, and which of its rows pandas and pandera find against each expectation.

Needs    pip install pandas==2.3.3 pandera==0.27.0
Run      python stdlib/data/tests/reference/make_expect.py
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pa

ROWS = 400


def table():
    random = np.random.default_rng(5)
    table = pd.DataFrame({
        "flight": random.choice(10_000, ROWS, replace=False),
        "day": random.integers(1, 40, ROWS),
        "carrier": random.choice(["UA", "AA", "DL", "ua", "ZZ"], ROWS, p=[0.4, 0.3, 0.26, 0.02, 0.02]),
        "tail": [f"N{n}" if random.random() < 0.95 else f"D-{n}" for n in random.integers(100, 999, ROWS)],
        "distance": random.gamma(2.0, 500.0, ROWS).round(1),
        "late": random.random(ROWS) < 0.3,
    })
    for name, share in (("carrier", 0.04), ("tail", 0.1), ("distance", 0.07)):
        table.loc[random.random(ROWS) < share, name] = None
    table.loc[37, "flight"] = table.loc[211, "flight"]
    table.loc[[5, 90, 10], "distance"] = [-3.0, 12_000.0, 2500.0]
    return table


def against(data, column):
    """Rows that pandera names for one column's schema."""
    try:
        pa.DataFrameSchema({column.name: column}).validate(data, lazy=True)
        return []
    except pa.errors.SchemaErrors as errors:
        return sorted({int(row) for row in errors.failure_cases["index"]})


def rows(mask):
    return [int(row) for row in np.flatnonzero(mask)]


def main():
    data = table()
    column = lambda name, *checks, nullable=True, **more: pa.Column(
        None, list(checks), name=name, nullable=nullable, **more
    )
    twice = data["distance"].duplicated(keep=False) & data["distance"].notna()
    both = data.duplicated(["day", "distance"], keep=False)
    found = {
        "data": {name: [None if pd.isna(v) else v for v in data[name].tolist()] for name in data},
        "rows": {
            "not_null carrier": against(data, column("carrier", nullable=False)),
            "not_null flight": against(data, column("flight", nullable=False)),
            "unique flight": against(data, column("flight", unique=True)),
            "unique distance": rows(twice),
            "unique_together day distance": rows(both),
            "in_range distance 0..=2500": against(data, column("distance", pa.Check.in_range(0, 2500))),
            "in_range distance 0..2500": against(data, column("distance", pa.Check.in_range(0, 2500, include_max=False))),
            "in_range day 1..=31": against(data, column("day", pa.Check.in_range(1, 31))),
            "in_range late 0..=0": rows(data["late"]),
            "one_of carrier": against(data, column("carrier", pa.Check.isin(["UA", "AA", "DL"]))),
            "one_of day": against(data, column("day", pa.Check.isin(list(range(1, 29))))),
            "one_of late": rows(~data["late"]),
            "matches tail": against(data, column("tail", pa.Check.str_contains(r"^N\d+$"))),
        },
        "missing": {name: float(data[name].isna().mean()) for name in data},
        "mean": {name: float(data[name].mean()) for name in ("flight", "day", "distance", "late")},
    }
    # What is not called by a schema of pandera has to agree with it where it could be.
    assert against(data, column("distance", pa.Check.ge(0))) == rows(data["distance"] < 0)
    Path(__file__).with_name("expect.json").write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
