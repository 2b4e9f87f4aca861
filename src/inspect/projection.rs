//! The patches that a unit responds to most, each beside what of it made the unit respond, as Zeiler and Fergus
//! (2013, Figure 2) show them: the response is carried back to the pixels, one way back for all patches together.

use std::time::Duration;

use super::activations::layer_at;
use super::attribution::{Unit, check};
use super::exhibit::Exhibit;
use super::eye::Eye;
use super::look::{Glance, Instrument, LookError, Subject, View};
use super::patches::Patch;
use crate::engine::Part;
use crate::graph::NodeId;
use crate::graph::program::{Back, BackwardRule, Origin};

/// What is carried back.
#[derive(Clone, Debug, PartialEq)]
pub struct Projecting {
    /// Path of the layer.
    pub layer: String,
    pub channel: usize,
    pub part: Part,
    pub patches: Vec<Patch>,
    pub rule: BackwardRule,
}

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub struct Projections {
    /// For each patch, by the net's own pixels, `(C, H, W)`.
    pub pictures: Vec<Vec<f32>>,
}

pub struct Projector {
    asked: Projecting,
    eye: Option<Eye>,
}

impl Projector {
    pub fn new(asked: Projecting) -> Self {
        Self { asked, eye: None }
    }
}

impl Instrument for Projector {
    fn look(&mut self, subject: &Subject<'_>, _: Duration) -> Result<Glance, LookError> {
        let Projecting { layer, channel, part, patches, rule } = &self.asked;
        let report = layer_at(subject.graph, layer)?;
        let (node, extent) = (report.node, report.output);
        let (mut pictures, mut begin) = (Vec::new(), vec![0.0; patches.len() * extent.len()]);
        for (i, patch) in patches.iter().enumerate() {
            check(&Unit { layer: layer.clone(), channel: *channel, place: Some(patch.place) }, extent)?;
            pictures.extend(Exhibit::Data { part: *part, index: patch.picture }.show(subject)?.numbers);
            let [row, column] = patch.place;
            begin[i * extent.len() + (channel * extent.height + row) * extent.width + column] = 1.0;
        }
        if patches.is_empty() {
            return Ok(Glance::whole(View::Projections(Projections { pictures: Vec::new() })));
        }
        let eye = match &mut self.eye {
            Some(eye) => eye,
            eye => {
                let back = Back { from: Origin::Node(node), rule: *rule };
                eye.insert(Eye::looking_back(subject, patches.len(), vec![NodeId(0)], back)?)
            }
        };
        eye.begin_back(&begin, extent)?;
        eye.see(&pictures)?;
        let gradients = eye.gradient(NodeId(0))?;
        let pictures = gradients.chunks_exact(subject.graph.input().len()).map(<[f32]>::to_vec).collect();
        Ok(Glance::whole(View::Projections(Projections { pictures })))
    }
}
