//! A folder of one's own pictures: one sub-folder per class, or `train` and `test` with those inside.
//!
//! The pictures may be of any size and format the `image` crate reads; each is cut to the wanted proportions
//! around its middle and resized. The order of reading is that of the sorted names, so that the same folder
//! gives the same data set everywhere.

use super::error::{Count, DataError, MAX_BYTES};
use super::findings::{self, Unreadable};
use super::{DataSet, Labels, MAX_CLASSES, MAX_SIDE, Split, folder_name, percent, split_at_random};
use crate::tensor::Extent;
use crate::tensor::random::{Key, Purpose};
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ImageDecoder, ImageFormat, ImageReader, ImageResult, Limits};
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

/// Reads a folder of pictures, resized to `size` `(height, width)`.
///
/// Without `size`, pictures that all have the same size of at most 64×64 keep it, others become 32×32. They
/// have one channel if all are grey, else three. Without folders called `train` and `test`, the share `hold_out` of
/// each class is put aside for testing, chosen by `seed`. Pictures that will not decode are left out, with a note.
///
/// # Errors
/// Fewer than two sub-folders with pictures, an empty one, no picture that can be decoded, too many pictures.
pub fn open(folder: &Path, size: Option<[usize; 2]>, hold_out: f32, seed: u64) -> Result<DataSet, DataError> {
    let mut listing = Listing::of(folder)?;
    let mut unreadable = listing.drop_unreadable(|path| probe(path).map(drop))?;
    let files: Vec<&File> = listing.parts.iter().flatten().collect();
    let paths: Vec<&Path> = files.iter().map(|file| file.path.as_path()).collect();
    let (extent, size_note) = common_extent(&paths, size, MAX_OWN_SIDE)?;
    let bytes = (files.len() * extent.len()) as u64;
    if bytes > MAX_BYTES {
        let remedy = "use fewer pictures or a smaller `data.size`";
        return Err(DataError::TooLarge { path: folder.to_owned(), bytes, remedy });
    }
    let mut parts = Vec::new();
    for part in &listing.parts {
        let (split, more) = decode_all(part, extent)?;
        unreadable.extend(more);
        parts.push(shuffled(&split, extent, seed));
    }
    let left_out = listing.ignored.note().into_iter().chain(findings::note(&unreadable));
    let mut notes: Vec<String> = left_out.chain(size_note).collect();
    let (train, test) = match <[Split; 2]>::try_from(parts) {
        Ok([train, test]) => (train, test),
        Err(mut parts) => {
            notes.push(format!("{} of each class were put aside for testing.", percent(hold_out)));
            split_at_random(&parts.remove(0), extent, hold_out, seed)
        }
    };
    if test.is_empty() {
        return Err(layout(folder, "no class has two pictures, so that none is left for testing", LAYOUT));
    }
    Ok(DataSet {
        name: folder_name(folder),
        extent,
        classes: listing.classes,
        train,
        test,
        clean: None,
        notes,
    })
}

/// Reads one picture of any size as a folder's are read: cut to the proportions of `extent` around its middle,
/// resized, made grey where `extent` has one channel; `(C, H, W)` bytes.
///
/// # Errors
/// No such file, one that will not decode, an `extent` of neither one channel nor three.
pub fn read_picture(path: &Path, extent: Extent) -> Result<Vec<u8>, DataError> {
    if ![1, 3].contains(&extent.channels) {
        return Err(DataError::Channels { wanted: extent.channels });
    }
    decode(path, extent)
        .map_err(|cause| DataError::LonePicture { path: path.to_owned(), cause: cause.to_string() })
}

/// Whether a file of this name claims to be a picture.
pub fn is_picture(path: &Path) -> bool {
    ImageFormat::from_path(path).is_ok_and(|format| format.reading_enabled())
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
                "it holds no files of MNIST (IDX) or CIFAR (.bin), and {} sub-folders of pictures where there \
                 should be 2 to {MAX_CLASSES}",
                classes.len()
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
                Count(n)
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
            let what = format!("it has more than {} entries", Count(MAX_ENTRIES));
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
        probe(file).map_err(|cause| DataError::Picture { path: (*file).to_owned(), cause: cause.to_string() })
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

/// `(height, width)` of a picture, from its header.
pub(super) fn size_of(path: &Path) -> ImageResult<[usize; 2]> {
    probe(path).map(|(size, _)| size)
}

/// `(height, width)` of a picture and whether it is grey, from its header.
fn probe(path: &Path) -> ImageResult<([usize; 2], bool)> {
    let mut decoder = reader(path)?.into_decoder()?;
    let (width, height) = match decoder.orientation()? {
        // As it is seen, which may be on its side from how it is stored.
        Orientation::Rotate90
        | Orientation::Rotate270
        | Orientation::Rotate90FlipH
        | Orientation::Rotate270FlipH => {
            let (width, height) = decoder.dimensions();
            (height, width)
        }
        _ => decoder.dimensions(),
    };
    let is_grey =
        matches!(decoder.color_type(), ColorType::L8 | ColorType::L16 | ColorType::La8 | ColorType::La16);
    Ok(([height as usize, width as usize], is_grey))
}

pub(super) fn reader(path: &Path) -> ImageResult<ImageReader<std::io::BufReader<std::fs::File>>> {
    let mut reader = ImageReader::open(path)?.with_guessed_format()?;
    reader.limits(limits());
    Ok(reader)
}

/// What one file may ask of the computer: room for a photograph of 178 million pixels.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(1 << 16);
    limits.max_image_height = Some(1 << 16);
    limits.max_alloc = Some(1 << 29);
    limits
}

