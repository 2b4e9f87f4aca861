//! One picture file: what its header says, its pixels, and how it is made to fit.

use super::error::DataError;
use crate::tensor::Extent;
use image::error::UnsupportedErrorKind;
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{
    ColorType, DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, ImageResult, Limits,
};
use rayon::prelude::*;
use std::path::Path;

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
        .map_err(|error| DataError::LonePicture { path: path.to_owned(), cause: cause(&error) })
}

/// Why a picture cannot be decoded, in words.
pub(super) fn cause(error: &ImageError) -> String {
    match error {
        ImageError::Unsupported(what) if matches!(what.kind(), UnsupportedErrorKind::Format(_)) => {
            "it is no picture of a kind that is known here".into()
        }
        error => error.to_string(),
    }
}

/// Whether a file of this name claims to be a picture.
pub fn is_picture(path: &Path) -> bool {
    ImageFormat::from_path(path).is_ok_and(|format| format.reading_enabled())
}

/// Whether a picture will decode, found out by doing it.
pub(super) fn check(path: &Path) -> ImageResult<()> {
    pixels(reader(path)?.into_decoder()?).map(drop)
}

/// One picture, `(C, H, W)`.
pub(super) fn decode(path: &Path, extent: Extent) -> ImageResult<Vec<u8>> {
    let mut decoder = reader(path)?.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut image = pixels(decoder)?;
    image.apply_orientation(orientation);
    // The triangle filter averages over all source pixels when it makes a picture smaller.
    let image = fit(image, extent, FilterType::Triangle);
    if extent.channels == 1 {
        return Ok(image.to_luma8().into_raw());
    }
    let interleaved = image.to_rgb8().into_raw(); // (H, W, 3)
    Ok((0..3).flat_map(|c| interleaved.iter().skip(c).step_by(3).copied()).collect())
}

/// Pictures side by side, `(N, C, H, W)`, and for each why it could not be decoded, if so: its bytes are then nothing's.
/// They are decoded into their places, for beside so many there may be no room for as many again.
pub(super) fn decode_all(paths: &[&Path], extent: Extent) -> (Vec<u8>, Vec<Option<ImageError>>) {
    let mut pictures = vec![0; paths.len() * extent.len()];
    let one = |(path, place): (&&Path, &mut [u8])| match decode(path, extent) {
        Ok(picture) => {
            place.copy_from_slice(&picture);
            None
        }
        Err(cause) => Some(cause),
    };
    let causes = paths.par_iter().zip(pictures.par_chunks_exact_mut(extent.len())).map(one).collect();
    (pictures, causes)
}

/// The pixels behind a header, where there is room for them.
pub(super) fn pixels(decoder: impl ImageDecoder) -> ImageResult<DynamicImage> {
    // They count towards the limit themselves, which the decoder does not see to.
    limits().reserve(decoder.total_bytes())?;
    DynamicImage::from_decoder(decoder)
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

/// `(height, width)` of a picture, from its header.
pub(super) fn size_of(path: &Path) -> ImageResult<[usize; 2]> {
    probe(path).map(|(size, _)| size)
}

/// `(height, width)` of a picture and whether it is grey, from its header.
pub(super) fn probe(path: &Path) -> ImageResult<([usize; 2], bool)> {
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
