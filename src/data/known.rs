//! What is known beforehand of the data sets everybody uses: class names and published counts.

use super::error::count;
use crate::experiment::figures::counted;

/// A published data set.
#[derive(Debug)]
pub struct Known {
    pub name: &'static str,
    /// In the order of the labels.
    pub classes: &'static [&'static str],
    /// Training and test pictures as published.
    pub counts: [usize; 2],
}

impl Known {
    pub fn class_names(&self) -> Vec<String> {
        self.classes.iter().map(|&name| name.to_owned()).collect()
    }

    /// A sentence for each part that holds another number of pictures than the published one.
    pub fn notes(&self, train: usize, test: usize) -> Vec<String> {
        let part = |part: &str, found, published| {
            (found != published).then(|| {
                let (found, published) = (counted(found as u64, "picture"), count(published));
                format!(
                    "The {part} files of {} hold {found}; the published ones hold {published}.",
                    self.name
                )
            })
        };
        [part("training", train, self.counts[0]), part("test", test, self.counts[1])]
            .into_iter()
            .flatten()
            .collect()
    }
}

pub static MNIST: Known = Known {
    name: "MNIST",
    classes: &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
    counts: [60_000, 10_000],
};

/// Names as the data set's own page gives them (Xiao, Rasul, Vollgraf 2017), in lower case.
pub static FASHION_MNIST: Known = Known {
    name: "Fashion-MNIST",
    classes: &[
        "T-shirt/top",
        "trouser",
        "pullover",
        "dress",
        "coat",
        "sandal",
        "shirt",
        "sneaker",
        "bag",
        "ankle boot",
    ],
    counts: [60_000, 10_000],
};

/// Names and order of `batches.meta.txt`.
pub static CIFAR_10: Known = Known {
    name: "CIFAR-10",
    classes: &["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
    counts: [50_000, 10_000],
};

/// The fine labels, in the order of `fine_label_names.txt`.
#[rustfmt::skip]
pub static CIFAR_100: Known = Known {
    name: "CIFAR-100",
    classes: &[
        "apple", "aquarium fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle",
        "bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle",
        "chair", "chimpanzee", "clock", "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur",
        "dolphin", "elephant", "flatfish", "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard",
        "lamp", "lawn mower", "leopard", "lion", "lizard", "lobster", "man", "maple tree", "motorcycle",
        "mountain", "mouse", "mushroom", "oak tree", "orange", "orchid", "otter", "palm tree", "pear",
        "pickup truck", "pine tree", "plain", "plate", "poppy", "porcupine", "possum", "rabbit", "raccoon",
        "ray", "road", "rocket", "rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper", "snail",
        "snake", "spider", "squirrel", "streetcar", "sunflower", "sweet pepper", "table", "tank", "telephone",
        "television", "tiger", "tractor", "train", "trout", "tulip", "turtle", "wardrobe", "whale",
        "willow tree", "wolf", "woman", "worm",
    ],
    counts: [50_000, 10_000],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_has_a_name_of_its_own() {
        for (known, n_classes) in [(&MNIST, 10), (&FASHION_MNIST, 10), (&CIFAR_10, 10), (&CIFAR_100, 100)] {
            let names: std::collections::BTreeSet<_> = known.classes.iter().collect();
            assert_eq!((known.classes.len(), names.len()), (n_classes, n_classes), "{}", known.name);
        }
        // The first, the last and two between, as in the published `fine_label_names.txt`.
        let at = |i: usize| CIFAR_100.classes[i];
        assert_eq!([at(0), at(50), at(90), at(99)], ["apple", "mouse", "train", "worm"]);
    }

    #[test]
    fn only_other_counts_are_worth_a_note() {
        assert!(CIFAR_10.notes(50_000, 10_000).is_empty());
        assert_eq!(
            CIFAR_10.notes(50_000, 1_000),
            ["The test files of CIFAR-10 hold 1,000 pictures; the published ones hold 10,000."]
        );
    }
}
