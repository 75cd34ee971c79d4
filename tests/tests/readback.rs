//! Parquet as strangers read it: DuckDB writes a table of readings, the program takes it in and writes it out, DuckDB compares.

use std::path::PathBuf;
use std::process::Command;

/// The python of `MARSAD_DUCKDB`, or the one on the path, if it has duckdb.
fn python() -> Option<PathBuf> {
    let named = std::env::var_os("MARSAD_DUCKDB").map_or_else(|| PathBuf::from("python3"), PathBuf::from);
    let has = Command::new(&named).args(["-c", "import duckdb"]).output().is_ok_and(|output| output.status.success());
    if !has {
        let required = std::env::var("MARSAD_REQUIRE").is_ok_and(|list| list.split(',').any(|name| name == "duckdb"));
        assert!(!required, "MARSAD_REQUIRE names duckdb, but {} has it not: pip install duckdb", named.display());
        eprintln!("SKIPPED: {} has no duckdb; to run this test: pip install duckdb, and MARSAD_DUCKDB=PYTHON", named.display());
    }
    has.then_some(named)
}

#[test]
fn duckdb_reads_what_is_exported_with_equal_counts_and_sums() {
    let Some(python) = python() else { return };
    let script = tests::root().join("tests/duckdb/readback.py");
    for (compression, readings) in [
        ("snappy", "100000"),
        ("gzip", "2000"),
        ("brotli", "2000"),
        ("lz4_raw", "2000"),
        ("zstd", "2000"),
        ("uncompressed", "2000"),
    ] {
        let output = Command::new(&python)
            .arg(&script)
            .args(["--readings", readings, "--compression", compression, "--marsad"])
            .arg(tests::binary())
            .output()
            .expect("the script runs");
        let (told, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{compression}: {told}{complaint}");
        assert!(told.ends_with("equal\n"), "{compression}: {told}");
    }
}
