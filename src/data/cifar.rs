//! The binary format of CIFAR-10 and CIFAR-100 (Krizhevsky 2009).
//!
//! A file is a row of records without any header: the label (for CIFAR-100 the coarse label before the fine
//! one), then the red, the green and the blue plane of 32×32 bytes. Any whole number of records is a valid
//! file. CIFAR-100 is used with its fine labels.

use super::error::{DataError, MAX_BYTES};
use super::known::{CIFAR_10, CIFAR_100, Known};
use super::{DataSet, Labels, Split, percent, split_at_random};
use crate::tensor::Extent;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The files of CIFAR-10 as a person has to place them.
pub const FILES_10: [&str; 6] = [
    "data_batch_1.bin",
    "data_batch_2.bin",
    "data_batch_3.bin",
    "data_batch_4.bin",
    "data_batch_5.bin",
    "test_batch.bin",
];

/// The files of CIFAR-100.
pub const FILES_100: [&str; 2] = ["train.bin", "test.bin"];

const EXTENT: Extent = Extent::new(3, 32, 32);

/// How one of the two writes a record.
struct Form {
    known: &'static Known,
    /// Bytes before the pixels; the last of them is the label that is used.
    n_labels: usize,
}

const TEN: Form = Form { known: &CIFAR_10, n_labels: 1 };
const HUNDRED: Form = Form { known: &CIFAR_100, n_labels: 2 };

impl Form {
    const fn record_len(&self) -> usize {
        self.n_labels + EXTENT.len()
    }

    /// Records in a file, if it is there.
    fn count(&self, path: &Path) -> Option<usize> {
        Some(std::fs::metadata(path).ok()?.len() as usize / self.record_len())
    }
}

/// Whether the folder holds files of CIFAR-10.
pub fn is_ten_in(folder: &Path) -> bool {
    FILES_10.iter().any(|name| folder.join(name).is_file())
}

/// Whether the folder holds files of CIFAR-100.
pub fn is_hundred_in(folder: &Path) -> bool {
    FILES_100.iter().all(|name| folder.join(name).is_file())
}

/// Reads CIFAR-10 from a folder: `data_batch_1.bin` and those that follow without a gap, `test_batch.bin`.
///
/// # Errors
/// A missing file, one that is no whole number of records, a label above 9.
pub fn open_ten(folder: &Path) -> Result<DataSet, DataError> {
    let (batches, test) = (&FILES_10[..5], FILES_10[5]);
    let is_there = |name: &&str| folder.join(name).is_file();
    let n_batches = batches.iter().rposition(is_there).map_or(1, |last| last + 1);
    let train = batches[..n_batches].iter().map(|name| folder.join(name)).collect();
    open(&TEN, train, folder.join(test))
}

/// How many pictures the files of CIFAR-10 in a folder hold to learn from and to test on, by their sizes; none where
/// there are none.
pub fn counts_ten(folder: &Path) -> Option<[usize; 2]> {
    let batches = FILES_10[..5].iter().filter_map(|name| TEN.count(&folder.join(name)));
    Some([batches.sum(), TEN.count(&folder.join(FILES_10[5]))?])
}

/// The same of CIFAR-100.
pub fn counts_hundred(folder: &Path) -> Option<[usize; 2]> {
    let [train, test] = FILES_100.map(|name| HUNDRED.count(&folder.join(name)));
    Some([train?, test?])
}

/// Reads CIFAR-100 from a folder: `train.bin` and `test.bin`.
///
/// # Errors
/// A missing file, one that is no whole number of records, a label above 99.
pub fn open_hundred(folder: &Path) -> Result<DataSet, DataError> {
    open(&HUNDRED, vec![folder.join(FILES_100[0])], folder.join(FILES_100[1]))
}

