//! A folder of one's own pictures: one sub-folder per class, or `train` and `test` with those inside.
//!
//! The pictures may be of any size and format the `image` crate reads; each is cut to the wanted proportions
//! around its middle and resized. The order of reading is that of the sorted names, so that the same folder
//! gives the same data set everywhere.

use super::decode::{cause, decode_all, is_picture, probe};
use super::error::{DataError, MAX_BYTES, count};
use super::findings::{self, Unreadable};
use super::{
    DataSet, Labels, MAX_CLASSES, MAX_SIDE, Prospect, Split, folder_name, n_held_out, percent,
    split_at_random,
};
use crate::experiment::LabelKind;
use crate::experiment::figures::counted;
use crate::tensor::Extent;
use crate::tensor::random::{Key, Purpose};
use image::ImageResult;
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// `(height, width)` of the pictures where neither the experiment nor the pictures themselves say it.
const DEFAULT_SIZE: [usize; 2] = [32, 32];

/// Pictures that all have one size keep it up to this side.
const MAX_OWN_SIDE: usize = 64;

/// Entries of one folder that are looked at: a bound against a path like `/`.
const MAX_ENTRIES: usize = 1_000_000;

/// What the folders are called that divide the pictures.
pub(super) const TRAIN: &[&str] = &["train", "training"];
pub(super) const TEST: &[&str] = &["test", "testing", "val", "valid"];

const LAYOUT: &str = "make one sub-folder for each class, named after it, and put its pictures there";

/// A folder whose pictures have been looked at and not yet decoded.
///
/// They are resized to a `size` `(height, width)` that is given. Without, pictures that all have the same size of at
/// most 64×64 keep it, others become 32×32. They have one channel if all are grey, else three. Without folders called
/// `train` and `test`, the share `hold_out` of each class is put aside for testing, chosen by `seed`. Pictures that
/// will not decode are left out, with a note.
pub(super) struct Found {
    folder: PathBuf,
    listing: Listing,
    unreadable: Vec<Unreadable>,
    extent: Extent,
    size_note: Option<String>,
}

impl Found {
    /// Reads the headers of the pictures, which is all that it takes to know what there will be.
    ///
    /// # Errors
    /// Fewer than two sub-folders with pictures, an empty one, no picture with a sound header, too many pictures.
    pub fn look(folder: &Path, size: Option<[usize; 2]>) -> Result<Self, DataError> {
        let mut listing = Listing::of(folder)?;
        let unreadable = listing.drop_unreadable(|path| probe(path).map(drop))?;
        let files: Vec<&File> = listing.parts.iter().flatten().collect();
        let paths: Vec<&Path> = files.iter().map(|file| file.path.as_path()).collect();
        let (extent, size_note) = common_extent(&paths, size, MAX_OWN_SIDE)?;
        let bytes = (files.len() * extent.len()) as u64;
        if bytes > MAX_BYTES {
            let remedy = "use fewer pictures or a smaller `data.size`";
            return Err(DataError::TooLarge { path: folder.to_owned(), bytes, remedy });
        }
        Ok(Self { folder: folder.to_owned(), listing, unreadable, extent, size_note })
    }

    /// What the set will hold, if all that has a sound header can be decoded.
    pub fn prospect(&self, hold_out: f32) -> Prospect {
        let classes = &self.listing.classes;
        let [train, test] = match &self.listing.parts[..] {
            [train, test] => [train.len(), test.len()],
            parts => {
                let all: usize = parts.iter().map(Vec::len).sum();
                let mut of_class = vec![0; classes.len()];
                parts.iter().flatten().for_each(|file| of_class[usize::from(file.label)] += 1);
                let test = of_class.into_iter().map(|n| n_held_out(n, hold_out)).sum();
                [all - test, test]
            }
        };
        Prospect {
            name: folder_name(&self.folder),
            extent: self.extent,
            labels: LabelKind::Classes,
            classes: Some(classes.clone()),
            train,
            test,
        }
    }

