use super::*;
use image::{Rgb, RgbImage};
use proptest::prelude::*;
use tempfile::TempDir;

fn open(path: &Path, size: Option<[usize; 2]>, hold_out: f32, seed: u64) -> Result<DataSet, DataError> {
    Found::look(path, size)?.read(hold_out, seed)
}

/// A folder of such pictures, each of one colour, and this table.
fn folder(table: &str, pictures: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), table, pictures);
    folder
}

fn write(folder: &Path, table: &str, pictures: &[&str]) {
    for (i, name) in pictures.iter().enumerate() {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        RgbImage::from_pixel(8, 6, Rgb([i as u8, 7, 9])).save(path).unwrap();
    }
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join(FILE), table).unwrap();
}

fn message(folder: &TempDir) -> String {
    open(folder.path(), None, 0.2, 1).unwrap_err().to_string()
}

/// The tags of the picture whose red is `red`, as bits.
fn tags_of(set: &DataSet, red: u8) -> Vec<bool> {
    let found = [&set.train, &set.test].into_iter().find_map(|split| {
        let picture = (0..split.len()).find(|&i| split.picture(set.extent, i)[0] == red)?;
        Some((0..set.classes.len()).map(|tag| split.labels.shows(picture, tag)).collect())
    });
    found.expect("a picture of this red")
}

#[test]
fn pictures_get_the_tags_of_their_line() {
    let table = "file,ball,box,\"ring, small\"\n\n0.png,1,0,1\r\nsub/1.png, 0 ,0,0\n\"2.png\",1,1,1\n";
    let folder = folder(table, &["0.png", "sub/1.png", "2.png", "3.png"]);
    assert!(is_in(folder.path()));
    let set = open(folder.path(), None, 0.2, 1).unwrap();
    assert_eq!(set.classes, ["ball", "box", "ring, small"]);
    assert_eq!((set.train.len(), set.test.len(), set.extent), (2, 1, Extent::new(3, 6, 8)));
    let found: Vec<Vec<bool>> = (0..3).map(|red| tags_of(&set, red)).collect();
    assert_eq!(found, [vec![true, false, true], vec![false; 3], vec![true; 3]]);
    let notes = set.notes.join("\n");
    assert!(notes.contains("3.png` is not in tags.csv and was left out"), "{notes}");
    assert!(notes.contains("20 % of the pictures were put aside"), "{notes}");
}

#[test]
fn ready_made_halves_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("train"), "\u{feff}file,a,b\n0.png,1,0\n1.png,1,1\n", &["0.png", "1.png"]);
    assert!(is_in(folder.path()));
    assert!(message(&folder).contains("it has no folder `test` beside `train`"), "{}", message(&folder));
    let test = folder.path().join("test");
    std::fs::create_dir(&test).unwrap();
    assert!(message(&folder).contains("test/tags.csv` is missing: it is to tell the tags"));
    write(&test, "file,b,a\n0.png,1,0\n", &["0.png"]);
    assert!(message(&folder).contains("its first line is another than that of"), "{}", message(&folder));
    write(&test, "picture,a,b\n0.png,1,0\n", &[]);
    let set = open(folder.path(), Some([4, 5]), 0.2, 1).unwrap();
    assert_eq!((set.train.len(), set.test.len(), set.extent), (2, 1, Extent::new(3, 4, 5)));
    assert_eq!(set.train.class_counts(2), [2, 1]);
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let cases = [
        ("", "it is empty; write `file`"),
        ("file\n", "line 1 names no tag; write `file` and behind it"),
        ("file;a;b\n0.png;1;0\n", "line 1 names no tag; set its columns apart by commas"),
        ("file,a,a\n", "line 1 names `a` twice"),
        ("file,a,,b\n", "line 1 has no name in column 3"),
        ("file,a,b\n", "it names no picture"),
        ("file,a,b\n0.png,1\n", "line 2 has 2 columns and the first line 3"),
        ("file,a,b\n\n0.png,1,0,1\n", "line 3 has 4 columns and the first line 3"),
        ("file,a,b\n0.png,1,yes\n", "line 2 has `yes` for `b`; write 1 where"),
        ("file,a,b\n0.png,1,\n", "line 2 has `` for `b`; write 1 where"),
        ("file,a\n0.png,1\n0.png,0\n", "line 3 names"),
        ("file,a\nnone.png,1\n", "none.png` is missing: line 2 of"),
        ("file,a\n../0.png,1\n", "line 2 names `../0.png`, which is no file below its folder"),
        ("file,a\n/0.png,1\n", "line 2 names `/0.png`, which is no file below its folder"),
        ("file,a\n,1\n", "line 2 names ``, which is no file"),
        ("file,a\ntags.csv,1\n", "line 2 names `tags.csv`, which is no picture"),
        ("file,a\n\"0.png,1\n", "line 2 has a quote that does not end"),
        ("file,a\n\"0.png\"x,1\n", "line 2 goes on behind a quote"),
        ("file,a\n0.png,1\n", "names a single picture"),
    ];
    for (table, words) in cases {
        let folder = folder(table, &["0.png"]);
        assert!(message(&folder).contains(words), "{table:?}: {}", message(&folder));
        assert!(message(&folder).contains("tags.csv"), "{}", message(&folder));
    }
    let long = format!("file,{}\n", "x".repeat(300));
    assert!(message(&folder(&long, &[])).contains("names may have 255 characters"));
    let many = format!("file{}\n", ",x".repeat(MAX_CLASSES + 1));
    assert!(message(&folder(&many, &[])).contains("names 1,001 tags"));
    let folder = folder("file,a\n0.png,1\n1.png,0\n", &["0.png"]);
    std::fs::write(folder.path().join("1.png"), b"no picture").unwrap();
    assert!(message(&folder).contains("1.png` cannot be decoded"), "{}", message(&folder));
    std::fs::write(folder.path().join(FILE), [b'f', 0xff]).unwrap();
    assert!(message(&folder).contains("it is no text in UTF-8; save it anew"), "{}", message(&folder));
}

proptest! {
    /// Whatever stands in a table, it is read or refused.
    #[test]
    fn no_table_is_too_strange(text in "(\"|,|[01]|a|\\.png|\n|\\PC){0,40}") {
        let _ = Table::parse(PathBuf::from("nowhere/tags.csv"), &text);
        for line in text.lines() {
            if let Ok(columns) = columns(line) {
                prop_assert!(!columns.is_empty());
            }
        }
    }

    /// What is quoted as RFC 4180 has it comes back.
    #[test]
    fn quotes_lead_back(names in prop::collection::vec("[a-z,\"]{1,6}", 1..5)) {
        let quoted = names.iter().map(|name| format!("\"{}\"", name.replace('"', "\"\"")));
        let line = quoted.collect::<Vec<_>>().join(",");
        prop_assert_eq!(columns(&line), Ok(names));
    }
}
