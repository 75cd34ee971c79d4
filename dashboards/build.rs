//! Presses the texts among the assets: brotli at its highest quality takes a second, which nobody who opens a page should wait for.

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// Where texts stand, beside the crate, and what goes before their names in an address.
const FOLDERS: [(&str, &str); 4] = [("assets/css", "css/"), ("assets/js", "js/"), ("assets/vendor", "vendor/"), ("map", "map/")];
/// What is a text that a browser asks for.
const ENDS: [&str; 3] = ["css", "js", "json"];

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let mut table = String::from("&[\n");
    for (folder, before) in FOLDERS {
        println!("cargo:rerun-if-changed={folder}");
        let mut files: Vec<PathBuf> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
        files.sort();
        for file in files.iter().filter(|file| ENDS.iter().any(|end| file.extension().is_some_and(|is| is == *end))) {
            let name = file.file_name().and_then(|name| name.to_str()).ok_or("a name of an asset is not text")?;
            let pressed = out.join(format!("{name}.br"));
            press(file, &pressed)?;
            writeln!(table, "    ({:?}, include_bytes!({:?})),", format!("{before}{name}"), pressed.display().to_string())?;
        }
    }
    table.push_str("]\n");
    fs::write(out.join("pressed.rs"), table)?;
    Ok(())
}

fn press(from: &Path, to: &Path) -> std::io::Result<()> {
    let settings = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    let mut pressed = Vec::new();
    brotli::BrotliCompress(&mut fs::read(from)?.as_slice(), &mut pressed, &settings)?;
    fs::write(to, pressed)
}
