//! A folder of pictures with a class for each pixel: `train` with pictures and `trainannot` with label pictures of
//! the same names, and likewise `test` and `testannot`, or `val` and `valannot` where there is no `test` (the
//! layout of CamVid in Badrinarayanan, Kendall and Cipolla 2015, "SegNet").
//!
//! A label picture is grey, and the value of a pixel is its class, from 0; 255 says that nothing is known of it.
//! Names may stand in `classes.txt`, one on a line.

use super::decode::{self, decode_all, fit, is_picture, pixels, reader};
use super::error::{DataError, MAX_BYTES};
use super::folder::{common_extent, entries, in_order, layout, shuffle};
use super::{DataSet, Labels, MAX_PIXEL_CLASSES, PixelClasses, Prospect, Split, VOID, folder_name, names};
use crate::experiment::LabelKind;
use crate::tensor::Extent;
use image::{ColorType, ImageDecoder, ImageError, ImageReader, imageops::FilterType};
use rayon::prelude::*;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// What the folder of label pictures is called behind the name of that of pictures.
const ENDING: &str = "annot";

/// Pictures that all have one size keep it up to this side.
const MAX_OWN_SIDE: usize = 256;

/// Whether the folder has label pictures beside those for training.
pub fn is_in(path: &Path) -> bool {
    path.join("train").is_dir() && path.join(format!("train{ENDING}")).is_dir()
}

/// A folder whose pictures have been looked at and not yet decoded. They and the label pictures are resized to a `size`
/// `(height, width)`; labels take the value of the nearest pixel. The order is drawn by `seed`.
pub(super) struct Found {
    path: PathBuf,
    /// Those to train on and those to test on.
    parts: [Vec<Pair>; 2],
    extent: Extent,
    names: Option<Vec<String>>,
    notes: Vec<String>,
}

impl Found {
    /// Reads the headers of the pictures and the names of the classes.
    ///
    /// # Errors
    /// A folder that is missing, a picture without a label picture, a damaged list of names, too many pictures.
    pub fn look(path: &Path, size: Option<[usize; 2]>) -> Result<Self, DataError> {
        let test = ["test", "val"].into_iter().find(|name| path.join(name).is_dir()).ok_or_else(|| {
            let remedy = "put pictures to test on into `test` and their label pictures into `testannot`";
            layout(path, "it has neither `test` nor `val` beside `train`", remedy)
        })?;
        let parts = [pairs(path, "train")?, pairs(path, test)?];
        let files: Vec<&Path> = parts.iter().flatten().map(|pair| pair.picture.as_path()).collect();
        let (extent, size_note) = common_extent(&files, size, MAX_OWN_SIDE)?;
        let bytes = (files.len() * (extent.len() + extent.area())) as u64;
        if bytes > MAX_BYTES {
            let remedy = "use fewer pictures or a smaller `data.size`";
            return Err(DataError::TooLarge { path: path.to_owned(), bytes, remedy });
        }
        let unused = (test == "test" && path.join("val").is_dir())
            .then(|| "The pictures in `val` were left out: `test` is there to test on.".to_string());
        let notes = size_note.into_iter().chain(unused).collect();
        let remedy = "write 2 to 255 names into it, one on a line, or take it away";
        let names = names::in_folder(path, 2..=MAX_PIXEL_CLASSES, remedy)?;
        Ok(Self { path: path.to_owned(), parts, extent, names, notes })
    }

    /// What the set will hold. Without names the classes are known by the largest label, when all have been read.
    pub fn prospect(&self) -> Prospect {
        let [train, test] = &self.parts;
        Prospect {
            name: folder_name(&self.path),
            extent: self.extent,
            labels: LabelKind::Pixels,
            classes: self.names.clone(),
            train: train.len(),
            test: test.len(),
        }
    }

