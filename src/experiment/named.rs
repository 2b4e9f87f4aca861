//! What is chosen by name and has settings of its own: an optimiser, a schedule, the start. Said once beside
//! the thing itself, for the file's reader and writer and for the menu in the window alike.

use super::fields::Field;

/// One of a few things that go by a name.
pub trait Named: Clone + PartialEq {
    /// What such a thing is, in a sentence: "optimiser".
    const WHAT: &'static str;

    /// How one with settings of its own is written in a file.
    const EXAMPLE: &'static str;

    /// One of each with its customary settings, in the order of a menu.
    fn all() -> Vec<Self>;

    /// The word for it in the experiment file.
    fn name(&self) -> &'static str;

    /// The name as it stands in a menu.
    fn title(&self) -> &'static str;

    /// What it does, best by its formula; a tooltip.
    fn help(&self) -> &'static str;

    /// Its settings, open for reading and writing.
    fn fields(&mut self) -> Vec<Field<'_>>;

    /// Names of the settings without which a file does not say enough. They give the name away, which is then
    /// left out: `{ drop = 0.1, at = [82, 123] }`.
    fn required(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether a setting that is seldom touched was.
    fn has_rare_settings(&self) -> bool {
        let mut plain = self.clone();
        let mut customary = Self::from_name(self.name()).unwrap_or_else(|| self.clone());
        for (own, customary) in plain.fields().iter_mut().zip(customary.fields()) {
            if own.is_rare {
                own.value.set(&customary.value);
            }
        }
        plain != *self
    }

    /// The one of this name, with its customary settings.
    fn from_name(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|one| one.name() == name)
    }
}
