use super::*;
use crate::data::HOLD_OUT;
use crate::data::decode::{decode, fit};
use image::imageops::FilterType;
use image::{DynamicImage, GrayImage, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use proptest::prelude::*;
use tempfile::TempDir;

fn open(path: &Path, size: Option<[usize; 2]>, hold_out: f32, seed: u64) -> Result<DataSet, DataError> {
    Found::look(path, size)?.read(hold_out, seed)
}

fn colour(folder: &Path, name: &str, size: [u32; 2], rgb: [u8; 3]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    RgbImage::from_pixel(size[1], size[0], Rgb(rgb)).save(path).unwrap();
}

/// Two classes of five pictures of 6×8, black and white.
fn small_set() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..5 {
        colour(folder.path(), &format!("night/{i}.png"), [6, 8], [0, 0, 0]);
        colour(folder.path(), &format!("day/{i}.png"), [6, 8], [255, 254, 253]);
    }
    folder
}

fn message(folder: &Path) -> String {
    open(folder, None, HOLD_OUT, 1).unwrap_err().to_string()
}

#[test]
fn pictures_get_the_class_of_their_folder() {
    let folder = small_set();
    let set = open(folder.path(), None, HOLD_OUT, 1).unwrap();
    assert_eq!((set.classes, set.extent), (vec!["day".into(), "night".into()], Extent::new(3, 6, 8)));
    assert_eq!((set.train.class_counts(2), set.test.class_counts(2)), (vec![4, 4], vec![1, 1]));
    for split in [&set.train, &set.test] {
        for (i, &label) in split.labels.classes().unwrap().iter().enumerate() {
            let planes = split.picture(set.extent, i).chunks(48).map(|plane| plane[0]).collect::<Vec<_>>();
            assert_eq!(planes, if label == 0 { [255, 254, 253] } else { [0, 0, 0] });
        }
    }
    let again = open(folder.path(), None, HOLD_OUT, 1).unwrap();
    assert_eq!(set.train.labels, again.train.labels);
}

#[test]
fn ready_made_halves_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    for (name, n) in [("train/a", 3), ("train/b", 2), ("test/a", 1), ("test/b", 2)] {
        (0..n).for_each(|i| colour(folder.path(), &format!("{name}/{i}.bmp"), [4, 4], [1, 2, 3]));
    }
    colour(folder.path(), "extra/a/1.png", [4, 4], [0, 0, 0]);
    let set = open(folder.path(), None, HOLD_OUT, 1).unwrap();
    assert_eq!((set.train.class_counts(2), set.test.class_counts(2)), (vec![3, 2], vec![1, 2]));
    assert!(set.notes.iter().any(|note| note.contains("extra")), "{:?}", set.notes);
    colour(folder.path(), "test/c/1.png", [4, 4], [0, 0, 0]);
    assert!(message(folder.path()).contains("`c` is a class here but has no pictures for training"));
}

#[test]
fn pictures_of_several_sizes_are_cut_and_resized() {
    let folder = small_set();
    colour(folder.path(), "day/wide.jpg", [100, 300], [200, 100, 50]);
    let set = open(folder.path(), None, HOLD_OUT, 1).unwrap();
    assert_eq!(set.extent, Extent::new(3, 32, 32));
    assert!(set.notes[0].contains("resized to 32×32"), "{:?}", set.notes);
    let wanted = open(folder.path(), Some([10, 12]), HOLD_OUT, 1).unwrap();
    assert_eq!(wanted.extent, Extent::new(3, 10, 12));

    // A picture with red sides: the middle that is kept shows none of them.
    let mut sides = RgbImage::from_pixel(60, 20, Rgb([255, 0, 0]));
    (20..40).for_each(|x| (0..20).for_each(|y| sides.put_pixel(x, y, Rgb([0, 0, 255]))));
    let bytes =
        fit(DynamicImage::ImageRgb8(sides), Extent::new(3, 8, 8), FilterType::Triangle).to_rgb8().into_raw();
    assert!(bytes.chunks(3).all(|pixel| pixel == [0, 0, 255]));
}

