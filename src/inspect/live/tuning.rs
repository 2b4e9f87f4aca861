//! What the first layer's filters prefer, see [`tuning`](crate::inspect::tuning) and [`gabor`](crate::inspect::gabor).

use std::time::Duration;

use super::{Pass, Passes};
use crate::inspect::filters::{Filters, first_convolution, reads_pictures};
use crate::inspect::gabor::Gabor;
use crate::inspect::look::{Glance, Instrument, LookError, Subject, View};
use crate::inspect::tuning::{GreyFilter, Tuning};

/// Shows the filters gratings, one filter after the other.
pub struct Tuned(Passes<Shown>);

impl Default for Tuned {
    fn default() -> Self {
        Self(Passes::new(()))
    }
}

impl Instrument for Tuned {
    fn look(&mut self, subject: &Subject<'_>, span: Duration) -> Result<Glance, LookError> {
        self.0.go_on(subject, span)
    }
}

/// The filters of the first layer, and what has been found of the first ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Preferences {
    pub filters: Filters,
    pub found: Vec<Preference>,
}

/// What one filter prefers, and what it looks like.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Preference {
    /// None of a filter that answers to no grating.
    #[serde(flatten)]
    pub tuning: Option<Tuning>,
    pub gabor: Option<Gabor>,
}

impl Preference {
    /// Of a filter `(I, kH, kW)`; `scale` `(I)` is what the normalisation multiplies each channel by.
    pub fn of(filter: &[f32], size: [usize; 2], scale: &[f32]) -> Self {
        let grey = GreyFilter::new(filter, size, scale);
        Self { tuning: grey.tuning(), gabor: grey.gabor() }
    }
}

struct Shown {
    seen: Preferences,
    scale: Vec<f32>,
}

impl Pass for Shown {
    type Question = ();

    fn begin(_: &(), subject: &Subject<'_>) -> Result<Self, LookError> {
        let Some(id) = first_convolution(subject.graph).filter(|id| reads_pictures(subject.graph, *id))
        else {
            return Err(LookError::Impossible(
                "Gratings are shown to a first convolution that reads the pictures themselves; this net has none.".into(),
            ));
        };
        let path = subject.graph.parameters[id.0].name.trim_end_matches(".weight").to_string();
        let scale = subject.normalisation.scale.clone();
        let filters =
            Filters { path, weights: subject.parameter(id)?, initial: None, scale: Some(scale.clone()) };
        Ok(Self { seen: Preferences { filters, found: Vec::new() }, scale })
    }

    fn advance(&mut self) -> Result<bool, LookError> {
        let filters = &self.seen.filters;
        let each = filters.weights.data.len() / filters.len().max(1);
        let next = filters.weights.data.chunks_exact(each.max(1)).nth(self.seen.found.len());
        if let Some(filter) = next {
            self.seen.found.push(Preference::of(filter, filters.size(), &self.scale));
        }
        Ok(self.seen.found.len() >= filters.len())
    }

    fn view(&self) -> Option<View> {
        Some(View::Tuning(self.seen.clone()))
    }
}