    /// Decodes the pictures and their labels.
    ///
    /// # Errors
    /// Label pictures in colour or of another size than their picture, classes without a name, what will not decode.
    pub fn read(self, seed: u64) -> Result<DataSet, DataError> {
        let Self { path, parts, extent, names, notes } = self;
        let [train, test] = parts.map(|pairs| decode_pairs(&pairs, extent, names.as_deref()));
        let (mut train, mut test) = (train?, test?);
        [&mut train, &mut test].into_iter().for_each(|split| shuffle(split, extent, seed));
        let classes = names.unwrap_or_else(|| numbered(&[&train, &test]));
        Ok(DataSet { name: folder_name(&path), extent, classes, train, test, clean: None, notes })
    }
}

/// A picture and its label picture.
struct Pair {
    picture: PathBuf,
    labels: PathBuf,
}

/// The pictures of a part, in the order of their names, each with its label picture.
fn pairs(path: &Path, part: &str) -> Result<Vec<Pair>, DataError> {
    let (pictures, labels) = (path.join(part), path.join(format!("{part}{ENDING}")));
    if !labels.is_dir() {
        let remedy = format!("put a label picture for each picture of `{part}` there");
        return Err(DataError::Missing { path: labels, remedy });
    }
    let stem = |path: &PathBuf| path.file_stem().map(|stem| stem.to_os_string());
    let in_folder = |folder: &Path| -> Result<Vec<PathBuf>, DataError> {
        Ok(entries(folder)?.1.into_iter().filter(|path| is_picture(path)).collect())
    };
    let mut of_labels = HashMap::new();
    for path in in_folder(&labels)? {
        if let Some(other) = of_labels.insert(stem(&path), path.clone()) {
            let remedy = "leave one of them, so that it is clear which one counts";
            let what = format!("`{}` lies beside it with the same name", other.display());
            return Err(DataError::Damaged { path, what, remedy });
        }
    }
    let pairs: Vec<Pair> = in_folder(&pictures)?
        .into_iter()
        .map(|picture| match of_labels.get(&stem(&picture)) {
            Some(labels) => Ok(Pair { picture, labels: labels.clone() }),
            None => {
                let missing = labels.join(picture.with_extension("png").file_name().unwrap_or_default());
                let remedy = format!("it is to tell what `{}` shows at each pixel", picture.display());
                Err(DataError::Missing { path: missing, remedy })
            }
        })
        .collect::<Result<_, _>>()?;
    if pairs.is_empty() {
        let remedy = "put PNG, JPEG, WebP, GIF or BMP pictures into it";
        return Err(layout(&pictures, "there is no picture in it", remedy));
    }
    Ok(pairs)
}

fn decode_pairs(pairs: &[Pair], extent: Extent, names: Option<&[String]>) -> Result<Split, DataError> {
    let n_classes = names.map_or(MAX_PIXEL_CLASSES, <[String]>::len);
    let paths: Vec<&Path> = pairs.iter().map(|pair| pair.picture.as_path()).collect();
    let (pictures, causes) = decode_all(&paths, extent);
    let mut classes = vec![0; pairs.len() * extent.area()];
    let one = |((pair, cause), place): ((&Pair, Option<ImageError>), &mut [u8])| {
        if let Some(cause) = cause {
            return Err(undecodable(&pair.picture, cause));
        }
        place.copy_from_slice(&decode_labels(pair, extent, n_classes)?);
        Ok(())
    };
    let places = classes.par_chunks_exact_mut(extent.area());
    in_order(pairs.par_iter().zip(causes).zip(places).map(one).collect())?;
    Ok(Split { pictures, labels: Labels::Pixels(PixelClasses::new(extent.area(), classes)) })
}

