//! Which classes are taken for which.

/// How often pictures of each class were answered with each class.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Confusion {
    pub classes: Vec<String>,
    /// `(true class, answer)`.
    pub counts: Vec<Vec<u64>>,
}

/// One picture that was answered wrongly.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Mistake {
    /// Place of the picture in its split.
    pub index: usize,
    pub class: usize,
    pub answer: usize,
    /// `−log p(class)` with p the softmax of the logits: the larger, the surer the wrong answer was.
    pub loss: f64,
}

impl Confusion {
    pub fn new(classes: &[String]) -> Self {
        Self { classes: classes.to_vec(), counts: vec![vec![0; classes.len()]; classes.len()] }
    }

    /// Counts one answer, the largest of `logits` (the first of equals), and tells if it was wrong.
    pub fn count(&mut self, index: usize, class: usize, logits: &[f32]) -> Option<Mistake> {
        let answer = (1..logits.len()).fold(0, |best, k| if logits[k] > logits[best] { k } else { best });
        self.counts[class][answer] += 1;
        (answer != class).then(|| {
            let largest = logits[answer] as f64;
            let sum: f64 = logits.iter().map(|&z| (z as f64 - largest).exp()).sum();
            Mistake { index, class, answer, loss: sum.ln() + largest - logits[class] as f64 }
        })
    }

    /// Share of wrong answers, 0 to 1, for each class; none for a class without pictures.
    pub fn errors(&self) -> Vec<Option<f64>> {
        let error = |(class, row): (usize, &Vec<u64>)| {
            let n: u64 = row.iter().sum();
            (n > 0).then(|| (n - row[class]) as f64 / n as f64)
        };
        self.counts.iter().enumerate().map(error).collect()
    }

    /// Share of wrong answers over all.
    pub fn error(&self) -> f64 {
        let n: u64 = self.counts.iter().flatten().sum();
        let right: u64 = self.counts.iter().enumerate().map(|(class, row)| row[class]).sum();
        (n - right) as f64 / n.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_true_class() {
        let mut confusion = Confusion::new(&["cat".into(), "dog".into(), "owl".into()]);
        assert_eq!(confusion.count(0, 0, &[2.0, 1.0, 0.0]), None);
        let mistake = confusion.count(1, 0, &[0.0, 3f32.ln(), 0.0]).expect("a dog it is not");
        assert_eq!((mistake.index, mistake.class, mistake.answer), (1, 0, 1));
        assert!((mistake.loss - 5f64.ln()).abs() < 1e-6, "p(cat) = 1 / (1 + 3 + 1)");
        confusion.count(2, 1, &[0.0, 1.0, 0.0]);
        assert_eq!(confusion.counts, [[1, 1, 0], [0, 1, 0], [0, 0, 0]]);
        assert_eq!(confusion.errors(), [Some(0.5), Some(0.0), None]);
        assert!((confusion.error() - 1.0 / 3.0).abs() < 1e-12);
    }
}