/// Reads a single file of either form and splits it by seed, the share `hold_out` for testing.
///
/// # Errors
/// A file of no whole number of records of either form, or with labels out of range.
pub fn open_file(path: &Path, hold_out: f32, seed: u64) -> Result<DataSet, DataError> {
    let bytes = read(path)?;
    let is_form = |form: &&Form| !bytes.is_empty() && bytes.len().is_multiple_of(form.record_len());
    // The first form is also the one that the message is about where neither fits.
    let form = [&TEN, &HUNDRED].into_iter().find(is_form).unwrap_or(&TEN);
    let mut all = Split::default();
    append(&mut all, form, &bytes, path)?;
    let (train, test) = split_at_random(all, EXTENT, hold_out, seed);
    if test.is_empty() {
        return Err(DataError::Layout {
            path: path.to_owned(),
            what: "no class has two pictures, so that none is left for testing".into(),
            remedy: "choose the folder of all files, or a file with more pictures",
        });
    }
    let note = format!(
        "`{}` is one file of {}: its pictures were divided at random, {} of each class for testing.",
        path.display(),
        form.known.name,
        percent(hold_out)
    );
    Ok(assemble(form, train, test, vec![note]))
}

fn open(form: &Form, train_files: Vec<PathBuf>, test_file: PathBuf) -> Result<DataSet, DataError> {
    let mut train = Split::default();
    for path in &train_files {
        append(&mut train, form, &read(path)?, path)?;
    }
    let mut test = Split::default();
    append(&mut test, form, &read(&test_file)?, &test_file)?;
    let notes = form.known.notes(train.len(), test.len());
    Ok(assemble(form, train, test, notes))
}

fn assemble(form: &Form, train: Split, test: Split, notes: Vec<String>) -> DataSet {
    let known = form.known;
    DataSet {
        name: known.name.to_owned(),
        extent: EXTENT,
        classes: known.class_names(),
        train,
        test,
        clean: None,
        notes,
    }
}