/// The classes of a picture's pixels, `(H, W)`.
fn decode_labels(pair: &Pair, extent: Extent, n_classes: usize) -> Result<Vec<u8>, DataError> {
    let path = &pair.labels;
    let unread = |cause| undecodable(path, cause);
    let decoder = reader(path).and_then(ImageReader::into_decoder).map_err(unread)?;
    let damaged = |what: String, remedy| DataError::Damaged { path: path.clone(), what, remedy };
    if decoder.color_type() != ColorType::L8 {
        let remedy = "save it as a grey PNG of 8 bits, the value of a pixel being its class";
        return Err(damaged("a label picture must be grey with 8 bits for each pixel".into(), remedy));
    }
    let of_picture = decode::size_of(&pair.picture).map_err(|cause| undecodable(&pair.picture, cause))?;
    let (width, height) = decoder.dimensions();
    let own = [height as usize, width as usize];
    if own != of_picture {
        let what = format!(
            "it is {}×{} and its picture `{}` is {}×{}",
            own[0],
            own[1],
            pair.picture.display(),
            of_picture[0],
            of_picture[1]
        );
        return Err(damaged(what, "make the two of one size"));
    }
    let image = pixels(decoder).map_err(unread)?;
    let classes = fit(image, extent, FilterType::Nearest).to_luma8().into_raw();
    match classes.iter().find(|&&class| class as usize >= n_classes && class != VOID) {
        Some(stranger) => Err(damaged(
            format!("a pixel has the class {stranger}, but {} names only {n_classes}, from 0", names::FILE),
            "name it there, or give such pixels the value 255 to leave them out",
        )),
        None => Ok(classes),
    }
}

fn undecodable(path: &Path, cause: ImageError) -> DataError {
    DataError::Picture { path: path.to_owned(), cause: decode::cause(&cause) }
}

