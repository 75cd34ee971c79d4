//! Files of the project that are made from the program: they are committed, so that they can be read and
//! reviewed, and a test holds that they are what the program makes today.

use std::fs;

/// Holds that a file of the project, named from its root, is `fresh`. With `MARSAD_UPDATE=1` in the
/// environment writes it instead.
///
/// # Panics
/// If it is not; the message says how to write it anew.
pub fn generated(path: &str, fresh: &str) {
    let file = crate::root().join(path);
    if std::env::var_os("MARSAD_UPDATE").is_some() {
        fs::create_dir_all(file.parent().expect("a file stands in a folder")).expect("a folder");
        return fs::write(&file, fresh).expect("the file can be written");
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    let line = kept.lines().zip(fresh.lines()).position(|(kept, fresh)| kept != fresh);
    let line = line.unwrap_or(kept.lines().count().min(fresh.lines().count())) + 1;
    assert!(
        kept == fresh,
        "{path} is not what the program makes of it, from line {line} on: MARSAD_UPDATE=1 cargo test -p tests writes it anew"
    );
}
