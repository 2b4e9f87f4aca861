//! The text of the experiment's file under the hands of a person: in step with the experiment while it is right, and
//! kept as it is while it is wrong.

use std::sync::Arc;

use crate::experiment::{Experiment, NetworkChoice, Problem, file};

use super::history::History;
use super::{Editor, tree};
use crate::app::memory::Opening;

/// A text that is not what the program would write.
#[derive(Clone, Debug)]
pub struct Typed {
    text: Arc<str>,
    /// What the experiment was when it was last in step with the text.
    said: Experiment,
    /// Why it says nothing, if it does not.
    problem: Option<Problem>,
}

/// The experiment with its text, as undo goes back to them.
#[derive(Clone, Debug)]
pub struct Draft {
    pub experiment: Experiment,
    /// Where it is not what the program would write.
    pub text: Option<Arc<str>>,
}

impl PartialEq for Draft {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.experiment == other.experiment
    }
}

impl Editor {
    /// The text of the experiment's file.
    pub fn text(&self) -> String {
        match &self.typed {
            Some(typed) => typed.text.to_string(),
            None => file::write(&self.experiment),
        }
    }

    /// What is wrong with the text, if it is: the experiment is then the last that it said.
    pub fn text_problem(&self) -> Option<&Problem> {
        self.typed.as_ref()?.problem.as_ref()
    }

    /// Whether the experiment was changed while the text was wrong.
    pub fn is_text_behind(&self) -> bool {
        self.typed.as_ref().is_some_and(|typed| typed.problem.is_some() && typed.said != self.experiment)
    }

    /// A person has written this text. Where it says an experiment, that is the experiment now.
    pub fn write(&mut self, text: &str) {
        match file::parse(text) {
            Ok(mut experiment) => {
                if let NetworkChoice::Layers { layers, .. } = &mut experiment.network {
                    tree::adopt(layers, &self.layers);
                }
                self.experiment = experiment;
                self.hold_text(text);
                self.refresh();
            }
            Err(problem) => {
                // What it said last, be it some slips ago.
                let said = match self.typed.take() {
                    Some(typed) if typed.problem.is_some() => typed.said,
                    _ => self.experiment.clone(),
                };
                self.typed = Some(Typed { text: text.into(), said, problem: Some(problem) });
            }
        }
    }

    /// The text is as the program writes it again: what was written by hand goes, the experiment stays.
    pub fn write_anew(&mut self) {
        self.typed = None;
    }

    /// Keeps the text that says the present experiment, where it is not the program's own.
    pub(super) fn hold_text(&mut self, text: &str) {
        let said = self.experiment.clone();
        let is_own = *text == *file::write(&said);
        self.typed = (!is_own).then(|| Typed { text: text.into(), said, problem: None });
    }

    /// The text follows an experiment that was changed by its panels. One that is wrong waits.
    pub(super) fn keep_text_in_step(&mut self) {
        let Some(typed) = &self.typed else { return };
        if typed.problem.is_some() || typed.said == self.experiment {
            return;
        }
        match file::follow(&typed.text, &typed.said, &self.experiment) {
            Some(text) => self.hold_text(&text),
            None => self.typed = None,
        }
    }

    pub(super) fn draft(&self) -> Draft {
        Draft { experiment: self.experiment.clone(), text: self.typed_text() }
    }

    /// [`Editor::draft`] compared without a copy.
    pub(super) fn is(&self, draft: &Draft) -> bool {
        self.typed.as_ref().map(|typed| &*typed.text) == draft.text.as_deref()
            && self.experiment == draft.experiment
    }

    /// Takes back a text that stood beside the present experiment.
    pub(super) fn take_text(&mut self, text: Option<Arc<str>>) {
        self.typed = text.map(|text| {
            let problem = file::parse(&text).err();
            Typed { text, said: self.experiment.clone(), problem }
        });
    }

    /// The text, where it is not what the program would write.
    pub fn written_text(&self) -> Option<&str> {
        self.typed.as_ref().map(|typed| &*typed.text)
    }

