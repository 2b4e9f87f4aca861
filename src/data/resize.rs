//! Pictures of one size made pictures of another, as a folder's are when they are read.

use super::decode::fit;
use super::error::{DataError, MAX_BYTES};
use super::{DataSet, Labels, MAX_SIDE, PixelClasses, Prospect, Split};
use crate::tensor::Extent;
use image::imageops::FilterType;
use image::{DynamicImage, GrayImage};
use rayon::prelude::*;

/// Makes all pictures of a data set `size` `(height, width)`: cut to the new proportions around their middle, then
/// averaged where they become smaller and interpolated where they become larger. Classes of pixels take the value
/// of the nearest pixel. Whether they then hold too much is to be asked beforehand ([`check_size`]).
pub(super) fn resize(set: &mut DataSet, size: [usize; 2]) {
    let [height, width] = size.map(|side| side.clamp(1, MAX_SIDE));
    let (old, new) = (set.extent, Extent::new(set.extent.channels, height, width));
    if old == new {
        return;
    }
    for Split { pictures, labels } in [&mut set.train, &mut set.test] {
        *pictures = planes(pictures, old, new, FilterType::Triangle);
        if let Labels::Pixels(classes) = labels {
            let resized = planes(classes.all(), old, new, FilterType::Nearest);
            *classes = PixelClasses::new(new.area(), resized);
        }
    }
    set.extent = new;
}

/// # Errors
/// The pictures would hold more than [`MAX_BYTES`].
pub(super) fn check_size(prospect: &Prospect) -> Result<(), DataError> {
    let bytes = prospect.bytes();
    if bytes > MAX_BYTES {
        let remedy = "use fewer pictures or a smaller `data.size`";
        return Err(DataError::TooLarge { path: (&prospect.name).into(), bytes, remedy });
    }
    Ok(())
}

/// Planes `(N·C, H, W)` of one size made planes of another.
fn planes(bytes: &[u8], old: Extent, new: Extent, filter: FilterType) -> Vec<u8> {
    let mut resized = vec![0; bytes.len() / old.area() * new.area()];
    let one = |(plane, place): (&[u8], &mut [u8])| {
        let image = GrayImage::from_raw(old.width as u32, old.height as u32, plane.to_vec());
        let image = DynamicImage::ImageLuma8(image.expect("a plane has the bytes of its size"));
        place.copy_from_slice(&fit(image, new, filter).to_luma8());
    };
    bytes.par_chunks_exact(old.area()).zip(resized.par_chunks_exact_mut(new.area())).for_each(one);
    resized
}

#[cfg(test)]
mod tests {
    use super::super::{catalogue, read_picture};
    use super::*;
    use crate::experiment::{Data, Experiment};

    #[test]
    fn a_set_resized_is_what_its_pictures_become_when_they_are_read_from_files() {
        let experiment = |size| Experiment {
            data: Data { source: "shapes".into(), train: Some(2), test: Some(1), size, ..Data::default() },
            seed: 4,
            ..Experiment::default()
        };
        let whole = catalogue::open(&experiment(None)).unwrap();
        for size in [[16, 16], [20, 11], [48, 48]] {
            let set = catalogue::open(&experiment(Some(size))).unwrap();
            assert_eq!(set.extent, Extent::new(3, size[0], size[1]));
            let file = tempfile::NamedTempFile::with_suffix(".png").unwrap();
            let plane = whole.extent.area();
            let picture = whole.train.picture(whole.extent, 1);
            let pixel = |x: u32, y: u32| [0, 1, 2].map(|c| picture[c * plane + (y * 32 + x) as usize]);
            image::RgbImage::from_fn(32, 32, |x, y| image::Rgb(pixel(x, y))).save(file.path()).unwrap();
            assert_eq!(set.train.picture(set.extent, 1), read_picture(file.path(), set.extent).unwrap());
        }
    }

    #[test]
    fn what_would_fill_the_memory_is_refused() {
        let spec = Data { source: "glyphs".into(), size: Some([4096, 4096]), ..Data::default() };
        let message =
            catalogue::open(&Experiment { data: spec, ..Experiment::default() }).unwrap_err().to_string();
        assert!(message.contains("a smaller `data.size`"), "{message}");
    }

    #[test]
    fn classes_of_pixels_are_not_mixed() {
        let pictures = vec![0, 0, 90, 90, 0, 0, 90, 90];
        let classes = Labels::Pixels(PixelClasses::new(8, vec![1, 1, 7, 7, 1, 1, 7, 7]));
        let train = Split { pictures, labels: classes };
        let (extent, name) = (Extent::new(1, 2, 4), "halves".into());
        let mut set = DataSet {
            name,
            extent,
            classes: vec![],
            train,
            test: Split::default(),
            clean: None,
            notes: vec![],
        };
        resize(&mut set, [1, 2]);
        let Labels::Pixels(classes) = &set.train.labels else { unreachable!("made so") };
        assert_eq!((set.train.pictures.len(), classes.all().len()), (2, 2));
        resize(&mut set, [4, 4]);
        let Labels::Pixels(classes) = &set.train.labels else { unreachable!("made so") };
        assert!(classes.all().iter().all(|class| [1, 7].contains(class)));
    }
}
