//! What a split looks like as a whole: which pictures show which class, mean pictures, how bright its pixels are.

use rayon::prelude::*;

use super::{Labels, Split};
use crate::tensor::Extent;

/// Pictures per parcel of work.
const PARCEL: usize = 256;

/// What is to be known of a split.
#[derive(Clone, Debug)]
pub struct Survey {
    pub all: Portrait,
    /// For each class or tag.
    pub classes: Vec<Portrait>,
    /// The pictures of each class, with each tag, or with the class in any pixel, in their order.
    pub members: Vec<Vec<u32>>,
    /// The pictures whose labels noise made wrong, in their order.
    pub changed: Vec<u32>,
}

/// Some pictures taken together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Portrait {
    pub n_pictures: usize,
    /// The mean of each pixel, rounded, `(C, H, W)`; empty without pictures.
    pub mean: Vec<u8>,
    /// How many pixels have each value, `(C, 256)`.
    pub histograms: Vec<[u64; 256]>,
}

impl Survey {
    /// Surveys a split of pictures with so many classes. `clean` are its labels before noise.
    pub fn of(split: &Split, extent: Extent, n_classes: usize, clean: Option<&Labels>) -> Self {
        let members = members(&split.labels, n_classes);
        let classes = members.iter().map(|members| Portrait::of(split, extent, members)).collect();
        let everything: Vec<u32> = (0..split.len() as u32).collect();
        let changed = |&i: &u32| {
            let picture = || i as usize..i as usize + 1;
            clean.is_some_and(|clean| clean.bytes(picture()) != split.labels.bytes(picture()))
        };
        Self {
            all: Portrait::of(split, extent, &everything),
            classes,
            members,
            changed: everything.into_iter().filter(changed).collect(),
        }
    }
}

impl Portrait {
    /// Of these pictures of a split. The sums are of whole numbers and so the same for any number of threads.
    pub fn of(split: &Split, extent: Extent, pictures: &[u32]) -> Self {
        let none = || (vec![0_u64; extent.len()], vec![[0_u64; 256]; extent.channels]);
        let (sums, histograms) = pictures
            .par_chunks(PARCEL)
            .fold(none, |(mut sums, mut histograms), parcel| {
                for &picture in parcel {
                    let bytes = split.picture(extent, picture as usize); // (C, H, W)
                    sums.iter_mut().zip(bytes).for_each(|(sum, &byte)| *sum += u64::from(byte));
                    for (plane, histogram) in bytes.chunks_exact(extent.area()).zip(&mut histograms) {
                        plane.iter().for_each(|&byte| histogram[usize::from(byte)] += 1);
                    }
                }
                (sums, histograms)
            })
            .reduce(none, |(mut sums, mut histograms), (more_sums, more_histograms)| {
                sums.iter_mut().zip(more_sums).for_each(|(sum, more)| *sum += more);
                for (histogram, more) in histograms.iter_mut().zip(more_histograms) {
                    histogram.iter_mut().zip(more).for_each(|(count, more)| *count += more);
                }
                (sums, histograms)
            });
        let n = pictures.len() as u64;
        let mean =
            if n == 0 { Vec::new() } else { sums.iter().map(|sum| ((sum + n / 2) / n) as u8).collect() };
        Self { n_pictures: pictures.len(), mean, histograms }
    }
}

/// The pictures that show each class.
fn members(labels: &Labels, n_classes: usize) -> Vec<Vec<u32>> {
    let mut members = vec![Vec::new(); n_classes];
    match labels {
        Labels::Classes(classes) => {
            for (i, &class) in classes.iter().enumerate() {
                members[usize::from(class)].push(i as u32);
            }
        }
        Labels::Tags(tags) => {
            for i in 0..labels.len() {
                (0..n_classes).filter(|&tag| tags.has(i, tag)).for_each(|tag| members[tag].push(i as u32));
            }
        }
        Labels::Pixels(pixels) => {
            for i in 0..labels.len() {
                let mut shown = [false; 256];
                pixels.of(i).iter().for_each(|&class| shown[usize::from(class)] = true);
                (0..n_classes).filter(|&class| shown[class]).for_each(|class| members[class].push(i as u32));
            }
        }
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{PixelClasses, Tags, VOID};

    const EXTENT: Extent = Extent::new(1, 1, 2);

    fn split(labels: Labels) -> Split {
        Split { pictures: vec![0, 10, 255, 20, 1, 30], labels }
    }

    #[test]
    fn classes_have_their_means_and_histograms() {
        let survey = Survey::of(&split(vec![1, 0, 1].into()), EXTENT, 3, None);
        assert_eq!(survey.members, [vec![1], vec![0, 2], vec![]]);
        assert_eq!(survey.classes[1].mean, [1, 20], "½ is rounded up");
        assert_eq!(survey.classes[2], Portrait { histograms: vec![[0; 256]], ..Portrait::default() });
        assert_eq!(survey.all.mean, [85, 20]);
        let histogram = &survey.all.histograms[0];
        assert_eq!([histogram[0], histogram[255], histogram[20], histogram[2]], [1, 1, 1, 0]);
        assert!(survey.changed.is_empty());
    }

    #[test]
    fn pictures_are_found_by_tags_and_by_pixels() {
        let tags = Labels::Tags(Tags::new(2, [vec![0, 1], vec![], vec![1]]));
        assert_eq!(Survey::of(&split(tags), EXTENT, 2, None).members, [vec![0], vec![0, 2]]);
        let pixels = Labels::Pixels(PixelClasses::new(2, vec![0, 1, VOID, VOID, 1, 1]));
        assert_eq!(Survey::of(&split(pixels), EXTENT, 2, None).members, [vec![0], vec![0, 2]]);
    }

    #[test]
    fn what_noise_changed_is_found() {
        let clean = Labels::from(vec![0, 0, 1]);
        assert_eq!(Survey::of(&split(vec![1, 0, 1].into()), EXTENT, 2, Some(&clean)).changed, [0]);
    }

    #[test]
    fn many_pictures_are_summed_like_few() {
        let n = 1000; // More than one parcel.
        let split =
            Split { pictures: (0..2 * n).map(|i| (i % 256) as u8).collect(), labels: vec![0; n].into() };
        let portrait = Portrait::of(&split, EXTENT, &(0..n as u32).collect::<Vec<_>>());
        let mean = |first: usize| (first..2 * n).step_by(2).map(|i| (i % 256) as f64).sum::<f64>() / n as f64;
        assert_eq!(portrait.mean, [mean(0).round() as u8, mean(1).round() as u8]);
        assert_eq!(portrait.histograms[0].iter().sum::<u64>(), 2 * n as u64);
    }
}