/// Names for classes of which only the numbers are known.
fn numbered(splits: &[&Split]) -> Vec<String> {
    let largest = splits
        .iter()
        .flat_map(|split| match &split.labels {
            Labels::Pixels(pixels) => pixels.all(),
            Labels::Classes(_) | Labels::Tags(_) => &[],
        })
        .filter(|&&class| class != VOID)
        .max();
    (0..=largest.copied().unwrap_or(0)).map(|class| class.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayImage, Luma, Rgb, RgbImage};
    use tempfile::TempDir;

    fn open(path: &Path, size: Option<[usize; 2]>, seed: u64) -> Result<DataSet, DataError> {
        Found::look(path, size)?.read(seed)
    }

    /// Three pictures to train on and one to test on, 6×8, the label of each pixel being its column's.
    fn small_set() -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (part, n) in [("train", 3), ("test", 1)] {
            let (pictures, labels) = (folder.path().join(part), folder.path().join(format!("{part}annot")));
            [&pictures, &labels].into_iter().for_each(|folder| std::fs::create_dir(folder).unwrap());
            for i in 0..n {
                let picture = RgbImage::from_fn(8, 6, |x, _| Rgb([x as u8, i, 7]));
                picture.save(pictures.join(format!("{i}.png"))).unwrap();
                let classes =
                    GrayImage::from_fn(8, 6, |x, _| Luma([if x == 7 { VOID } else { x as u8 / 2 }]));
                classes.save(labels.join(format!("{i}.png"))).unwrap();
            }
        }
        folder
    }

    /// A grey PNG of 50,000 × 50,000 pixels, as its header says, and none of them.
    fn giant() -> Vec<u8> {
        let mut png = std::io::Cursor::new(Vec::new());
        GrayImage::new(50_000, 1).write_to(&mut png, image::ImageFormat::Png).unwrap();
        let mut png = png.into_inner();
        png[20..24].copy_from_slice(&50_000u32.to_be_bytes());
        let mut crc = flate2::Crc::new();
        crc.update(&png[12..29]);
        png[29..33].copy_from_slice(&crc.sum().to_be_bytes());
        png
    }

    fn message(folder: &TempDir) -> String {
        open(folder.path(), None, 1).unwrap_err().to_string()
    }

    #[test]
    fn pixels_get_the_classes_of_the_label_pictures() {
        let folder = small_set();
        assert!(is_in(folder.path()));
        let set = open(folder.path(), None, 1).unwrap();
        assert_eq!((set.train.len(), set.test.len(), set.extent), (3, 1, Extent::new(3, 6, 8)));
        assert_eq!(set.classes, ["0", "1", "2", "3"]);
        assert_eq!(set.train.labels.counts(4), [36, 36, 36, 18]);
        let Labels::Pixels(classes) = &set.train.labels else { panic!("they are classes of pixels") };
        for i in 0..3 {
            let red = &set.train.picture(set.extent, i)[..48];
            let expected = |&x: &u8| if x == 7 { VOID } else { x / 2 };
            assert!(red.iter().map(expected).eq(classes.of(i).iter().copied()), "labels lie on their pixels");
        }
    }

    #[test]
    fn labels_are_resized_without_mixing() {
        let set = open(small_set().path(), Some([3, 4]), 1).unwrap();
        assert_eq!(set.extent, Extent::new(3, 3, 4));
        let Labels::Pixels(classes) = &set.test.labels else { panic!("they are classes of pixels") };
        assert!(classes.all().iter().all(|&class| class < 4 || class == VOID), "{:?}", classes.all());
    }

    #[test]
    fn names_may_be_given() {
        let folder = small_set();
        let names = folder.path().join(names::FILE);
        std::fs::write(&names, "sky\nroad\n\ncar\ntree\n").unwrap();
        assert_eq!(open(folder.path(), None, 1).unwrap().classes, ["sky", "road", "car", "tree"]);
        std::fs::write(&names, "sky\nroad\ncar\n").unwrap();
        assert!(message(&folder).contains("class 3, but classes.txt names only 3"), "{}", message(&folder));
        std::fs::write(&names, format!("sky\n{}", "\n".repeat(1 << 20) + "road\ncar\ntree")).unwrap();
        assert!(message(&folder).contains("it names 1 class"), "no list of names is so long");
        std::fs::write(&names, format!("sky\n{}", "a".repeat(256))).unwrap();
        assert!(message(&folder).contains("begins with `aaa"), "{}", message(&folder));
        std::fs::write(&names, "sky").unwrap();
        assert!(message(&folder).contains("it names 1 class"));
    }

    #[test]
    fn what_is_wrong_is_told_in_a_sentence() {
        let folder = small_set();
        let labels = folder.path().join("trainannot/1.png");
        let pixels = std::fs::read(&labels).unwrap();
        std::fs::remove_file(&labels).unwrap();
        assert!(message(&folder).contains("trainannot/1.png` is missing: it is to tell what"));
        GrayImage::new(8, 5).save(&labels).unwrap();
        assert!(message(&folder).contains("it is 5×8 and its picture"), "{}", message(&folder));
        std::fs::write(&labels, giant()).unwrap();
        assert!(message(&folder).contains("it is 50000×50000 and its picture"), "{}", message(&folder));
        RgbImage::new(8, 6).save(&labels).unwrap();
        assert!(message(&folder).contains("must be grey with 8 bits"));
        std::fs::write(&labels, &pixels[..40]).unwrap();
        assert!(message(&folder).contains("trainannot/1.png` cannot be decoded"));
        std::fs::write(&labels, pixels).unwrap();
        let twin = folder.path().join("trainannot/1.bmp");
        GrayImage::new(8, 6).save(&twin).unwrap();
        assert!(message(&folder).contains("lies beside it with the same name"), "{}", message(&folder));
        std::fs::remove_file(&twin).unwrap();
        std::fs::rename(folder.path().join("testannot"), folder.path().join("elsewhere")).unwrap();
        assert!(
            message(&folder)
                .contains("testannot` is missing: put a label picture for each picture of `test`")
        );
        std::fs::rename(folder.path().join("test"), folder.path().join("other")).unwrap();
        assert!(message(&folder).contains("neither `test` nor `val`"));
    }

    /// CamVid from the SegNet tutorial, reduced, if it is there.
    #[test]
    fn camvid_has_its_counts() {
        let Some(folder) = std::env::var_os(crate::data::catalogue::FOLDER_VARIABLE) else {
            println!("Left out: the test on CamVid, as CONVSCOPE_DATA is not set.");
            return;
        };
        let folder = Path::new(&folder).join("camvid-small");
        if !is_in(&folder) {
            println!("Left out: the test on CamVid, as it is not in the folder.");
            return;
        }
        let set = open(&folder, None, 1).unwrap();
        assert_eq!((set.train.len(), set.test.len(), set.extent), (367, 233, Extent::new(3, 90, 120)));
        assert_eq!(set.classes.len(), 12, "11 classes and void");
    }
}