    /// Decodes the pictures.
    ///
    /// # Errors
    /// No picture of a part can be decoded, or none is left for testing.
    pub fn read(self, hold_out: f32, seed: u64) -> Result<DataSet, DataError> {
        let Self { folder, listing, mut unreadable, extent, size_note } = self;
        let mut parts = Vec::new();
        for part in &listing.parts {
            let (mut split, more) = decode_part(part, extent)?;
            unreadable.extend(more);
            shuffle(&mut split, extent, seed);
            parts.push(split);
        }
        let left_out = listing.ignored.note().into_iter().chain(findings::note(&unreadable));
        let mut notes: Vec<String> = left_out.chain(size_note).collect();
        let (train, test) = match <[Split; 2]>::try_from(parts) {
            Ok([train, test]) => (train, test),
            Err(mut parts) => {
                notes.push(format!("{} of each class were put aside for testing.", percent(hold_out)));
                split_at_random(parts.remove(0), extent, hold_out, seed)
            }
        };
        if test.is_empty() {
            let what = "no class has two pictures, so that none is left for testing";
            return Err(layout(&folder, what, LAYOUT));
        }
        let (name, classes) = (folder_name(&folder), listing.classes);
        Ok(DataSet { name, extent, classes, train, test, clean: None, notes })
    }
}

#[derive(Debug)]
pub(super) struct File {
    pub path: PathBuf,
    label: u16,
}

/// What lies in the folder.
pub(super) struct Listing {
    pub classes: Vec<String>,
    /// All pictures, or those for training and those for testing.
    pub parts: Vec<Vec<File>>,
    pub ignored: Ignored,
}

/// What is no picture in the folder of a class.
#[derive(Default)]
pub(super) struct Ignored {
    pub count: usize,
    example: Option<PathBuf>,
}

impl Listing {
    pub fn of(folder: &Path) -> Result<Self, DataError> {
        let (sub_folders, files) = entries(folder)?;
        let mut ignored = Ignored::default();
        files.into_iter().for_each(|path| ignored.push(path));
        let called = |names: &[&str]| {
            let is_called = |path: &&PathBuf| names.iter().any(|name| path.ends_with(name));
            sub_folders.iter().find(is_called).cloned()
        };
        let halves = (called(TRAIN), called(TEST));
        let (roots, class_root) = match halves {
            (Some(train), Some(test)) => {
                let others = sub_folders.iter().filter(|&other| *other != train && *other != test);
                others.for_each(|other| ignored.push(other.clone()));
                (vec![train.clone(), test], train)
            }
            _ => (vec![folder.to_owned()], folder.to_owned()),
        };
        let classes: Vec<String> = entries(&class_root)?.0.iter().map(|path| folder_name(path)).collect();
        if !(2..=MAX_CLASSES).contains(&classes.len()) {
            let what = format!(
                "it holds no files of MNIST (IDX) or CIFAR (.bin), and {} of pictures where there should be 2 to \
                 {MAX_CLASSES}",
                counted(classes.len() as u64, "sub-folder")
            );
            return Err(layout(&class_root, what, LAYOUT));
        }
        let mut parts = Vec::new();
        for root in &roots {
            parts.push(list_part(root, &classes, &mut ignored)?);
        }
        Ok(Self { classes, parts, ignored })
    }

    /// Takes out the pictures that `check` finds wrong, and gives them.
    pub fn drop_unreadable(
        &mut self,
        check: impl Fn(&Path) -> ImageResult<()> + Sync,
    ) -> Result<Vec<Unreadable>, DataError> {
        let mut unreadable = Vec::new();
        for part in &mut self.parts {
            let find = |file: &File| check(&file.path).err().map(|cause| Unreadable::new(&file.path, &cause));
            let found: Vec<Option<Unreadable>> = part.par_iter().map(find).collect();
            let mut is_sound = found.iter().map(Option::is_none);
            part.retain(|_| is_sound.next().unwrap_or(true));
            unreadable.extend(found.into_iter().flatten());
            if let (true, Some(first)) = (part.is_empty(), unreadable.first()) {
                return Err(first.clone().into());
            }
        }
        Ok(unreadable)
    }
}

/// The pictures below `root`, whose sub-folders must be just the `classes`.
fn list_part(root: &Path, classes: &[String], ignored: &mut Ignored) -> Result<Vec<File>, DataError> {
    let found: Vec<String> = entries(root)?.0.iter().map(|path| folder_name(path)).collect();
    if let Some(stranger) = found.iter().find(|name| !classes.contains(name)) {
        return Err(layout(
            root,
            format!("`{stranger}` is a class here but has no pictures for training"),
            "give the folders for training and testing the same sub-folders",
        ));
    }
    let mut part = Vec::new();
    for (label, class) in classes.iter().enumerate() {
        let folder = root.join(class);
        let (_, files) = entries(&folder)?;
        let (pictures, others): (Vec<_>, Vec<_>) = files.into_iter().partition(|path| is_picture(path));
        others.into_iter().for_each(|path| ignored.push(path));
        if pictures.is_empty() {
            let remedy = "put PNG, JPEG, WebP, GIF or BMP pictures into it, or take the folder away";
            return Err(layout(&folder, "there is no picture in it", remedy));
        }
        part.extend(pictures.into_iter().map(|path| File { path, label: label as u16 }));
    }
    Ok(part)
}

