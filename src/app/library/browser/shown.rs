//! The pictures that pass the filters, as places in a list.

use super::{SetKey, View};
use crate::data::survey::Survey;

/// Indices into a split, in their order.
#[derive(Default)]
pub struct Shown {
    key: Option<(SetKey, View, bool)>,
    /// Grows with each filtering: what was drawn of another list is of no use.
    pub generation: u64,
    n_pictures: usize,
    /// None where all are shown.
    indices: Option<Vec<u32>>,
}

impl Shown {
    /// Filters anew, if anything has changed. Until the survey is there all pictures are shown.
    pub fn follow(&mut self, set: &SetKey, view: View, n_pictures: usize, survey: Option<&Survey>) {
        let key = Some((set.clone(), view, survey.is_some()));
        if self.key == key {
            return;
        }
        (self.key, self.n_pictures) = (key, n_pictures);
        self.generation += 1;
        self.indices = survey.and_then(|survey| match (view.class, view.only_changed) {
            (None, false) => None,
            (None, true) => Some(survey.changed.clone()),
            (Some(class), false) => survey.members.get(class).cloned(),
            (Some(class), true) => {
                let changed = |index: &&u32| survey.changed.binary_search(index).is_ok();
                survey.members.get(class).map(|members| members.iter().filter(changed).copied().collect())
            }
        });
    }

    pub fn len(&self) -> usize {
        self.indices.as_ref().map_or(self.n_pictures, Vec::len)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The index of the picture at a place.
    pub fn at(&self, place: usize) -> usize {
        self.indices.as_ref().map_or(place, |indices| indices[place] as usize)
    }

    /// The place of a picture, if it is shown.
    pub fn place_of(&self, index: usize) -> Option<usize> {
        match &self.indices {
            None => (index < self.n_pictures).then_some(index),
            Some(indices) => indices.binary_search(&(index as u32)).ok(),
        }
    }
}
