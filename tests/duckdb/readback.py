#!/usr/bin/env python3
"""Readings written by one program, moved by Marsad, read back by another: DuckDB (PyPI) at both ends.

    python3 -m venv VENV && VENV/bin/pip install duckdb
    VENV/bin/python tests/duckdb/readback.py --marsad target/release/marsad --readings 100000000

DuckDB writes a table of readings; `marsad import` takes it into a store, `marsad export --format parquet` writes it out; DuckDB
compares counts and exact sums, by quantity, and the order of rows. Peak memory of each command is printed, and exit 1 says that
something is not equal or that the export took more than the limit.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import duckdb

DEVICES = 400
START = "TIMESTAMPTZ '2024-01-01 00:00:00+00'"
QUANTITIES = ["air.pm2_5", "air.pm10", "air.no2", "air.temperature"]


def write(path, readings, compression):
    """A minute between two readings of a series; values are tenths, so that their sums are exact."""
    quantities = ", ".join(f"'{name}'" for name in QUANTITIES)
    duckdb.sql(f"""
        COPY (
            SELECT 'st-' || lpad((n % {DEVICES})::VARCHAR, 4, '0') AS device,
                   ([{quantities}])[1 + (n // {DEVICES}) % {len(QUANTITIES)}] AS quantity,
                   ((n * 7919) % 1000) / 10.0::DOUBLE AS value,
                   {START} + to_seconds(60 * (n // {DEVICES * len(QUANTITIES)})) AS observed_at,
                   'anfa' AS zone
            FROM range({readings}) AS numbers(n)
        ) TO '{path}' (FORMAT parquet, COMPRESSION {compression}, ROW_GROUP_SIZE 100000)
    """)


def told(path):
    """Count and sum of tenths, by quantity."""
    return duckdb.sql(f"""
        SELECT quantity, count(*), sum(round(value * 10)::BIGINT), min(observed_at)::VARCHAR, max(observed_at)::VARCHAR
        FROM '{path}' GROUP BY quantity ORDER BY quantity
    """).fetchall()


def disorder(path):
    """Rows that stand before the one that they should follow."""
    return duckdb.sql(f"""
        SELECT count(*) FROM (
            SELECT (device, observed_at, quantity, channel) AS place,
                   lag((device, observed_at, quantity, channel)) OVER (ORDER BY file_row_number) AS before
            FROM read_parquet('{path}', file_row_number = true)
        ) WHERE before > place
    """).fetchall()[0][0]


def run(arguments):
    """Runs a command; its seconds of processor and its peak memory, MiB."""
    began, process = time.monotonic(), subprocess.Popen(arguments)
    _, status, used = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(arguments)}: ended with {os.waitstatus_to_exitcode(status)}")
    peak = used.ru_maxrss / 1024
    cpu = used.ru_utime + used.ru_stime
    print(f"{arguments[1]}: {time.monotonic() - began:.0f} s, {cpu:.0f} s of processor, {peak:.0f} MiB at most", flush=True)
    return peak


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--marsad", required=True, help="the program")
    parser.add_argument("--readings", type=int, default=1_000_000)
    parser.add_argument("--compression", default="snappy", help="what DuckDB writes [default: snappy, as by itself]")
    parser.add_argument("--limit", type=float, default=190, help="MiB that the export may take [default: 190, which are 200 MB]")
    parser.add_argument("--directory", help="where the files go; a temporary one without it")
    options = parser.parse_args()
    duckdb.sql("SET threads = 2; SET memory_limit = '2GB'; SET TimeZone = 'UTC'")
    with tempfile.TemporaryDirectory(dir=options.directory) as folder:
        folder = pathlib.Path(folder)
        duckdb.sql(f"SET temp_directory = '{folder / 'spill'}'")
        source, table, data = folder / "source.parquet", folder / "out.parquet", folder / "data"
        write(source, options.readings, options.compression)
        print(f"duckdb {duckdb.__version__}: {options.readings} readings, {source.stat().st_size} bytes", flush=True)
        run([options.marsad, "import", str(source), "--data", str(data)])
        peak = run([options.marsad, "export", "--data", str(data), "--from", "2024-01-01T00:00:00Z",
                    "--to", "2100-01-01T00:00:00Z", "--format", "parquet", "--output", str(table)])
        size = table.stat().st_size
        print(f"out.parquet: {size} bytes, {size / options.readings:.2f} a reading", flush=True)
        before, after, wrong = told(source), told(table), disorder(table)
        for row in after:
            print(*row)
        units = dict(duckdb.sql(f"SELECT decode(key), decode(value) FROM parquet_kv_metadata('{table}')").fetchall())
        print(units)
        if before != after:
            sys.exit(f"counts and sums differ: {before}")
        if wrong:
            sys.exit(f"{wrong} rows are out of order")
        if "marsad.units" not in units:
            sys.exit("the table does not name its units")
        if peak > options.limit:
            sys.exit(f"the export took {peak:.0f} MiB, expected {options.limit:.0f} at most")
        print("equal")


if __name__ == "__main__":
    main()