impl Ignored {
    fn push(&mut self, path: PathBuf) {
        self.count += 1;
        self.example.get_or_insert(path);
    }

    fn note(&self) -> Option<String> {
        let example = self.example.as_ref()?.display();
        Some(match self.count {
            1 => format!("`{example}` is no picture in the folder of a class and was left out."),
            n => format!(
                "{} entries that are no pictures in the folder of a class were left out, `{example}` among them.",
                count(n)
            ),
        })
    }
}

/// Sub-folders and files of a folder, each sorted by name; what begins with a full stop is not seen.
pub(super) fn entries(folder: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>), DataError> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(DataError::unreadable(folder))? {
        let entry = entry.map_err(DataError::unreadable(folder))?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            paths.push(entry.path());
        }
        if paths.len() > MAX_ENTRIES {
            let what = format!("it has more than {} entries", count(MAX_ENTRIES));
            return Err(layout(folder, what, "choose the folder that holds the classes"));
        }
    }
    paths.sort();
    Ok(paths.into_iter().partition(|path| path.is_dir()))
}

pub(super) fn layout(path: &Path, what: impl Into<String>, remedy: &'static str) -> DataError {
    DataError::Layout { path: path.to_owned(), what: what.into(), remedy }
}

/// The shape that all pictures get, and what to say about it. Those that all have one size keep it up to a side
/// of `max_own_side`.
pub(super) fn common_extent(
    files: &[&Path],
    size: Option<[usize; 2]>,
    max_own_side: usize,
) -> Result<(Extent, Option<String>), DataError> {
    let probe = |file: &&Path| {
        probe(file).map_err(|error| DataError::Picture { path: (*file).to_owned(), cause: cause(&error) })
    };
    let probes = in_order(files.par_iter().map(probe).collect())?;
    let channels = if probes.iter().all(|&(_, is_grey)| is_grey) { 1 } else { 3 };
    let own = probes.first().map(|&(size, _)| size).unwrap_or(DEFAULT_SIZE);
    let is_kept = own.iter().all(|&side| side <= max_own_side) && probes.iter().all(|&(size, _)| size == own);
    let (size, note) = match size {
        Some(size) => (size.map(|side| side.clamp(1, MAX_SIDE)), None),
        None if is_kept => (own, None),
        None => {
            let [height, width] = DEFAULT_SIZE;
            let note =
                format!("The pictures were resized to {height}×{width}; `data.size` asks for another size.");
            (DEFAULT_SIZE, Some(note))
        }
    };
    Ok((Extent::new(channels, size[0], size[1]), note))
}

/// The pictures of a part in the order of the files, and those that will not decode.
fn decode_part(files: &[File], extent: Extent) -> Result<(Split, Vec<Unreadable>), DataError> {
    let paths: Vec<&Path> = files.iter().map(|file| file.path.as_path()).collect();
    let (mut pictures, causes) = decode_all(&paths, extent);
    let (mut classes, mut unreadable) = (Vec::new(), Vec::new());
    for (i, (file, cause)) in files.iter().zip(causes).enumerate() {
        if let Some(cause) = cause {
            unreadable.push(Unreadable::new(&file.path, &cause));
            continue;
        }
        // Those that are left close the gaps.
        if classes.len() < i {
            pictures.copy_within(i * extent.len()..(i + 1) * extent.len(), classes.len() * extent.len());
        }
        classes.push(file.label);
    }
    match unreadable.first() {
        Some(first) if classes.is_empty() => return Err(first.clone().into()),
        _ => pictures.truncate(classes.len() * extent.len()),
    }
    Ok((Split { pictures, labels: Labels::Classes(classes) }, unreadable))
}

/// All results, or the first error in the order of the files, whichever thread met one first.
pub(super) fn in_order<T>(results: Vec<Result<T, DataError>>) -> Result<Vec<T>, DataError> {
    results.into_iter().collect()
}

/// Puts the pictures into an order drawn by `seed`, so that the first k of them are of all classes.
pub(super) fn shuffle(split: &mut Split, extent: Extent, seed: u64) {
    split.reorder(extent, &Key::new(seed, Purpose::Split).permutation(split.len()));
}

#[cfg(test)]
#[path = "folder_tests.rs"]
mod tests;
