//! Labels made wrong on purpose, to see what a net learns from them all the same.

use super::{DataError, DataSet, Labels, VOID};
use crate::experiment::figures::counted;
use crate::experiment::words::{listed, nearest, shortened};
use crate::experiment::{LabelKind, Noise};
use crate::tensor::random::{Key, Purpose};

/// Classes that a complaint names.
const MOST_LISTED: usize = 12;

/// Changes just `round(share · n)` of the n answers that the training labels give, drawn by `seed`.
///
/// Where a picture has one class, an answer is its class, and where pixels have classes, that of each known
/// pixel: it becomes any of the *other* classes, all equally likely, so that the share given is the share that is
/// wrong. With a class to go `to` it becomes that one, which leaves those right that were of it already. Where a
/// picture has tags, an answer is one yes or no and is turned around; with a tag to go `to`, pictures are drawn
/// instead, and are left with that tag alone. Pixels of which nothing is known, those of 255 and those of the class
/// `void` that the loss leaves out, give no answer: they stay as they are, and nothing becomes void at random.
///
/// # Errors
/// A class to go to that there is not, or no other class to become.
pub fn add(set: &mut DataSet, noise: &Noise, void: Option<usize>, seed: u64) -> Result<(), DataError> {
    let to = noise.to.as_ref().map(|name| class_of(name, &set.classes, &set.name)).transpose()?;
    if noise.share == 0.0 {
        return Ok(());
    }
    let n_classes = set.classes.len();
    let is_pixels = set.train.labels.kind() == LabelKind::Pixels;
    let void = void.filter(|&void| is_pixels && void < n_classes);
    let n_known = n_classes - usize::from(void.is_some());
    if n_known < 2 && to.is_none() && set.train.labels.kind() != LabelKind::Tags {
        return Err(DataError::NoOtherClass { name: set.name.clone() });
    }
    set.clean = Some(set.train.labels.clone());
    let draw = Draw { share: noise.share, key: Key::new(seed, Purpose::Noise), n_classes, to, void };
    let (n_changed, n_answers) = match &mut set.train.labels {
        Labels::Classes(classes) => draw.classes(classes),
        Labels::Pixels(pixels) => draw.pixels(pixels.all_mut()),
        Labels::Tags(tags) => {
            let n_pictures = set.train.pictures.len() / set.extent.len();
            match to {
                Some(to) => draw.answers(n_pictures, |picture, _| {
                    (0..n_classes).for_each(|tag| tags.set(picture, tag, tag == to));
                }),
                None => draw.answers(n_pictures * n_classes, |answer, _| {
                    let (picture, tag) = (answer / n_classes, answer % n_classes);
                    tags.set(picture, tag, !tags.has(picture, tag));
                }),
            }
        }
    };
    let became =
        noise.to.as_ref().map_or("were made wrong at random".into(), |name| format!("became {name}"));
    let (changed, all) = (super::error::count(n_changed), super::error::count(n_answers));
    set.notes.push(format!("As `data.noise` asks, {changed} of {all} training labels {became}."));
    Ok(())
}

/// Which of a data set's classes is called so.
///
/// # Errors
/// None is; with the nearest and with some or all of those that there are.
pub(super) fn class_of(asked: &str, classes: &[String], set: &str) -> Result<usize, DataError> {
    let found = classes.iter().position(|class| class == asked);
    found.ok_or_else(|| {
        let names: Vec<&str> = classes.iter().map(String::as_str).collect();
        let listed_names: Vec<String> = names.iter().take(MOST_LISTED).map(|name| shortened(name)).collect();
        let listed_names: Vec<&str> = listed_names.iter().map(String::as_str).collect();
        let choices = match names.len().saturating_sub(MOST_LISTED) {
            0 => listed(&listed_names, "and"),
            more => format!("`{}` and {}", listed_names.join("`, `"), counted(more as u64, "other")),
        };
        DataError::UnknownClass {
            asked: asked.to_owned(),
            nearest: nearest(asked, names.iter().copied()).map(str::to_owned),
            name: set.to_owned(),
            choices,
        }
    })
}

/// Which answers are changed, and what becomes of them.
struct Draw {
    share: f32,
    key: Key,
    n_classes: usize,
    to: Option<usize>,
    /// The class that says that nothing is known.
    void: Option<usize>,
}

impl Draw {
    /// Changes some of `n` answers; gives how many, and n.
    fn answers(&self, n: usize, mut change: impl FnMut(usize, Key)) -> (usize, usize) {
        let n_changed = (f64::from(self.share) * n as f64).round() as usize;
        let order = self.key.with(0).permutation(n);
        order[..n_changed].iter().for_each(|&answer| change(answer as usize, self.key.with(1)));
        (n_changed, n)
    }

    /// What becomes of `class` as answer number `answer`.
    fn other(&self, class: usize, answer: usize, key: Key) -> usize {
        self.to.unwrap_or_else(|| {
            let mut left_out = [Some(class), self.void.filter(|&void| void != class)];
            left_out.sort();
            let n_others = self.n_classes - left_out.iter().flatten().count();
            let drawn = key.below(answer as u32, n_others as u32) as usize;
            left_out.iter().flatten().fold(drawn, |other, &out| other + usize::from(other >= out))
        })
    }

    fn classes(&self, classes: &mut [u16]) -> (usize, usize) {
        self.answers(classes.len(), |answer, key| {
            classes[answer] = self.other(classes[answer] as usize, answer, key) as u16;
        })
    }

