use super::super::known::MNIST;
use super::*;
use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use std::io::Write;
use tempfile::TempDir;

fn images(n: u32, side: u32) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, 3];
    bytes.extend([n, side, side].map(u32::to_be_bytes).concat());
    bytes.extend((0..n * side * side).map(|i| i as u8));
    bytes
}

fn labels(labels: &[u8]) -> Vec<u8> {
    [&[0, 0, 8, 1], &(labels.len() as u32).to_be_bytes()[..], labels].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A folder with three training and two test pictures of 4×4.
fn small_set() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: Vec<u8>| std::fs::write(folder.path().join(name), bytes).unwrap();
    put(FILES[0], images(3, 4));
    put(FILES[1], labels(&[7, 0, 9]));
    put("t10k-images.idx3-ubyte.gz", gzip(&images(2, 4)));
    put("t10k-labels-idx1-ubyte.gz", gzip(&labels(&[1, 2])));
    folder
}

/// The message after the file `name` of a small set was replaced, with the path taken out.
fn complaint(name: &str, bytes: &[u8]) -> String {
    let folder = small_set();
    std::fs::write(folder.path().join(name), bytes).unwrap();
    let message = open(folder.path(), None).unwrap_err().to_string();
    message.replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn plain_and_gzipped_files_are_read_alike() {
    let folder = small_set();
    let set = open(folder.path(), Some(&MNIST)).unwrap();
    assert_eq!(set.extent, Extent::new(1, 4, 4));
    assert_eq!(counts(folder.path()), Some([3, 2]));
    assert_eq!((set.train.labels, set.test.labels), (vec![7, 0, 9].into(), vec![1, 2].into()));
    assert_eq!(set.train.pictures, (0..48).collect::<Vec<u8>>());
    assert_eq!(set.test.pictures, (0..32).collect::<Vec<u8>>());
    assert_eq!(set.notes.len(), 2, "{:?}", set.notes);
}

#[test]
fn a_file_of_class_names_widens_the_labels() {
    let folder = small_set();
    std::fs::write(folder.path().join(FILES[1]), labels(&[10, 0, 11])).unwrap();
    std::fs::write(folder.path().join("classes.txt"), "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\n").unwrap();
    let set = open(folder.path(), None).unwrap();
    assert_eq!((set.classes.len(), set.classes[11].as_str()), (12, "l"));
    // Weights that are saved could not be read again.
    std::fs::write(folder.path().join("classes.txt"), "a".repeat(256)).unwrap();
    let message = open(folder.path(), None).unwrap_err().to_string();
    assert!(message.contains("is too long") && message.contains("255 characters"), "{message}");
}

#[test]
fn damage_is_told_in_a_sentence() {
    let cut = |bytes: Vec<u8>, n: usize| bytes[..n].to_vec();
    let check = |name: &str, bytes: Vec<u8>, expected: &str| {
        let message = complaint(name, &bytes);
        assert!(message.contains(expected) && message.contains(name), "{message}");
    };
    check(FILES[0], labels(&[1]), "begins with the bytes [00, 00, 08, 01]");
    check(FILES[0], vec![], "begins with the bytes []");
    check(FILES[0], cut(images(3, 4), 9), "ends within its header");
    check(FILES[0], cut(images(3, 4), 30), "promises 48 bytes of content, but it ends after 14");
    check(FILES[0], [images(3, 4), vec![0]].concat(), "but it is longer");
    check(FILES[0], images(3, 0), "3 × 0 × 0");
    check(FILES[0], [&[0, 0, 8, 3][..], &[255; 12]].concat(), "4,294,967,295 × 4,294,967,295");
    check(FILES[1], labels(&[7, 0]), "2 labels for the 3 pictures");
    check(FILES[1], labels(&[7, 10, 0]), "gives picture 1 (counted from 0) the label 10");
    let gzipped = gzip(&images(2, 4));
    check("t10k-images.idx3-ubyte.gz", cut(gzipped.clone(), 20), "breaks off");
    let mut flipped = gzipped;
    let checksum = flipped.len() - 6;
    flipped[checksum] ^= 1;
    check("t10k-images.idx3-ubyte.gz", flipped, "does not match its checksum");
    check("t10k-images.idx3-ubyte.gz", gzip(&images(2, 5)), "its pictures are 1×5×5, those of the training");
}

#[test]
fn a_missing_file_is_named() {
    let folder = small_set();
    std::fs::remove_file(folder.path().join(FILES[1])).unwrap();
    let message = open(folder.path(), None).unwrap_err().to_string();
    assert!(message.contains("train-labels-idx1-ubyte` is missing: put it beside the others"), "{message}");
}

proptest! {
    #[test]
    fn random_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..64), header in any::<bool>()) {
        if header && bytes.len() > 4 {
            bytes[..4].copy_from_slice(&[0, 0, 8, 3]);
        }
        let path = Path::new("made-up");
        let _ = parse::<3>(&bytes[..], path);
        let _ = parse::<1>(&bytes[..], path);
        let _ = parse::<3>(MultiGzDecoder::new(&bytes[..]), path);
    }

    #[test]
    fn what_is_written_is_read(n in 1u32..5, side in 1u32..9) {
        let array = parse::<3>(&images(n, side)[..], Path::new("made-up")).unwrap();
        prop_assert_eq!(array.shape, [n as usize, side as usize, side as usize]);
        prop_assert_eq!(array.data.len(), (n * side * side) as usize);
    }
}
