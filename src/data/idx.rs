//! MNIST's own format, IDX (LeCun, Cortes and Burges 1998), plain or gzipped.
//!
//! Four files: pictures and labels, to learn from and to test on. Each begins with a magic number (two zero
//! bytes, the kind of number, the number of dimensions) and the dimensions as big-endian words; then come
//! the bytes, row by row. Whether a file is gzipped is told by its first bytes, not by its name.

use super::error::{DataError, MAX_BYTES, count};
use super::known::Known;
use super::{DataSet, Labels, MAX_CLASSES, MAX_SIDE, Split, folder_name, names};
use crate::experiment::figures::{self, counted};
use crate::tensor::Extent;
use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// The four files as a person has to place them.
pub const FILES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

const RELOAD: &str = "fetch it again from where it came";

/// Whether the folder holds any of the four files.
pub fn is_in(folder: &Path) -> bool {
    FILES.iter().any(|name| find(folder, name).is_some())
}

/// Whether a file of this name is one of the four.
pub fn is_named_like(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    FILES.iter().any(|file| spellings(file).contains(&name.to_string()))
}

/// Reads the four files of a folder.
///
/// A set that is not `known` has the classes that `classes.txt` names, else the ten digits.
///
/// # Errors
/// A file that is missing, cut short or not IDX; pictures without labels or the other way round; a label
/// that names no class; training and test pictures of different shapes.
pub fn open(folder: &Path, known: Option<&'static Known>) -> Result<DataSet, DataError> {
    let classes = match known {
        Some(known) => known.class_names(),
        None => names::in_folder(folder, 1..=MAX_CLASSES, "write the name of one class on each line")?
            .unwrap_or_else(|| (0..10).map(|digit| digit.to_string()).collect()),
    };
    let (train, extent) = split(folder, [FILES[0], FILES[1]], classes.len())?;
    let (test, test_extent) = split(folder, [FILES[2], FILES[3]], classes.len())?;
    if extent != test_extent {
        return Err(DataError::Damaged {
            path: need(folder, FILES[2])?,
            what: format!("its pictures are {test_extent}, those of the training file {extent}"),
            remedy: "put the four files of one and the same data set into the folder",
        });
    }
    let notes = known.map(|known| known.notes(train.len(), test.len())).unwrap_or_default();
    let name = known.map_or_else(|| folder_name(folder), |known| known.name.to_owned());
    Ok(DataSet { name, extent, classes, train, test, clean: None, notes })
}

/// How many pictures the files of a folder hold to learn from and to test on, by their headers; none where one is
/// missing or none of IDX.
pub fn counts(folder: &Path) -> Option<[usize; 2]> {
    let count = |name: &str| {
        let mut header = [0; 8];
        unzipped(&find(folder, name)?).ok()?.read_exact(&mut header).ok()?;
        let [0, 0, 8, 3, count @ ..] = header else { return None };
        Some(u32::from_be_bytes(count) as usize)
    };
    Some([count(FILES[0])?, count(FILES[2])?])
}

/// One part: the pictures and their labels.
fn split(folder: &Path, [images, labels]: [&str; 2], n_classes: usize) -> Result<(Split, Extent), DataError> {
    let (images_path, labels_path) = (need(folder, images)?, need(folder, labels)?);
    let images: Array<3> = read(&images_path)?;
    let labels: Array<1> = read(&labels_path)?;
    let [n_pictures, height, width] = images.shape;
    if labels.shape[0] != n_pictures {
        return Err(DataError::Damaged {
            what: format!(
                "it holds {} for the {} of `{}`",
                counted(labels.shape[0] as u64, "label"),
                counted(n_pictures as u64, "picture"),
                images_path.display()
            ),
            path: labels_path,
            remedy: "put files that belong together into the folder",
        });
    }
    if let Some(index) = labels.data.iter().position(|&label| label as usize >= n_classes) {
        return Err(DataError::Label {
            path: labels_path,
            index,
            label: labels.data[index] as usize,
            n_classes,
            remedy: "fetch the file again, or name all classes in a file `classes.txt` beside it",
        });
    }
    let labels = Labels::Classes(labels.data.iter().map(|&label| label as u16).collect());
    Ok((Split { pictures: images.data, labels }, Extent::new(1, height, width)))
}

