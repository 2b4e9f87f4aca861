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
    let (path, partial) = place(path).map_err(&failed)?;
    let replaced = (|| {
        let mut file = File::create(&partial).map_err(&failed)?;
        write(&mut file)?;
        file.sync_all().map_err(&failed)?;
        drop(file);
        fs::rename(&partial, &path).map_err(&failed)?;
        sync_folder(&path).map_err(&failed)
    })();
    if replaced.is_err() {
        // The room that the part takes may be what is missing.
        let _ = fs::remove_file(&partial);
    }
    replaced
}

/// Whether [`replace`] could begin here; leaves nothing behind.
pub fn check(path: &Path) -> io::Result<()> {
    let (_, partial) = place(path)?;
    File::create(&partial)?;
    fs::remove_file(&partial)
}

/// The file that is replaced, which is the one that a link leads to and not the link, and where the new one grows. What is
/// there must be a file, if anything is: nothing else is to be replaced by one.
fn place(path: &Path) -> io::Result<(PathBuf, PathBuf)> {
    match fs::metadata(path) {
        Ok(there) if there.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(there) if !there.is_file() => return Err(io::Error::other("it is a device or a pipe")),
        _ => {}
    }
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.into());
    let partial = partial(&path);
    Ok((path, partial))
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

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_a_folder_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&path, b"old").expect("room");
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        replace(&link, |error| error, |file| file.write_all(b"new")).expect("room");
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
        assert_eq!(fs::read(&path).expect("there"), b"new");
        check(&link).expect("room where the link leads");
        assert_eq!(
            fs::read_dir(folder.path()).expect("a folder").count(),
            2,
            "a check leaves nothing behind"
        );
        let refused = replace(folder.path(), |error| error, |file| file.write_all(b"new"));
        assert_eq!(refused.expect_err("a folder").kind(), io::ErrorKind::IsADirectory);
        let device = check(Path::new("/dev/null")).expect_err("a device").to_string();
        assert!(device.contains("device"), "{device}");
    }

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