/// Appends the records of one file.
fn append(split: &mut Split, form: &Form, bytes: &[u8], path: &Path) -> Result<(), DataError> {
    let record_len = form.record_len();
    if bytes.is_empty() || !bytes.len().is_multiple_of(record_len) {
        return Err(DataError::Damaged {
            path: path.to_owned(),
            what: format!(
                "its {} bytes are no whole number of records of {record_len} bytes, as in {}",
                bytes.len(),
                form.known.name
            ),
            remedy: "fetch it again from where it came",
        });
    }
    split.pictures.reserve_exact(bytes.len() / record_len * EXTENT.len());
    let Labels::Classes(classes) = &mut split.labels else { unreachable!("the records hold classes") };
    for (index, record) in bytes.chunks_exact(record_len).enumerate() {
        let (labels, pixels) = record.split_at(form.n_labels); // pixels: (3, 32, 32)
        let label = labels[form.n_labels - 1] as usize;
        if label >= form.known.classes.len() {
            return Err(DataError::Label {
                path: path.to_owned(),
                index,
                label,
                n_classes: form.known.classes.len(),
                remedy: "fetch the file again from where it came",
            });
        }
        classes.push(label as u16);
        split.pictures.extend_from_slice(pixels);
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, DataError> {
    if !path.is_file() {
        let remedy = "put it beside the others, or fetch the whole data set again".into();
        return Err(DataError::Missing { path: path.to_owned(), remedy });
    }
    let file = File::open(path).map_err(DataError::unreadable(path))?;
    let mut bytes = Vec::new();
    let size = file.metadata().map_err(DataError::unreadable(path))?.len();
    if size > MAX_BYTES {
        let remedy = "use a smaller file";
        return Err(DataError::TooLarge { path: path.to_owned(), bytes: size, remedy });
    }
    file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(DataError::unreadable(path))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tempfile::TempDir;

    /// Records with the given labels; every byte of a picture is its index.
    fn records(form: &Form, labels: &[u8]) -> Vec<u8> {
        let record = |(i, &label): (usize, &u8)| {
            let mut record = vec![i as u8; form.record_len()];
            record[..form.n_labels].fill(label);
            record
        };
        labels.iter().enumerate().flat_map(record).collect()
    }

    fn folder_of(files: &[(&str, Vec<u8>)]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        files.iter().for_each(|(name, bytes)| std::fs::write(folder.path().join(name), bytes).unwrap());
        folder
    }

    #[test]
    fn the_batches_are_read_in_order() {
        let folder = folder_of(&[
            ("data_batch_1.bin", records(&TEN, &[3, 1])),
            ("data_batch_2.bin", records(&TEN, &[4])),
            ("test_batch.bin", records(&TEN, &[9])),
        ]);
        let set = open_ten(folder.path()).unwrap();
        assert_eq!(counts_ten(folder.path()), Some([3, 1]));
        assert_eq!((set.train.labels, set.test.labels), (vec![3, 1, 4].into(), vec![9].into()));
        assert_eq!(set.train.pictures.len(), 3 * 3072);
        assert_eq!([set.train.pictures[0], set.train.pictures[3072], set.train.pictures[6144]], [0, 1, 0]);
        assert_eq!(
            set.notes[0],
            "The training files of CIFAR-10 hold 3 pictures; the published ones hold 50,000."
        );
    }

    #[test]
    fn the_fine_labels_of_cifar_100_are_used() {
        let mut train = records(&HUNDRED, &[99, 5]);
        train[0] = 255; // The coarse label is of no interest.
        let folder = folder_of(&[("train.bin", train), ("test.bin", records(&HUNDRED, &[0]))]);
        let set = open_hundred(folder.path()).unwrap();
        assert_eq!(counts_hundred(folder.path()), Some([2, 1]));
        assert_eq!((set.train.labels, set.classes.len()), (vec![99, 5].into(), 100));
    }

    #[test]
    fn one_file_is_split_by_seed() {
        let labels: Vec<u8> = (0..25).map(|i| i % 5).collect();
        let folder =
            folder_of(&[("some.bin", records(&TEN, &labels)), ("tiny.bin", records(&HUNDRED, &[3]))]);
        let set = open_file(&folder.path().join("some.bin"), 0.2, 1).unwrap();
        assert_eq!((set.train.len(), set.test.class_counts(5)), (20, vec![1; 5]));
        for split in [&set.train, &set.test] {
            for (i, &label) in split.labels.classes().unwrap().iter().enumerate() {
                assert_eq!(split.picture(EXTENT, i)[0] as u16 % 5, label, "a picture kept its label");
            }
        }
        assert!(set.notes[0].contains("20 % of each class"));
        let message = open_file(&folder.path().join("tiny.bin"), 0.2, 1).unwrap_err().to_string();
        assert!(message.contains("none is left for testing"), "{message}");
    }

    #[test]
    fn damage_is_told_in_a_sentence() {
        let check = |bytes: Vec<u8>, expected: &str| {
            let folder = folder_of(&[("data_batch_1.bin", bytes), ("test_batch.bin", records(&TEN, &[1]))]);
            let message = open_ten(folder.path()).unwrap_err().to_string();
            assert!(message.contains(expected) && message.contains("data_batch_1.bin"), "{message}");
        };
        check(vec![], "its 0 bytes are no whole number of records of 3073 bytes");
        check(records(&TEN, &[1, 2])[1..].to_vec(), "its 6145 bytes are no whole number");
        check(
            records(&TEN, &[1, 10]),
            "gives picture 1 (counted from 0) the label 10, but there are only the classes 0 to 9",
        );
    }

    #[test]
    fn a_gap_in_the_batches_is_an_error_and_so_is_a_missing_test_file() {
        let batch = || records(&TEN, &[1]);
        let check = |files: &[(&str, Vec<u8>)], missing: &str| {
            let folder = folder_of(files);
            let message = open_ten(folder.path()).unwrap_err().to_string();
            assert!(message.contains(&format!("{missing}` is missing")), "{message}");
        };
        let (one, three, test) = ("data_batch_1.bin", "data_batch_3.bin", "test_batch.bin");
        check(&[(one, batch()), (three, batch()), (test, batch())], "data_batch_2.bin");
        check(&[(one, batch())], "test_batch.bin");
        check(&[(test, batch())], "data_batch_1.bin");
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..9000), whole in any::<bool>()) {
            for form in [&TEN, &HUNDRED] {
                let len = if whole { bytes.len() / form.record_len() * form.record_len() } else { bytes.len() };
                let mut split = Split::default();
                let _ = append(&mut split, form, &bytes[..len], Path::new("made-up"));
                prop_assert_eq!(split.pictures.len(), split.len() * EXTENT.len());
            }
        }
    }
}
