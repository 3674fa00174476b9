//! The committed cases, one file each: `fuzz/corpus/<target>/<what it is>`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where the corpora are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus")
}

/// The cases of a target by name, in the order of their names.
///
/// # Errors
/// When they cannot be read.
pub fn cases(target: &str) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut cases = Vec::new();
    for entry in fs::read_dir(folder().join(target))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        cases.push((name, fs::read(path)?));
    }
    cases.sort();
    Ok(cases)
}