    fn pixels(&self, classes: &mut [u8]) -> (usize, usize) {
        let is_known = |class: u8| class != VOID && Some(usize::from(class)) != self.void;
        let known: Vec<usize> = (0..classes.len()).filter(|&at| is_known(classes[at])).collect();
        self.answers(known.len(), |answer, key| {
            let at = known[answer];
            classes[at] = self.other(classes[at] as usize, answer, key) as u8;
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{PixelClasses, Split, Tags};
    use crate::tensor::Extent;

    fn set(labels: Labels) -> DataSet {
        let extent = Extent::new(1, 2, 2);
        let train = Split { pictures: vec![0; labels.len() * extent.len()], labels };
        let classes = ["cat", "dog", "hen", "owl"].map(String::from).to_vec();
        DataSet {
            name: "pets".into(),
            extent,
            classes,
            train,
            test: Split::default(),
            clean: None,
            notes: vec![],
        }
    }

    fn noisy(labels: &Labels, share: f32, to: Option<&str>, seed: u64) -> DataSet {
        let mut set = set(labels.clone());
        add(&mut set, &Noise { share, to: to.map(String::from) }, None, seed).unwrap();
        set
    }

    fn classes() -> Labels {
        Labels::Classes((0..4000).map(|i| i % 4).collect())
    }

    fn n_different(a: &Labels, b: &Labels) -> usize {
        let (a, b) = (a.classes().unwrap(), b.classes().unwrap());
        a.iter().zip(b).filter(|(a, b)| a != b).count()
    }

    #[test]
    fn just_the_share_given_is_wrong_and_evenly_so() {
        for share in [0.0, 0.25, 0.4, 1.0] {
            let found = noisy(&classes(), share, None, 1);
            assert_eq!(n_different(&found.train.labels, &classes()), (4000.0 * share) as usize);
        }
        // Of 1,000 cats, 800 become one of three others, each about 267 times; five standard deviations are 67.
        let found = noisy(&classes(), 0.8, None, 1).train.labels;
        let cats = found.classes().unwrap().iter().step_by(4);
        for other in 1..4 {
            let n = cats.clone().filter(|&&class| class == other).count() as i32;
            assert!((n - 267).abs() < 67, "{n}");
        }
    }

    #[test]
    fn the_seed_decides_which() {
        let labels = |seed| noisy(&classes(), 0.5, None, seed).train.labels;
        assert_eq!(labels(1), labels(1));
        assert_ne!(labels(1), labels(2));
    }

    #[test]
    fn bias_leads_to_one_class_and_spares_those_of_it() {
        let found = noisy(&classes(), 0.6, Some("hen"), 1);
        let hens = found.train.labels.counts(4)[2];
        assert_eq!(n_different(&found.train.labels, &classes()), hens - 1000);
        // 2,400 are drawn, a quarter of them hens already; five standard deviations are 107 or less.
        assert!((hens as i32 - 2800).abs() < 107, "{hens}");
        assert_eq!(found.notes, ["As `data.noise` asks, 2,400 of 4,000 training labels became hen."]);
    }

    #[test]
    fn tags_are_turned_around() {
        let tags = Labels::Tags(Tags::new(4, (0..100).map(|i| vec![i % 4])));
        let found = noisy(&tags, 0.1, None, 1).train.labels;
        let n = (0..400).filter(|i| found.shows(i / 4, i % 4) != tags.shows(i / 4, i % 4)).count();
        assert_eq!(n, 40);
        let found = noisy(&tags, 1.0, Some("dog"), 1).train.labels;
        assert_eq!(found.counts(4), [0, 100, 0, 0]);
    }

    #[test]
    fn what_is_void_stays_void() {
        let classes: Vec<u8> = (0..400).map(|i| if i % 2 == 0 { VOID } else { 1 }).collect();
        let pixels = Labels::Pixels(PixelClasses::new(4, classes));
        let found = noisy(&pixels, 0.5, None, 1).train.labels;
        assert_eq!((found.counts(4)[1], found.counts(4).iter().sum::<usize>()), (100, 200));
    }

    /// A class that the loss leaves out is no answer: it is neither made wrong nor what others become.
    #[test]
    fn the_void_class_of_the_loss_is_spared() {
        let labels = Labels::Pixels(PixelClasses::new(4, (0..4000).map(|i| (i % 4) as u8).collect()));
        for void in 0..4 {
            let mut set = set(labels.clone());
            add(&mut set, &Noise { share: 1.0, to: None }, Some(void), 1).unwrap();
            let (Labels::Pixels(before), Labels::Pixels(after)) = (&labels, &set.train.labels) else {
                panic!("they are classes of pixels")
            };
            for (&before, &after) in before.all().iter().zip(after.all()) {
                assert_eq!(before == after, usize::from(before) == void, "{before} became {after}");
                assert!(usize::from(after) != void || before == after, "{before} became void");
            }
            assert!(set.notes[0].contains("3,000 of 3,000"), "{:?}", set.notes);
        }
    }

    #[test]
    fn the_right_labels_are_kept() {
        let labels = classes();
        assert_eq!(noisy(&labels, 0.5, None, 1).clean, Some(labels.clone()));
        assert_eq!(noisy(&labels, 0.0, None, 1).clean, None);
    }

    #[test]
    fn a_class_that_there_is_not_is_an_error() {
        let noise = Noise { share: 0.1, to: Some("hem".into()) };
        let message = add(&mut set(classes()), &noise, None, 1).unwrap_err().to_string();
        assert_eq!(
            message,
            "`data.noise` leads to the class `hem`, which pets has not (did you mean `hen`?): its classes are \
             `cat`, `dog`, `hen` and `owl`. Give one of them, or leave `to` out for noise in all directions."
        );
        let many: Vec<String> = (0..100).map(|class| format!("class {class}")).collect();
        let message = class_of("x", &many, "many").unwrap_err().to_string();
        assert!(message.contains("`class 10`, `class 11` and 88 others. Give"), "{message}");
    }
}
