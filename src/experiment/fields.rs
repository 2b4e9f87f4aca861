//! The settings of a layer, an optimiser, a schedule as a list of named fields: written once beside the thing
//! itself, read by the file reader, the file writer and the window alike.

use std::ops::RangeInclusive;

use super::Initialisation;
use super::layers::Padding;

/// One setting, open for reading and writing.
pub struct Field<'a> {
    /// The key in the experiment file.
    pub name: &'static str,
    /// What it means, as a tooltip: lower case, no full stop.
    pub help: &'static str,
    /// Whether it is seldom touched, and shown in the window only where it was or when asked for.
    pub is_rare: bool,
    pub value: Value<'a>,
}

/// What a setting holds, and within which bounds.
pub enum Value<'a> {
    /// A whole number.
    Count(&'a mut usize, RangeInclusive<usize>),
    /// A whole number, or the word `none`.
    OptionalCount(&'a mut Option<usize>, RangeInclusive<usize>),
    /// Two whole numbers, vertical and horizontal; a single number in the file stands for both.
    Pair(&'a mut [usize; 2], RangeInclusive<usize>),
    /// Two whole numbers likewise, or the word `same`.
    Padding(&'a mut Padding, RangeInclusive<usize>),
    Number(&'a mut f32, RangeInclusive<f32>),
    /// A list of up to [`MOST_NUMBERS`] numbers.
    Numbers(&'a mut Vec<f32>, RangeInclusive<f32>),
    Flag(&'a mut bool),
    /// From what weights are drawn at the start, where that is not the whole net's rule.
    Initialisation(&'a mut Option<Initialisation>),
}

/// The longest list that a setting holds.
pub const MOST_NUMBERS: usize = 1000;

impl<'a> Field<'a> {
    pub fn count(
        name: &'static str,
        value: &'a mut usize,
        range: RangeInclusive<usize>,
        help: &'static str,
    ) -> Self {
        Self { name, help, is_rare: false, value: Value::Count(value, range) }
    }

    pub fn optional_count(
        name: &'static str,
        value: &'a mut Option<usize>,
        range: RangeInclusive<usize>,
        help: &'static str,
    ) -> Self {
        Self { name, help, is_rare: false, value: Value::OptionalCount(value, range) }
    }

    pub fn pair(
        name: &'static str,
        value: &'a mut [usize; 2],
        range: RangeInclusive<usize>,
        help: &'static str,
    ) -> Self {
        Self { name, help, is_rare: false, value: Value::Pair(value, range) }
    }

    pub fn padding(
        name: &'static str,
        value: &'a mut Padding,
        range: RangeInclusive<usize>,
        help: &'static str,
    ) -> Self {
        Self { name, help, is_rare: false, value: Value::Padding(value, range) }
    }

    pub fn number(
        name: &'static str,
        value: &'a mut f32,
        range: RangeInclusive<f32>,
        help: &'static str,
    ) -> Self {
        Self { name, help, is_rare: false, value: Value::Number(value, range) }
    }

    pub fn numbers(
        name: &'static str,
        value: &'a mut Vec<f32>,
        range: RangeInclusive<f32>,
        help: &'static str,
    ) -> Self {
        Self { name, help, is_rare: false, value: Value::Numbers(value, range) }
    }

    pub fn flag(name: &'static str, value: &'a mut bool, help: &'static str) -> Self {
        Self { name, help, is_rare: false, value: Value::Flag(value) }
    }

    /// The setting `init` of a layer with weights.
    pub fn initialisation(value: &'a mut Option<Initialisation>) -> Self {
        let help = "from what its weights are drawn at the start, if not as the whole net's";
        Self { name: "init", help, is_rare: true, value: Value::Initialisation(value) }
    }

    /// The same setting as one that is seldom touched.
    pub fn rare(self) -> Self {
        Self { is_rare: true, ..self }
    }
}

impl Value<'_> {
    /// Sets this to what another holds, where both are of one sort.
    pub fn set(&mut self, from: &Value<'_>) {
        match (self, from) {
            (Value::Count(to, _), Value::Count(from, _)) => **to = **from,
            (Value::OptionalCount(to, _), Value::OptionalCount(from, _)) => **to = **from,
            (Value::Pair(to, _), Value::Pair(from, _)) => **to = **from,
            (Value::Padding(to, _), Value::Padding(from, _)) => **to = **from,
            (Value::Number(to, _), Value::Number(from, _)) => **to = **from,
            (Value::Numbers(to, _), Value::Numbers(from, _)) => to.clone_from(from),
            (Value::Flag(to), Value::Flag(from)) => **to = **from,
            (Value::Initialisation(to), Value::Initialisation(from)) => **to = **from,
            // Two layers of one kind have the same fields.
            _ => {}
        }
    }
}
