//! Every layer's maps for one picture.

use std::time::Duration;

use super::exhibit::{Exhibit, Shown};
use super::eye::Eye;
use super::look::{Glance, Instrument, Look, LookError, Subject, View};
use super::picture::{Picture, columns};
use crate::graph::{Graph, LayerReport, NodeId};
use crate::tensor::Extent;

/// What all layers give for a picture, in test mode.
#[derive(Clone, Debug, PartialEq)]
pub struct Activations {
    pub picture: Shown,
    /// In the order of reading.
    pub layers: Vec<Maps>,
}

/// The output of a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Maps {
    /// `layers.3.0.2`.
    pub path: String,
    /// The kind's word in the experiment file.
    pub kind: &'static str,
    pub node: NodeId,
    pub extent: Extent,
    /// `(C, H, W)`.
    pub numbers: Vec<f32>,
}

/// The layers that compute something, each once: an identity, or branches that only hold others, have no node of
/// their own.
pub fn computing(graph: &Graph) -> Vec<&LayerReport> {
    let mut last = NodeId(0);
    let is_own = |report: &&LayerReport| {
        let is_own = report.node > last;
        last = last.max(report.node);
        is_own
    };
    graph.layers.iter().filter(is_own).collect()
}

/// The layer at a path.
///
/// # Errors
/// There is none, or it computes nothing.
pub fn layer_at<'a>(graph: &'a Graph, path: &str) -> Result<&'a LayerReport, LookError> {
    let layers = computing(graph);
    layers.iter().find(|report| report.path == path).copied().ok_or_else(|| {
        let known: Vec<String> = layers.iter().map(|report| format!("`{}`", report.path)).collect();
        LookError::Impossible(format!(
            "There is no layer `{path}` in this net; there is {}.",
            known.join(", ")
        ))
    })
}

impl Maps {
    /// One map, `(H, W)`.
    pub fn map(&self, channel: usize) -> &[f32] {
        &self.numbers[channel * self.extent.area()..][..self.extent.area()]
    }

    /// The largest number by magnitude, which becomes black or white.
    pub fn largest(&self) -> f32 {
        self.numbers.iter().fold(0.0, |largest, x| largest.max(x.abs()))
    }

    /// A map in grey: 0 is mid grey, the layer's largest number by magnitude black or white.
    pub fn picture(&self, channel: usize) -> Picture {
        grey(self.map(channel), self.extent, self.largest())
    }

    /// All maps side by side, on one scale.
    pub fn mosaic(&self, factor: usize) -> Picture {
        let tiles: Vec<Picture> =
            (0..self.extent.channels).map(|channel| self.picture(channel).enlarged(factor)).collect();
        Picture::mosaic(&tiles, columns(tiles.len()), [0; 3])
    }
}

/// Numbers `(H, W)` in grey, symmetric about 0.
pub fn grey(numbers: &[f32], extent: Extent, largest: f32) -> Picture {
    let scale = if largest > 0.0 { 127.0 / largest } else { 0.0 };
    let pixels = numbers.iter().map(|x| [(128.0 + x * scale) as u8; 3]).collect();
    Picture { width: extent.width, height: extent.height, pixels }
}

/// Shows a net a picture and reads every layer.
pub struct Recording {
    exhibit: Exhibit,
    eye: Option<Eye>,
}

impl Recording {
    pub fn new(exhibit: Exhibit) -> Self {
        Self { exhibit, eye: None }
    }
}

impl Instrument for Recording {
    fn look(&mut self, subject: &Subject<'_>, _: Duration) -> Result<Glance, LookError> {
        let layers = computing(subject.graph);
        let picture = self.exhibit.show(subject)?;
        let eye = match &mut self.eye {
            Some(eye) => eye,
            eye => {
                let wanted = layers.iter().map(|report| report.node).collect();
                eye.insert(Eye::open(subject, 1, wanted)?)
            }
        };
        eye.see(&picture.numbers)?;
        let maps = |report: &&LayerReport| {
            Ok(Maps {
                path: report.path.clone(),
                kind: report.kind,
                node: report.node,
                extent: report.output,
                numbers: eye.value(report.node)?,
            })
        };
        let layers = layers.iter().map(maps).collect::<Result<_, LookError>>()?;
        Ok(Glance::whole(View::Activations(Activations { picture, layers })))
    }

    fn turn_to(&mut self, look: Look) {
        if let Look::Activations { exhibit } = look {
            self.exhibit = exhibit;
        }
    }
}