/// All pictures as bytes, `(N, C, H, W)`, in the order of the files, and those that will not decode.
fn decode_all(files: &[File], extent: Extent) -> Result<(Split, Vec<Unreadable>), DataError> {
    let decoded: Vec<_> = files.par_iter().map(|file| decode(&file.path, extent)).collect();
    let (mut pictures, mut classes, mut unreadable) = (Vec::new(), Vec::new(), Vec::new());
    for (file, decoded) in files.iter().zip(decoded) {
        match decoded {
            Ok(picture) => {
                pictures.push(picture);
                classes.push(file.label);
            }
            Err(cause) => unreadable.push(Unreadable::new(&file.path, &cause)),
        }
    }
    match unreadable.first() {
        Some(first) if pictures.is_empty() => Err(first.clone().into()),
        _ => Ok((Split { pictures: pictures.concat(), labels: Labels::Classes(classes) }, unreadable)),
    }
}

/// Whether a picture will decode, found out by doing it.
pub(super) fn check(path: &Path) -> ImageResult<()> {
    let decoder = reader(path)?.into_decoder()?;
    limits().reserve(decoder.total_bytes())?;
    DynamicImage::from_decoder(decoder).map(drop)
}

/// All results, or the first error in the order of the files, whichever thread met one first.
pub(super) fn in_order<T>(results: Vec<Result<T, DataError>>) -> Result<Vec<T>, DataError> {
    results.into_iter().collect()
}

/// One picture, `(C, H, W)`.
pub(super) fn decode(path: &Path, extent: Extent) -> ImageResult<Vec<u8>> {
    let mut decoder = reader(path)?.into_decoder()?;
    // The pixels themselves count towards the limit, which the decoder does not see to.
    limits().reserve(decoder.total_bytes())?;
    let orientation = decoder.orientation()?;
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    // The triangle filter averages over all source pixels when it makes a picture smaller.
    let image = fit(image, extent, FilterType::Triangle);
    if extent.channels == 1 {
        return Ok(image.to_luma8().into_raw());
    }
    let interleaved = image.to_rgb8().into_raw(); // (H, W, 3)
    Ok((0..3).flat_map(|c| interleaved.iter().skip(c).step_by(3).copied()).collect())
}

/// The middle of the picture in the wanted proportions, resized; what is transparent lies on white.
pub(super) fn fit(image: DynamicImage, extent: Extent, filter: FilterType) -> DynamicImage {
    let (width, height) = (image.width() as u64, image.height() as u64);
    let (wanted_width, wanted_height) = (extent.width as u64, extent.height as u64);
    let cut_width = (height * wanted_width / wanted_height).clamp(1, width);
    let cut_height = (width * wanted_height / wanted_width).clamp(1, height);
    let (left, top) = ((width - cut_width) / 2, (height - cut_height) / 2);
    let cut = image.crop_imm(left as u32, top as u32, cut_width as u32, cut_height as u32);
    let cut = if cut.color().has_alpha() { on_white(cut) } else { cut };
    cut.resize_exact(extent.width as u32, extent.height as u32, filter)
}

fn on_white(image: DynamicImage) -> DynamicImage {
    let mut image = image.into_rgba8();
    for pixel in image.pixels_mut() {
        let [r, g, b, alpha] = pixel.0.map(u32::from);
        let over = |value: u32| ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        pixel.0 = [over(r), over(g), over(b), 255];
    }
    DynamicImage::ImageRgba8(image)
}

/// The pictures in an order drawn by `seed`, so that the first k of them are of all classes.
pub(super) fn shuffled(split: &Split, extent: Extent, seed: u64) -> Split {
    let order = Key::new(seed, Purpose::Split).permutation(split.len());
    split.select(extent, order.into_iter().map(|i| i as usize))
}

#[cfg(test)]
#[path = "folder_tests.rs"]
mod tests;
