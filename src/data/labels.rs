//! What is known of the pictures of a split: kept compactly, in the form in which it lies on a device.

use std::ops::Range;

use crate::experiment::LabelKind;

/// The class of a pixel of which nothing is known.
pub const VOID: u8 = u8::MAX;

/// The most classes that pixels can have.
pub const MAX_PIXEL_CLASSES: usize = VOID as usize;

/// What is known of each of N pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Labels {
    /// Its class, `(N)`.
    Classes(Vec<u16>),
    Tags(Tags),
    Pixels(PixelClasses),
}

/// Any number of tags for each picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tags {
    n_tags: usize,
    /// `(N, ⌈K/32⌉)`: tag k is bit k % 32 of word k / 32.
    words: Vec<u32>,
}

/// A class for each pixel, or [`VOID`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PixelClasses {
    /// Pixels of a picture, `H · W`.
    area: usize,
    /// `(N, H, W)`.
    classes: Vec<u8>,
}

impl Labels {
    pub fn kind(&self) -> LabelKind {
        match self {
            Self::Classes(_) => LabelKind::Classes,
            Self::Tags(_) => LabelKind::Tags,
            Self::Pixels(_) => LabelKind::Pixels,
        }
    }

    /// Pictures that are labelled.
    pub fn len(&self) -> usize {
        match self {
            Self::Classes(classes) => classes.len(),
            Self::Tags(tags) => tags.words.len() / tags.words_each(),
            Self::Pixels(pixels) => pixels.classes.len() / pixels.area,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The class of each picture, `(N)`, where a picture has one.
    pub fn classes(&self) -> Option<&[u16]> {
        match self {
            Self::Classes(classes) => Some(classes),
            Self::Tags(_) | Self::Pixels(_) => None,
        }
    }

    /// Pictures of each class, pictures with each tag, or pixels of each class.
    pub fn counts(&self, n_classes: usize) -> Vec<usize> {
        let mut counts = vec![0; n_classes];
        match self {
            Self::Classes(classes) => classes.iter().for_each(|&class| counts[class as usize] += 1),
            Self::Tags(tags) => {
                for picture in 0..self.len() {
                    (0..n_classes).filter(|&tag| tags.has(picture, tag)).for_each(|tag| counts[tag] += 1);
                }
            }
            Self::Pixels(pixels) => {
                let known = pixels.classes.iter().filter(|&&class| class != VOID);
                known.for_each(|&class| counts[class as usize] += 1);
            }
        }
        counts
    }

    /// Whether a picture is of this class, has this tag, or shows this class in any pixel.
    pub fn shows(&self, picture: usize, class: usize) -> bool {
        match self {
            Self::Classes(classes) => classes[picture] as usize == class,
            Self::Tags(tags) => tags.has(picture, class),
            Self::Pixels(pixels) => {
                pixels.of(picture).iter().any(|&own| own as usize == class && own != VOID)
            }
        }
    }

    /// Writes what is known of one picture as numbers: its class; 1 or 0 for each tag; the class of each pixel,
    /// where `from` gives the place in the labelled picture that each pixel shows, and nothing for what lies
    /// outside, which is [`VOID`].
    pub fn write<T: From<u8> + From<u16>>(
        &self,
        picture: usize,
        from: impl Fn(usize) -> Option<usize>,
        numbers: &mut [T],
    ) {
        match self {
            Self::Classes(classes) => numbers[0] = T::from(classes[picture]),
            Self::Tags(tags) => {
                let tag = |(k, number): (usize, &mut T)| *number = T::from(tags.has(picture, k) as u8);
                numbers.iter_mut().enumerate().for_each(tag);
            }
            Self::Pixels(pixels) => {
                let classes = pixels.of(picture);
                for (pixel, number) in numbers.iter_mut().enumerate() {
                    *number = T::from(from(pixel).map_or(VOID, |at| classes[at]));
                }
            }
        }
    }

    /// Bytes of the labels of one picture on a device.
    pub fn bytes_each(&self) -> usize {
        match self {
            Self::Classes(_) => 4,
            Self::Tags(tags) => 4 * tags.words_each(),
            Self::Pixels(pixels) => pixels.area,
        }
    }

    /// The labels of these pictures as they lie on a device: a word for each class, words of tags, a byte for
    /// each pixel.
    pub fn bytes(&self, pictures: Range<usize>) -> Vec<u8> {
        let each = |len: usize| pictures.start * len..pictures.end * len;
        match self {
            Self::Classes(classes) => {
                classes[each(1)].iter().flat_map(|&class| u32::from(class).to_ne_bytes()).collect()
            }
            Self::Tags(tags) => bytemuck::cast_slice(&tags.words[each(tags.words_each())]).to_vec(),
            Self::Pixels(pixels) => pixels.classes[each(pixels.area)].to_vec(),
        }
    }

    /// Forgets all but the first `n`.
    pub(super) fn truncate(&mut self, n: usize) {
        fn cut<T>(numbers: &mut Vec<T>, len: usize) {
            numbers.truncate(len);
            numbers.shrink_to_fit();
        }
        match self {
            Self::Classes(classes) => cut(classes, n),
            Self::Tags(tags) => {
                let len = n * tags.words_each();
                cut(&mut tags.words, len);
            }
            Self::Pixels(pixels) => cut(&mut pixels.classes, n * pixels.area),
        }
    }

    /// Those of the given pictures, in their order.
    pub(super) fn select(&self, pictures: impl Iterator<Item = usize>) -> Self {
        match self {
            Self::Classes(classes) => Self::Classes(pictures.map(|i| classes[i]).collect()),
            Self::Tags(tags) => {
                let words = pictures.flat_map(|i| tags.of(i).iter().copied()).collect();
                Self::Tags(Tags { words, ..*tags })
            }
            Self::Pixels(pixels) => {
                let classes = pictures.flat_map(|i| pixels.of(i).iter().copied()).collect();
                Self::Pixels(PixelClasses { classes, ..*pixels })
            }
        }
    }
}

impl Default for Labels {
    fn default() -> Self {
        Self::Classes(Vec::new())
    }
}

impl From<Vec<u16>> for Labels {
    fn from(classes: Vec<u16>) -> Self {
        Self::Classes(classes)
    }
}

impl FromIterator<u16> for Labels {
    fn from_iter<I: IntoIterator<Item = u16>>(classes: I) -> Self {
        Self::Classes(classes.into_iter().collect())
    }
}

impl Tags {
    /// The tags that `has` names, for pictures in their order.
    pub fn new(n_tags: usize, pictures: impl IntoIterator<Item = Vec<usize>>) -> Self {
        assert!(n_tags > 0, "there is at least one tag");
        let mut tags = Self { n_tags, words: Vec::new() };
        for (picture, present) in pictures.into_iter().enumerate() {
            tags.words.resize(tags.words.len() + tags.words_each(), 0);
            present.into_iter().for_each(|tag| tags.set(picture, tag, true));
        }
        tags
    }

    pub fn n_tags(&self) -> usize {
        self.n_tags
    }

    pub fn has(&self, picture: usize, tag: usize) -> bool {
        self.words[picture * self.words_each() + tag / 32] >> (tag % 32) & 1 == 1
    }

    pub fn set(&mut self, picture: usize, tag: usize, present: bool) {
        assert!(tag < self.n_tags, "a tag is one of those that there are");
        let at = picture * self.words_each() + tag / 32;
        let bit = 1 << (tag % 32);
        self.words[at] = if present { self.words[at] | bit } else { self.words[at] & !bit };
    }

    fn of(&self, picture: usize) -> &[u32] {
        let len = self.words_each();
        &self.words[picture * len..][..len]
    }

    fn words_each(&self) -> usize {
        self.n_tags.div_ceil(32)
    }
}

impl PixelClasses {
    /// Pictures of `area` pixels each; `classes` is `(N, H, W)`.
    pub fn new(area: usize, classes: Vec<u8>) -> Self {
        assert!(area > 0 && classes.len().is_multiple_of(area), "the classes are those of whole pictures");
        Self { area, classes }
    }

    /// The classes of one picture, `(H, W)`.
    pub fn of(&self, picture: usize) -> &[u8] {
        &self.classes[picture * self.area..][..self.area]
    }

    pub fn all_mut(&mut self) -> &mut [u8] {
        &mut self.classes
    }

    pub fn all(&self) -> &[u8] {
        &self.classes
    }

    pub fn area(&self) -> usize {
        self.area
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags() -> Labels {
        Labels::Tags(Tags::new(40, [vec![0, 39], vec![], vec![31, 32]]))
    }

    fn pixels() -> Labels {
        Labels::Pixels(PixelClasses::new(2, vec![0, 1, VOID, 1, 2, 2]))
    }

    fn numbers(labels: &Labels, picture: usize, len: usize) -> Vec<f32> {
        let mut numbers = vec![0f32; len];
        labels.write(picture, Some, &mut numbers);
        numbers
    }

    #[test]
    fn tags_are_bits_and_come_back() {
        let found = numbers(&tags(), 2, 40);
        let present: Vec<usize> = (0..40).filter(|&k| found[k] == 1.0).collect();
        assert_eq!((tags().len(), present), (3, vec![31, 32]));
        assert_eq!(tags().bytes_each(), 8);
        assert_eq!(tags().bytes(0..1), [1u32.to_ne_bytes(), (1u32 << 7).to_ne_bytes()].concat());
        assert!(tags().shows(0, 39) && !tags().shows(1, 39));
    }

    #[test]
    fn every_kind_is_counted_cut_and_picked_alike() {
        let classes = Labels::from(vec![0, 2, 2]);
        assert_eq!(classes.counts(3), [1, 0, 2]);
        assert_eq!(pixels().counts(3), [1, 2, 2], "what is void counts nowhere");
        assert_eq!(tags().counts(40).iter().sum::<usize>(), 4);
        for labels in [classes, pixels(), tags()] {
            let picked = labels.select([2, 0].into_iter());
            assert_eq!((picked.len(), picked.kind()), (2, labels.kind()));
            assert_eq!(picked.bytes(0..1), labels.bytes(2..3));
            let mut cut = labels.clone();
            cut.truncate(1);
            assert_eq!(cut.bytes(0..1), labels.bytes(0..1));
            assert_eq!(cut.len(), 1);
        }
    }

    #[test]
    fn what_a_pixel_shows_is_what_it_is_labelled() {
        let mut found = vec![0f32; 2];
        pixels().write(0, |pixel| (pixel == 0).then_some(1), &mut found);
        assert_eq!(found, [1.0, VOID as f32]);
    }
}
