//! Pictures on their way out.

use std::io::Cursor;

use image::{ImageFormat, RgbImage};

/// Rows of red, green and blue as the bytes of a PNG file.
pub fn png([width, height]: [usize; 2], pixels: &[u8]) -> Vec<u8> {
    let size = [width, height].map(|side| u32::try_from(side).expect("a picture has fewer than 2³² rows"));
    let image = RgbImage::from_raw(size[0], size[1], pixels.to_vec()).expect("the pixels fill the picture");
    let mut file = Cursor::new(Vec::new());
    image.write_to(&mut file, ImageFormat::Png).expect("memory takes all that is written");
    file.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let pixels: Vec<u8> = (0..2 * 3 * 3).collect();
        let read = image::load_from_memory(&png([2, 3], &pixels)).expect("a PNG file").into_rgb8();
        assert_eq!((read.dimensions(), read.into_raw()), ((2, 3), pixels));
    }
}
