//! Undo and redo over whole states. They are small, and a copy cannot be wrong.

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
    /// Writing in the text of the file, after so many pauses.
    Writing(u64),
}

#[derive(Clone, Debug)]
pub struct History<T> {
    present: T,
    past: Vec<T>,
    future: Vec<T>,
    gesture: Option<Gesture>,
}

impl<T: Clone + PartialEq> History<T> {
    pub fn new(present: T) -> Self {
        Self { present, past: Vec::new(), future: Vec::new(), gesture: None }
    }

    pub fn present(&self) -> &T {
        &self.present
    }

    /// Takes note of what is now; whether it has changed.
    pub fn note(&mut self, now: &T, gesture: Option<Gesture>) -> bool {
        if *now == self.present {
            return false;
        }
        let goes_on = gesture.is_some() && gesture == self.gesture;
        let before = std::mem::replace(&mut self.present, now.clone());
        if !goes_on {
            self.past.push(before);
            let surplus = self.past.len().saturating_sub(DEPTH);
            self.past.drain(..surplus);
        }
        self.future.clear();
        self.gesture = gesture;
        true
    }

    /// What is now takes the place of the last edit, which has turned out not to be possible.
    pub fn amend(&mut self, now: &T) {
        self.present = now.clone();
        if self.past.last() == Some(now) {
            self.past.pop();
        }
        self.gesture = None;
    }

    /// What was before the last edit.
    pub fn undo(&mut self) -> Option<T> {
        let before = self.past.pop()?;
        self.future.push(std::mem::replace(&mut self.present, before.clone()));
        self.gesture = None;
        Some(before)
    }

    /// What was before the last undo.
    pub fn redo(&mut self) -> Option<T> {
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
    use crate::experiment::Experiment;

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
