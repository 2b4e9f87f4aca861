//! What a net says of each picture of a split, and which of its answers are worth a look.

use super::confusion::Confusion;

/// A net's answer to one picture.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Answer {
    /// Place of the picture in its split.
    pub index: usize,
    pub class: usize,
    /// The class with the largest logit, the first of equals.
    pub answer: usize,
    /// The softmax's probability of the answer, and of the class that is right.
    pub probability: f64,
    pub of_class: f64,
}

/// Answers to pictures of one class each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    pub classes: Vec<String>,
    pub all: Vec<Answer>,
}

/// Which answers to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pick {
    /// Wrong ones, the least probable class being right first.
    Worst,
    /// The surest, right or wrong.
    MostCertain,
    /// Those in which even the largest probability is small.
    LeastCertain,
}

impl Pick {
    pub const ALL: [Self; 3] = [Self::Worst, Self::MostCertain, Self::LeastCertain];

    pub fn title(self) -> &'static str {
        match self {
            Self::Worst => "Worst mistakes",
            Self::MostCertain => "Most certain",
            Self::LeastCertain => "Least certain",
        }
    }
}

impl Answer {
    /// By the logits `(K)` for a picture of `class`.
    pub fn of(index: usize, class: usize, logits: &[f32]) -> Self {
        let answer = (1..logits.len()).fold(0, |best, k| if logits[k] > logits[best] { k } else { best });
        let largest = logits.get(answer).copied().unwrap_or(0.0);
        let power = |k: usize| logits.get(k).map_or(0.0, |&z| f64::from(z - largest).exp());
        let sum: f64 = (0..logits.len()).map(power).sum();
        Self { index, class, answer, probability: power(answer) / sum, of_class: power(class) / sum }
    }

    pub fn is_right(&self) -> bool {
        self.answer == self.class
    }

    /// `−log p` of the class that is right.
    pub fn loss(&self) -> f64 {
        -self.of_class.ln()
    }
}

impl Answers {
    pub fn new(classes: &[String]) -> Self {
        Self { classes: classes.to_vec(), all: Vec::new() }
    }

    /// Which classes are taken for which.
    pub fn confusion(&self) -> Confusion {
        let mut confusion = Confusion::new(&self.classes);
        self.all.iter().for_each(|answer| confusion.counts[answer.class][answer.answer] += 1);
        confusion
    }

    /// The first `n` of a kind; where two are alike, in the pictures' order.
    pub fn picked(&self, pick: Pick, n: usize) -> Vec<Answer> {
        let mut some: Vec<Answer> =
            self.all.iter().copied().filter(|a| pick != Pick::Worst || !a.is_right()).collect();
        let key = |answer: &Answer| match pick {
            Pick::Worst => answer.of_class,
            Pick::MostCertain => -answer.probability,
            Pick::LeastCertain => answer.probability,
        };
        some.sort_by(|a, b| key(a).total_cmp(&key(b)).then(a.index.cmp(&b.index)));
        some.truncate(n);
        some
    }

    /// For each tenth of the probability that the net gives its answers (0 to 0.1, …, 0.9 to 1): how many there are
    /// and the share of them that is right. A net whose word can be taken is right as often as it says (Guo et al.
    /// 2017, "On calibration of modern neural networks", Figure 1).
    pub fn calibration(&self) -> Vec<(usize, f64)> {
        let mut counts = [(0usize, 0usize); 10];
        for answer in &self.all {
            let bin = &mut counts[((10.0 * answer.probability) as usize).min(9)];
            *bin = (bin.0 + 1, bin.1 + usize::from(answer.is_right()));
        }
        counts.iter().map(|&(n, right)| (n, right as f64 / n.max(1) as f64)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_the_softmaxs() {
        let answer = Answer::of(3, 0, &[0.0, 3f32.ln(), 0.0]);
        assert_eq!((answer.index, answer.answer, answer.is_right()), (3, 1, false));
        assert!(
            (answer.probability - 0.6).abs() < 1e-6 && (answer.of_class - 0.2).abs() < 1e-6,
            "3 of 5, 1 of 5"
        );
        assert!((answer.loss() - 5f64.ln()).abs() < 1e-6);
        let sure = Answer::of(0, 1, &[-500.0, 500.0]);
        assert_eq!((sure.probability, sure.of_class), (1.0, 1.0));
    }

    #[test]
    fn answers_are_picked_by_what_they_are_worth_a_look_for() {
        let mut answers = Answers::new(&["cat".into(), "dog".into()]);
        let logits = [[2.0, 0.0], [0.0, 3.0], [0.1, 0.0], [0.0, 2.0]];
        answers.all = logits.iter().enumerate().map(|(i, logits)| Answer::of(i, 0, logits)).collect();
        let picked = |pick| answers.picked(pick, 2).iter().map(|answer| answer.index).collect::<Vec<_>>();
        assert_eq!(picked(Pick::Worst), [1, 3]);
        assert_eq!(picked(Pick::MostCertain), [1, 0]);
        assert_eq!(picked(Pick::LeastCertain), [2, 0]);
        assert_eq!(answers.confusion().counts, [[2, 2], [0, 0]]);
        let calibration = answers.calibration();
        assert_eq!((calibration[5], calibration[8], calibration[9]), ((1, 1.0), (2, 0.5), (1, 0.0)));
    }
}