    /// Opens an experiment with the text that was left beside it, right or wrong; undoing goes back to here. Changed is
    /// what its file does not hold.
    pub fn open_with(opening: Opening) -> Self {
        let Opening { experiment, text, file } = opening;
        let mut editor = Self::new(experiment);
        text.iter().for_each(|text| editor.take_up(text));
        editor.file = file;
        if let Some(path) = &editor.file {
            // Where there is no such file any more, nothing of this is in a file.
            let (experiment, text) = file::load_text(path).unwrap_or_default();
            let is_own = text == file::write(&experiment);
            editor.saved = Draft { experiment, text: (!is_own).then(|| text.into()) };
        }
        editor
    }

    /// Goes on with a text that was left beside the same experiment; undoing goes back to here and no further.
    pub fn take_up(&mut self, text: &str) {
        self.write(text);
        self.saved = self.draft();
        self.history = History::new(self.draft());
    }

    fn typed_text(&self) -> Option<Arc<str>> {
        self.typed.as_ref().map(|typed| typed.text.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::editor::edit::Edit;
    use crate::app::editor::history::Gesture;

    const OWN: &str = "title = 'Mine' # it is\nnetwork.layers = [{ conv = 8 }, 'relu', { linear = 10 }]\n";

    fn editor() -> Editor {
        let mut editor = Editor::new(file::parse(OWN).expect("it is right"));
        editor.hold_text(OWN);
        editor.note(None);
        editor
    }

    #[test]
    fn cards_follow_the_text_and_keep_their_identities() {
        let mut editor = editor();
        let before = tree::in_order(editor.layers());
        editor.write(&OWN.replace("conv = 8", "conv = 12"));
        assert_eq!(tree::in_order(editor.layers()), before);
        assert!(editor.text().contains("conv = 12") && editor.text().contains("# it is"));
        let output = editor.costs().of_layer(before[0]).output.expect("it is possible");
        assert_eq!(output.channels, 12);
    }

    #[test]
    fn the_text_follows_the_cards_and_keeps_its_comments() {
        let mut editor = editor();
        editor.experiment.train.rate = 0.25;
        editor.note(None);
        let relu = editor.layers()[1].id;
        editor.apply(Edit::Remove(relu));
        editor.note(None);
        let text = editor.text();
        assert_eq!(file::parse(&text).as_ref(), Ok(&editor.experiment));
    }

    #[test]
    fn a_wrong_text_stays_and_so_does_what_it_said_last() {
        let mut editor = editor();
        let good = editor.experiment.clone();
        let wrong = OWN.replace("'relu'", "'rleu'");
        editor.write(&wrong);
        editor.note(None);
        assert_eq!((editor.text().as_str(), &editor.experiment), (wrong.as_str(), &good));
        let problem = editor.text_problem().expect("it is wrong");
        assert!(problem.message.contains("did you mean `relu`?"), "{problem}");
        assert_eq!(problem.span.clone().map(|span| &wrong[span]), Some("'rleu'"));
        assert!(!editor.is_text_behind());
        editor.experiment.train.rate = 0.25;
        editor.note(None);
        assert!(editor.is_text_behind());
        assert_eq!(editor.text(), wrong, "it is not written over");
        editor.write_anew();
        assert!(editor.text_problem().is_none() && editor.text().contains("rate = 0.25"));
        editor.note(None);
        editor.undo();
        assert_eq!(editor.text(), wrong, "and it can be had back");
    }

    #[test]
    fn undo_goes_through_both() {
        let mut editor = editor();
        let first = editor.experiment.clone();
        editor.write(&OWN.replace("conv = 8", "conv = 9"));
        editor.note(Some(Gesture::Writing(1)));
        editor.write(&OWN.replace("conv = 8", "conv = "));
        editor.note(Some(Gesture::Writing(2)));
        editor.experiment.train.rate = 0.25;
        editor.note(None);
        editor.undo();
        assert!(editor.text_problem().is_some());
        assert_eq!(editor.text(), OWN.replace("conv = 8", "conv = "));
        editor.undo();
        assert!(editor.text().contains("conv = 9") && editor.text_problem().is_none());
        editor.undo();
        assert_eq!((&editor.experiment, editor.text().as_str()), (&first, OWN));
        editor.redo();
        assert!(editor.text().contains("conv = 9"));
        assert!(
            matches!(&editor.experiment.network, NetworkChoice::Layers { layers, .. } if layers.len() == 3)
        );
    }
}
