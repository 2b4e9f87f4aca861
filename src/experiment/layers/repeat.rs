use std::ops::RangeInclusive;

use super::Layer;
use crate::experiment::fields::Field;

/// The same layers several times in a row, every time with weights of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct Repeat {
    pub times: usize,
    pub layers: Vec<Layer>,
}

impl Default for Repeat {
    fn default() -> Self {
        Self { times: 2, layers: Vec::new() }
    }
}

impl Repeat {
    pub const TIMES: RangeInclusive<usize> = 1..=1000;

    pub fn fields(&mut self) -> Vec<Field<'_>> {
        vec![Field::count("repeat", &mut self.times, Self::TIMES, "how many times")]
    }
}
