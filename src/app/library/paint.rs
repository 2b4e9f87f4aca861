//! Pictures of a data set as images to be drawn.

use egui::{Color32, ColorImage};

use crate::app::theme;
use crate::data::{Labels, Split, VOID};
use crate::tensor::Extent;

/// Pixel `p` of a picture.
pub fn colour(split: &Split, extent: Extent, index: usize, p: usize) -> Color32 {
    colour_of(split.picture(extent, index), extent, p)
}

/// Half of a pixel's colour, half of its class's; that of which nothing is known is dark.
pub fn tinted(plain: Color32, class: u8) -> Color32 {
    let tint = if class == VOID { Color32::BLACK } else { theme::tint(class as usize) };
    plain.lerp_to_gamma(tint, 0.5)
}

/// Pixel `p` of a picture of bytes `(C, H, W)`.
fn colour_of(picture: &[u8], extent: Extent, p: usize) -> Color32 {
    let channel = |c: usize| picture[c.min(extent.channels - 1) * extent.area() + p];
    match extent.channels {
        1 => Color32::from_gray(channel(0)),
        _ => Color32::from_rgb(channel(0), channel(1), channel(2)),
    }
}

/// A picture of bytes `(C, H, W)` as it is.
pub fn image(picture: &[u8], extent: Extent) -> ColorImage {
    let pixels = (0..extent.area()).map(|p| colour_of(picture, extent, p)).collect();
    ColorImage::new([extent.width, extent.height], pixels)
}

/// A picture of a split as it is, tinted by the classes of its pixels where it is to be.
pub fn of_split(split: &Split, extent: Extent, index: usize, is_tinted: bool) -> ColorImage {
    let mut image = image(split.picture(extent, index), extent);
    if let (true, Labels::Pixels(classes)) = (is_tinted, &split.labels) {
        let pixels = image.pixels.iter_mut().zip(classes.of(index));
        pixels.for_each(|(pixel, &class)| *pixel = tinted(*pixel, class));
    }
    image
}

/// `[width, height]` of an image that is shrunk to at most `most` on each side, in proportion.
pub fn shrunk_size([width, height]: [usize; 2], most: usize) -> [usize; 2] {
    let longer = width.max(height).max(1);
    let shrink = |side: usize| if longer <= most { side } else { (side * most / longer).max(1) };
    [shrink(width), shrink(height)]
}

/// The image in another, no larger size: each pixel is the mean of those it stands for.
pub fn shrunk(image: ColorImage, [width, height]: [usize; 2]) -> ColorImage {
    if image.size == [width, height] {
        return image;
    }
    let [own_width, own_height] = image.size;
    let pixel = |i: usize| {
        let (x, y) = (i % width, i / width);
        let rows = y * own_height / height..((y + 1) * own_height).div_ceil(height);
        let columns = x * own_width / width..((x + 1) * own_width).div_ceil(width);
        let (mut sums, mut n) = ([0_u32; 3], 0);
        for from in rows.flat_map(|row| columns.clone().map(move |column| row * own_width + column)) {
            let [r, g, b, _] = image.pixels[from].to_array();
            sums.iter_mut().zip([r, g, b]).for_each(|(sum, byte)| *sum += u32::from(byte));
            n += 1;
        }
        let [r, g, b] = sums.map(|sum| (sum / n.max(1)) as u8);
        Color32::from_rgb(r, g, b)
    };
    ColorImage::new([width, height], (0..width * height).map(pixel).collect())
}

/// Puts an image into a larger one, its left upper corner at `[left, top]`.
pub fn put(into: &mut ColorImage, image: &ColorImage, [left, top]: [usize; 2]) {
    for (y, row) in image.pixels.chunks_exact(image.size[0].max(1)).enumerate() {
        let at = (top + y) * into.size[0] + left;
        into.pixels[at..at + row.len()].copy_from_slice(row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shrunk_pixel_is_the_mean_of_its_own() {
        let image = image(&[10, 20, 30, 40, 1, 1, 3, 3], Extent::new(1, 2, 4));
        assert_eq!(shrunk_size([4, 2], 2), [2, 1]);
        assert_eq!(shrunk_size([4, 2], 9), [4, 2]);
        let small = shrunk(image, [2, 1]);
        assert_eq!(small.pixels, [Color32::from_gray(8), Color32::from_gray(19)]);
    }

    #[test]
    fn an_image_is_put_where_it_belongs() {
        let mut into = ColorImage::filled([3, 2], Color32::BLACK);
        put(&mut into, &ColorImage::filled([1, 1], Color32::WHITE), [2, 1]);
        assert_eq!(into.pixels.iter().position(|&pixel| pixel == Color32::WHITE), Some(5));
    }
}
