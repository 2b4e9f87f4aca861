//! What is found in a folder of one's own pictures, told before it is used.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use image::ImageError;

use super::error::{DataError, count};
use super::folder::Listing;
use super::{cifar, decode, idx, masks, tags};
use crate::experiment::figures::counted;

/// Unreadable pictures that a note names.
const MOST_NAMED: usize = 3;

/// A picture that will not decode, and why.
#[derive(Clone, Debug)]
pub struct Unreadable {
    pub path: PathBuf,
    pub cause: String,
}

/// What lies in a folder with a sub-folder of pictures for each class.
#[derive(Clone, Debug)]
pub struct Findings {
    pub classes: Vec<String>,
    /// Pictures that can be read.
    pub n_pictures: usize,
    /// How many of them are in a folder for testing; none where there is no such folder.
    pub n_test: Option<usize>,
    pub unreadable: Vec<Unreadable>,
    /// Entries that are no pictures in the folder of a class.
    pub n_ignored: usize,
}

/// How far an examination has come, and whether it is to end.
#[derive(Debug, Default)]
pub struct Examination {
    pub n_pictures: AtomicUsize,
    pub n_examined: AtomicUsize,
    pub cancel: AtomicBool,
}

/// Looks through the folder at `path`, decoding each picture to see whether it can be. None where it holds no
/// folders of classes but files of a format that is known as a whole.
///
/// # Errors
/// No such folder, one that must not be read, no two folders with pictures.
pub fn examine(path: &Path, examination: &Examination) -> Result<Option<Findings>, DataError> {
    let is_known = [idx::is_in, cifar::is_ten_in, cifar::is_hundred_in, tags::is_in, masks::is_in]
        .iter()
        .any(|is_in| is_in(path));
    if !path.is_dir() || is_known {
        return Ok(None);
    }
    let mut listing = Listing::of(path)?;
    let n_pictures = listing.parts.iter().map(Vec::len).sum();
    examination.n_pictures.store(n_pictures, Ordering::Relaxed);
    let unreadable = listing.drop_unreadable(|path| {
        examination.n_examined.fetch_add(1, Ordering::Relaxed);
        // Who has cancelled reads no answer.
        if examination.cancel.load(Ordering::Relaxed) { Ok(()) } else { decode::check(path) }
    })?;
    Ok(Some(Findings {
        classes: listing.classes,
        n_pictures: listing.parts.iter().map(Vec::len).sum(),
        n_test: listing.parts.get(1).map(Vec::len),
        unreadable,
        n_ignored: listing.ignored.count,
    }))
}

impl Findings {
    /// `3 classes, 1,204 pictures, 2 unreadable`.
    pub fn words(&self) -> String {
        let mut words = format!(
            "{}, {}",
            counted(self.classes.len() as u64, "class"),
            counted(self.n_pictures as u64, "picture")
        );
        if !self.unreadable.is_empty() {
            words += &format!(", {} unreadable", count(self.unreadable.len()));
        }
        if self.n_ignored > 0 {
            words += &format!(", {}", counted(self.n_ignored as u64, "other file"));
        }
        words
    }
}

impl Unreadable {
    pub(super) fn new(path: &Path, cause: &ImageError) -> Self {
        Self { path: path.to_owned(), cause: decode::cause(cause) }
    }
}

impl From<Unreadable> for DataError {
    fn from(Unreadable { path, cause }: Unreadable) -> Self {
        Self::Picture { path, cause }
    }
}

/// A sentence on the pictures that will not decode, if there are any.
pub(super) fn note(unreadable: &[Unreadable]) -> Option<String> {
    let named: Vec<String> = unreadable
        .iter()
        .take(MOST_NAMED)
        .map(|picture| format!("`{}` ({})", picture.path.display(), picture.cause))
        .collect();
    let more = match unreadable.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {} more", count(more)),
    };
    let named = named.join(", ");
    match unreadable.len() {
        0 => None,
        1 => Some(format!("1 picture cannot be decoded and was left out: {named}.")),
        n => Some(format!("{} pictures cannot be decoded and were left out: {named}{more}.", count(n))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, RgbImage};
    use tempfile::TempDir;

    /// Two classes of three pictures, one of them cut short, and a text.
    fn folder() -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for class in ["day", "night"] {
            std::fs::create_dir(folder.path().join(class)).unwrap();
            for i in 0..3 {
                let path = folder.path().join(class).join(format!("{i}.png"));
                RgbImage::from_fn(40, 30, |x, y| Rgb([x as u8, y as u8, i])).save(&path).unwrap();
                if class == "night" && i == 1 {
                    let bytes = std::fs::read(&path).unwrap();
                    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
                }
            }
        }
        std::fs::write(folder.path().join("day/notes.txt"), "rain").unwrap();
        folder
    }

    #[test]
    fn what_is_found_is_told_before_it_is_used() {
        let (folder, examination) = (folder(), Examination::default());
        let found = examine(folder.path(), &examination).unwrap().unwrap();
        assert_eq!(found.words(), "2 classes, 5 pictures, 1 unreadable, 1 other file");
        assert!(found.unreadable[0].path.ends_with("night/1.png") && found.n_test.is_none());
        assert_eq!(examination.n_examined.load(Ordering::Relaxed), 6);
    }

    #[test]
    fn formats_known_as_a_whole_need_no_examination() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(cifar::FILES_10[0]), "").unwrap();
        assert!(examine(folder.path(), &Examination::default()).unwrap().is_none());
        let nothing = tempfile::tempdir().unwrap();
        assert!(examine(nothing.path(), &Examination::default()).is_err());
    }

    #[test]
    fn a_note_names_the_first_few() {
        let picture = |i: usize| Unreadable { path: format!("{i}.png").into(), cause: "cut short".into() };
        let all: Vec<Unreadable> = (0..1005).map(picture).collect();
        assert_eq!(note(&all[..0]), None);
        assert_eq!(
            note(&all[..1]).unwrap(),
            "1 picture cannot be decoded and was left out: `0.png` (cut short)."
        );
        assert!(note(&all).unwrap().ends_with("`2.png` (cut short) and 1,002 more."));
    }
}
