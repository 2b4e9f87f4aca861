//! The patches of pictures to which the units of a layer respond most (Zeiler and Fergus 2013, Figure 2; after
//! Girshick et al. 2013): all units of the layer in one sweep, whose strongest responses are kept on the device
//! while the pictures go by. A sweep goes no deeper into the net than the layer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::activations::layer_at;
use super::eye::Eye;
use super::look::{Glance, Instrument, LookError, Subject, View};
use crate::data::{DataSet, Split};
use crate::engine::{DeviceKind, Part, PictureSource, Pictures, StepTable};
use crate::experiment::Augment;
use crate::graph::NodeId;
use crate::graph::program::{Feed, Inspection, Strongest};
use crate::tensor::Extent;

/// What is sought among which pictures.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// Path of the layer.
    pub layer: String,
    pub part: Part,
    /// Only pictures of this class, or that show it.
    pub class: Option<usize>,
    /// No more than the first so many of those.
    pub n_pictures: Option<usize>,
    /// Patches for each unit.
    pub n_patches: usize,
    /// Whether each picture takes part with its strongest place alone.
    pub one_each: bool,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Patches {
    pub path: String,
    pub node: NodeId,
    /// Of the layer's maps.
    pub extent: Extent,
    pub set: Arc<DataSet>,
    pub part: Part,
    /// Pictures gone through, of so many.
    pub n_seen: usize,
    pub n_pictures: usize,
    /// Steps of training behind the weights with which the sweep began and ended.
    pub steps: [u64; 2],
    /// For each unit, strongest first.
    pub units: Vec<Vec<Patch>>,
}

impl Patches {
    /// The pictures that were gone through, and others.
    pub fn split(&self) -> &Split {
        match self.part {
            Part::Train => &self.set.train,
            Part::Test => &self.set.test,
        }
    }
}

/// One strong response.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Patch {
    /// Of the split.
    pub picture: usize,
    /// `[row, column]` in the layer's map.
    pub place: [usize; 2],
    pub response: f32,
}

/// The most patches that can be sought for each unit.
pub const MOST_PATCHES: usize = 100;

/// Goes through the pictures.
pub struct Sweep {
    search: Search,
    making: Option<Making>,
}

struct Making {
    eye: Eye,
    nothing: Vec<f32>,
    /// Pictures of the split, in the order in which they go by.
    order: Vec<u32>,
    batch: usize,
    /// Pictures gone through.
    next: usize,
    /// Steps behind the weights with which the sweep began.
    begun_at: u64,
    /// Whether a whole sweep has been shown, which a part of the next is not to replace.
    has_shown: bool,
}

impl Sweep {
    pub fn new(search: Search) -> Self {
        Self { search, making: None }
    }
}

impl Instrument for Sweep {
    fn look(&mut self, subject: &Subject<'_>, span: Duration) -> Result<Glance, LookError> {
        let begin = Instant::now();
        let node = layer_at(subject.graph, &self.search.layer)?.node;
        let making = match &mut self.making {
            Some(making) => making,
            making => making.insert(Making::new(subject, &self.search, node)?),
        };
        if making.next == 0 {
            making.begin(subject.step)?;
        }
        loop {
            making.advance()?;
            if making.next >= making.order.len() || begin.elapsed() >= span {
                break;
            }
        }
        let is_whole = making.next >= making.order.len();
        let view = match is_whole || !making.has_shown {
            true => Some(View::Patches(making.found(subject, &self.search, node)?)),
            false => None,
        };
        if is_whole {
            making.next = 0;
            making.has_shown = true;
        }
        Ok(Glance { view, is_whole })
    }
}

impl Making {
    fn new(subject: &Subject<'_>, search: &Search, node: NodeId) -> Result<Self, LookError> {
        let set = subject.pictures()?;
        let order = chosen(subject.split(search.part)?, search);
        if order.is_empty() {
            let of_class = search.class.and_then(|class| set.classes.get(class));
            let of_class = of_class.map_or_else(String::new, |class| format!(" of the class `{class}`"));
            return Err(LookError::Impossible(format!(
                "There is no {} picture{of_class}. Choose others.",
                search.part.word()
            )));
        }
        // On a processor short batches stop soon; on a graphics processor long ones are quicker.
        let most = if subject.device.info().kind == DeviceKind::Cpu { 32 } else { 128 };
        let batch = order.len().min(most);
        let strongest =
            Strongest { node, n_kept: search.n_patches.clamp(1, MOST_PATCHES), one_each: search.one_each };
        let inspection = Inspection {
            batch,
            feed: Feed::DataSet { augment: Augment::default() },
            wanted: Vec::new(),
            back: None,
            strongest: Some(strongest),
        };
        let source = PictureSource {
            set: set.clone(),
            part: search.part,
            normalisation: subject.normalisation.clone(),
        };
        let pictures: Arc<dyn Pictures> = subject.device.pictures(&source)?;
        pictures.set_order(&order)?;
        let eye = Eye::new(subject, &inspection, Some(&pictures))?;
        let channels = subject.graph.node(node).extent.channels;
        let nothing = [f32::MIN, -1.0, -1.0].repeat(channels * strongest.n_kept);
        Ok(Self { eye, nothing, order, batch, next: 0, begun_at: 0, has_shown: false })
    }

    fn begin(&mut self, step: u64) -> Result<(), LookError> {
        self.begun_at = step;
        self.eye.keep(&self.nothing)
    }

    /// Shows the next batch. The last one goes back as far as it takes to be full: nothing is kept twice.
    fn advance(&mut self) -> Result<(), LookError> {
        let first = self.next.min(self.order.len() - self.batch);
        self.eye.run(&StepTable { first: first as u32, ..StepTable::default() })?;
        self.next = first + self.batch;
        Ok(())
    }

    fn found(&mut self, subject: &Subject<'_>, search: &Search, node: NodeId) -> Result<Patches, LookError> {
        let extent = subject.graph.node(node).extent;
        let kept = self.eye.kept()?;
        let patch = |one: &[f32]| {
            let [response, picture, place] = [one[0], one[1], one[2]];
            let is_there = picture >= 0.0;
            is_there.then(|| Patch {
                picture: self.order[picture as usize] as usize,
                place: [place as usize / extent.width, place as usize % extent.width],
                response,
            })
        };
        let of_unit = kept.len() / extent.channels;
        let units =
            kept.chunks_exact(of_unit).map(|unit| unit.chunks_exact(3).filter_map(patch).collect()).collect();
        Ok(Patches {
            path: search.layer.clone(),
            node,
            extent,
            set: subject.pictures()?.clone(),
            part: search.part,
            n_seen: self.next,
            n_pictures: self.order.len(),
            steps: [self.begun_at, subject.step],
            units,
        })
    }
}

/// The pictures to be gone through.
fn chosen(split: &Split, search: &Search) -> Vec<u32> {
    let is_meant = |&i: &u32| search.class.is_none_or(|class| split.labels.shows(i as usize, class));
    let most = search.n_pictures.unwrap_or(usize::MAX);
    (0..split.len() as u32).filter(is_meant).take(most).collect()
}