#[test]
fn grey_pictures_have_one_channel_and_glass_lies_on_white() {
    let folder = tempfile::tempdir().unwrap();
    for class in ["a", "b"] {
        std::fs::create_dir(folder.path().join(class)).unwrap();
        for i in 0..2 {
            GrayImage::from_pixel(5, 5, Luma([77]))
                .save(folder.path().join(format!("{class}/{i}.png")))
                .unwrap();
        }
    }
    let set = open(folder.path(), None, HOLD_OUT, 1).unwrap();
    assert_eq!((set.extent, set.train.pictures[0]), (Extent::new(1, 5, 5), 77));
    let glass = RgbaImage::from_pixel(5, 5, Rgba([10, 20, 30, 0]));
    glass.save(folder.path().join("a/0.png")).unwrap();
    glass.save(folder.path().join("a/1.png")).unwrap();
    let set = open(folder.path(), None, HOLD_OUT, 1).unwrap();
    let a = set.train.labels.classes().unwrap().iter().position(|&label| label == 0).unwrap();
    assert_eq!((set.extent.channels, set.train.picture(set.extent, a)[0]), (3, 255));
}

#[test]
fn what_is_no_picture_is_left_out_and_said() {
    let folder = small_set();
    std::fs::write(folder.path().join("day/notes.txt"), "rain").unwrap();
    std::fs::write(folder.path().join("day/.hidden"), "").unwrap();
    let set = open(folder.path(), None, HOLD_OUT, 1).unwrap();
    assert!(set.notes[0].contains("notes.txt"), "{:?}", set.notes);
    assert_eq!(set.train.len() + set.test.len(), 10);
}

#[test]
fn what_will_not_decode_is_left_out_and_said() {
    let folder = small_set();
    let bad = folder.path().join("day/3.png");
    let whole = std::fs::read(&bad).unwrap();
    for bytes in [&b"no picture at all"[..], &whole[..whole.len() / 2], &[]] {
        std::fs::write(&bad, bytes).unwrap();
        let set = open(folder.path(), None, HOLD_OUT, 1).unwrap();
        assert!(set.notes[0].contains("1 picture cannot be decoded and was left out: `"), "{:?}", set.notes);
        assert!(set.notes[0].contains("3.png` ("), "{:?}", set.notes);
        assert_eq!(set.train.len() + set.test.len(), 9);
    }
    for entry in std::fs::read_dir(folder.path()).unwrap().flatten() {
        for picture in std::fs::read_dir(entry.path()).unwrap().flatten() {
            std::fs::write(picture.path(), "no picture at all").unwrap();
        }
    }
    let message = message(folder.path());
    assert!(message.contains(".png` cannot be decoded") && message.contains("repair it"), "{message}");
}

/// A bitmap of 40,000 × 40,000 pixels, as its header of 54 bytes says.
#[test]
fn a_giant_of_few_bytes_is_left_out_before_memory_is_asked_for() {
    let side = 40_000u32.to_le_bytes();
    let header = [&b"BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"[..], &side, &side, b"\x01\0\x18\0", &[0; 24]];
    let folder = small_set();
    std::fs::write(folder.path().join("day/giant.bmp"), header.concat()).unwrap();
    let notes = open(folder.path(), None, HOLD_OUT, 1).unwrap().notes;
    assert!(notes[0].contains("giant.bmp` (") && notes[0].contains("limit"), "{notes:?}");
}

#[test]
fn folders_without_classes_are_told_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    assert!(message(folder.path()).contains("and 0 sub-folders of pictures"), "{}", message(folder.path()));
    colour(folder.path(), "one/1.png", [4, 4], [0, 0, 0]);
    assert!(message(folder.path()).contains("make one sub-folder for each class"));
    std::fs::create_dir(folder.path().join("two")).unwrap();
    assert!(
        message(folder.path()).contains("two` is no data set this program knows, there is no picture in it")
    );
    colour(folder.path(), "two/1.png", [4, 4], [0, 0, 0]);
    assert!(message(folder.path()).contains("none is left for testing"), "{}", message(folder.path()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn random_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..300), form in 0usize..5) {
        let magic: [&[u8]; 5] =
            [b"", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\xff\xd8\xff\xe0", b"BM", b"GIF89a"];
        bytes.splice(0..0, magic[form].iter().copied());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made-up.png");
        std::fs::write(&path, bytes).unwrap();
        let _ = probe(&path);
        let _ = decode(&path, Extent::new(3, 8, 8));
    }

    #[test]
    fn any_proportions_can_be_cut(width in 1u32..80, height in 1u32..80, wanted in (1usize..20, 1usize..20)) {
        let extent = Extent::new(3, wanted.0, wanted.1);
        let image = fit(DynamicImage::new_rgb8(width, height), extent, FilterType::Triangle);
        prop_assert_eq!((image.width() as usize, image.height() as usize), (extent.width, extent.height));
    }
}
