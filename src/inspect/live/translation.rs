//! How far each layer's output moves, see [`translation`](crate::inspect::translation).

use std::time::Duration;

use super::{Pass, Passes, copied, pictures};
use crate::inspect::look::{Glance, Instrument, LookError, Subject, View};
use crate::inspect::translation::{Shifting as Shifts, Translation};

/// Shifts the first test pictures.
pub struct Shifting(Passes<Shifted>);

impl Shifting {
    pub fn new(furthest: usize) -> Self {
        Self(Passes::new(furthest))
    }
}

impl Instrument for Shifting {
    fn look(&mut self, subject: &Subject<'_>, span: Duration) -> Result<Glance, LookError> {
        self.0.go_on(subject, span)
    }
}

struct Shifted {
    shifts: Shifts,
    found: Option<Translation>,
}

/// Pictures that are shifted.
const N_PICTURES: usize = 32;

impl Pass for Shifted {
    type Question = usize;

    fn begin(furthest: &usize, subject: &Subject<'_>) -> Result<Self, LookError> {
        let set = pictures(subject)?;
        if subject.normalisation.permute.is_some() {
            let text = "The pixels of these pictures are permuted: to shift them means nothing.";
            return Err(LookError::Impossible(text.into()));
        }
        let n = set.test.len().min(N_PICTURES);
        let furthest = (*furthest).min(set.extent.width.saturating_sub(1));
        if n < 2 || furthest == 0 {
            let text = "It takes two pictures at least, wider than a pixel, to tell how far outputs move.";
            return Err(LookError::Impossible(text.into()));
        }
        let pictures = (0..n).map(|i| set.test.picture(set.extent, i).to_vec()).collect();
        let memory = copied(subject)?;
        let shifts = Shifts::new(
            subject.graph,
            &memory,
            &**subject.device,
            subject.normalisation,
            pictures,
            (0..=furthest).collect(),
        )?;
        Ok(Self { shifts, found: None })
    }

    fn advance(&mut self) -> Result<bool, LookError> {
        self.found = self.shifts.advance()?;
        Ok(self.found.is_some())
    }

    fn view(&self) -> Option<View> {
        self.found.clone().map(View::Translation)
    }
}