/// The ways in which a file's name is met: with a hyphen or a full stop before `idx`, gzipped or not.
fn spellings(name: &str) -> [String; 4] {
    let dotted = name.replace("-idx", ".idx");
    [name.to_owned(), format!("{name}.gz"), dotted.clone(), format!("{dotted}.gz")]
}

fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    spellings(name).into_iter().map(|name| folder.join(name)).find(|path| path.is_file())
}

fn need(folder: &Path, name: &str) -> Result<PathBuf, DataError> {
    find(folder, name).ok_or_else(|| DataError::Missing {
        path: folder.join(name),
        remedy: "put it beside the others, as it is or gzipped with `.gz` at the end".into(),
    })
}

/// The bytes of an IDX file of `N` dimensions, in row-major order: `(N)` labels or `(N, H, W)` pixels.
#[derive(Debug)]
struct Array<const N: usize> {
    shape: [usize; N],
    data: Vec<u8>,
}

fn read<const N: usize>(path: &Path) -> Result<Array<N>, DataError> {
    parse(unzipped(path).map_err(DataError::unreadable(path))?, path)
}

/// The bytes of a file, or what they are when unzipped.
fn unzipped(path: &Path) -> std::io::Result<Box<dyn Read>> {
    let mut reader = BufReader::new(File::open(path)?);
    let is_gzipped = reader.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    Ok(if is_gzipped { Box::new(MultiGzDecoder::new(reader)) } else { Box::new(reader) })
}

/// Reads the array from its bytes, wherever they come from; `path` is for the messages alone.
fn parse<const N: usize>(mut reader: impl Read, path: &Path) -> Result<Array<N>, DataError> {
    let damaged = |what: String| DataError::Damaged { path: path.to_owned(), what, remedy: RELOAD };
    let magic = take(&mut reader, 4, path)?;
    if magic != [0, 0, 8, N as u8] {
        return Err(damaged(format!(
            "it begins with the bytes {magic:02x?}, where a file of {} begins with [00, 00, 08, {N:02x}]",
            if N == 1 { "labels" } else { "pictures" }
        )));
    }
    let words = take(&mut reader, 4 * N, path)?;
    if words.len() < 4 * N {
        return Err(damaged("it ends within its header".into()));
    }
    let word = |i: usize| u32::from_be_bytes([0, 1, 2, 3].map(|b| words[4 * i + b])) as usize;
    let shape: [usize; N] = std::array::from_fn(word);
    let size = checked_size(&shape).ok_or_else(|| {
        damaged(format!(
            "its header speaks of {}, where 1 to {} pictures of at most {MAX_SIDE}×{MAX_SIDE} and {} in all \
             are allowed",
            shape.map(count).join(" × "),
            count(u32::MAX as usize),
            figures::bytes(MAX_BYTES)
        ))
    })?;
    // One byte more than promised, so that a longer file is noticed and a gzipped one is read to its checksum.
    let data = take(&mut reader, size + 1, path)?;
    if data.len() != size {
        let found = if data.len() > size {
            "it is longer".into()
        } else {
            format!("it ends after {}", count(data.len()))
        };
        return Err(damaged(format!("its header promises {} bytes of content, but {found}", count(size))));
    }
    Ok(Array { shape, data })
}

/// The product of the dimensions, if each is within its bounds.
fn checked_size(shape: &[usize]) -> Option<usize> {
    let sides_fit = shape[1..].iter().all(|side| (1..=MAX_SIDE).contains(side));
    let size = shape.iter().try_fold(1u64, |size, &n| size.checked_mul(n as u64))?;
    (sides_fit && (1..=MAX_BYTES).contains(&size)).then_some(size as usize)
}

/// Up to `n` bytes; memory grows with what the file holds, not with what its header promises.
fn take(reader: &mut impl Read, n: usize, path: &Path) -> Result<Vec<u8>, DataError> {
    let mut bytes = Vec::new();
    match reader.take(n as u64).read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(cause) if is_damage(cause.kind()) => Err(DataError::Damaged {
            path: path.to_owned(),
            what: format!("its compressed stream breaks off or does not match its checksum ({cause})"),
            remedy: RELOAD,
        }),
        Err(cause) => Err(DataError::unreadable(path)(cause)),
    }
}

/// Whether an error in reading is one of content, as the decompressor reports it.
fn is_damage(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::UnexpectedEof | ErrorKind::InvalidData | ErrorKind::InvalidInput)
}

#[cfg(test)]
#[path = "idx_tests.rs"]
mod tests;
