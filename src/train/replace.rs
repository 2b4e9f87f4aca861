//! Files that are replaced as a whole: whoever reads one at any moment, also after the power went, finds the old one
//! or the new one, never a part.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Writes a file anew: beside its place at first, then, once all of it is on the disk, in its place. Where that fails
/// (a full disk, say) the old file stays as it is and nothing is left of the new one. `failed` says what the disk
/// answered; `write` may fail for reasons of its own.
pub fn replace<E>(
    path: &Path,
    failed: impl Fn(io::Error) -> E,
    write: impl FnOnce(&mut File) -> Result<(), E>,
) -> Result<(), E> {
    let partial = partial(path);
    let replaced = (|| {
        let mut file = File::create(&partial).map_err(&failed)?;
        write(&mut file)?;
        file.sync_all().map_err(&failed)?;
        drop(file);
        fs::rename(&partial, path).map_err(&failed)?;
        sync_folder(path).map_err(&failed)
    })();
    if replaced.is_err() {
        // The room that the part takes may be what is missing.
        let _ = fs::remove_file(&partial);
    }
    replaced
}

/// Where the new file grows until it is complete.
pub fn partial(path: &Path) -> PathBuf {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".part");
    partial.into()
}

/// Puts the names of a file's folder on the disk, where the system can: a new name is not there for good before.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(not(unix)) {
        return Ok(());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn what_fails_leaves_the_old_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        let as_it_is = |error: io::Error| error;
        replace(&path, as_it_is, |file| file.write_all(b"old")).expect("room");
        let full = |file: &mut File| {
            file.write_all(b"n")?;
            Err(io::ErrorKind::StorageFull.into())
        };
        assert!(replace(&path, as_it_is, full).is_err());
        assert_eq!(fs::read(&path).expect("the old file"), b"old");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
        replace(&path, as_it_is, |file| file.write_all(b"new")).expect("room");
        assert_eq!(fs::read(&path).expect("the new file"), b"new");
    }
}
