//! Undo and redo over whole experiments. They are small, and a copy cannot be wrong.

use crate::experiment::Experiment;

/// How many steps back are kept.
const DEPTH: usize = 500;

/// What belongs together as one edit for a person: all that happens while one mouse button is held down, or
/// while one field has the keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gesture {
    /// The so-many-th press of a mouse button.
    Press(u64),
    /// Typing into the widget of this identity.
    Typing(u64),
}

#[derive(Clone, Debug)]
pub struct History {
    present: Experiment,
    past: Vec<Experiment>,
    future: Vec<Experiment>,
    gesture: Option<Gesture>,
}

impl History {
    pub fn new(present: Experiment) -> Self {
        Self { present, past: Vec::new(), future: Vec::new(), gesture: None }
    }

    /// Takes note of the experiment as it is now; whether it has changed.
    pub fn note(&mut self, experiment: &Experiment, gesture: Option<Gesture>) -> bool {
        if *experiment == self.present {
            return false;
        }
        let goes_on = gesture.is_some() && gesture == self.gesture;
        let before = std::mem::replace(&mut self.present, experiment.clone());
        if !goes_on {
            self.past.push(before);
            let surplus = self.past.len().saturating_sub(DEPTH);
            self.past.drain(..surplus);
        }
        self.future.clear();
        self.gesture = gesture;
        true
    }

    /// The experiment before the last edit.
    pub fn undo(&mut self) -> Option<Experiment> {
        let before = self.past.pop()?;
        self.future.push(std::mem::replace(&mut self.present, before.clone()));
        self.gesture = None;
        Some(before)
    }

    /// The experiment before the last undo.
    pub fn redo(&mut self) -> Option<Experiment> {
        let after = self.future.pop()?;
        self.past.push(std::mem::replace(&mut self.present, after.clone()));
        self.gesture = None;
        Some(after)
    }

    pub fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    pub fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_seed(seed: u64) -> Experiment {
        Experiment { seed, ..Experiment::default() }
    }

    #[test]
    fn a_drag_is_one_edit() {
        let mut history = History::new(with_seed(1));
        for seed in 2..10 {
            assert!(history.note(&with_seed(seed), Some(Gesture::Press(1))));
        }
        history.note(&with_seed(20), Some(Gesture::Press(2)));
        assert_eq!(history.undo(), Some(with_seed(9)));
        assert_eq!(history.undo(), Some(with_seed(1)));
        assert!(!history.can_undo());
        assert_eq!(history.redo(), Some(with_seed(9)));
        history.note(&with_seed(5), None);
        assert!(!history.can_redo(), "a new edit ends what could be redone");
    }

    #[test]
    fn nothing_changed_is_no_edit() {
        let mut history = History::new(with_seed(1));
        assert!(!history.note(&with_seed(1), None));
        assert!(!history.can_undo());
    }
}
