//! A convolution taken apart: the products that sum to one number of its output, and the products that sum to the
//! gradient of one weight, each over a picture and by the weights as they are.

use std::time::Duration;

use super::batch::Batch;
use super::exhibit::{Exhibit, Shown};
use super::eye::Eye;
use super::filters::convolution_at;
use super::look::{Glance, Instrument, Look, LookError, Subject, View};
use crate::graph::layers::Window;
use crate::graph::layers::conv::ConvNode;
use crate::graph::program::{Back, BackwardRule, Origin};
use crate::graph::{NodeId, Op};
use crate::tensor::{Extent, Tensor};

/// A convolution with all that goes in and comes out for one picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Convolution {
    pub path: String,
    pub picture: Shown,
    pub window: Window,
    pub groups: usize,
    /// `(O, I/groups, kH, kW)`.
    pub weights: Tensor,
    /// `(O)`.
    pub bias: Option<Vec<f32>>,
    /// Of x, `(I, H, W)`.
    pub input: Extent,
    pub x: Vec<f32>,
    /// Of y, `(O, H', W')`.
    pub output: Extent,
    pub y: Vec<f32>,
    /// The gradient of the picture's own loss by y; none where nothing is known of what the picture shows.
    pub dy: Option<Vec<f32>>,
}

/// A product in a sum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Product {
    /// Of x.
    pub channel: usize,
    /// `[u, v]` in the kernel.
    pub tap: [usize; 2],
    /// `[row, column]` of x; beyond its edges the padding lies, whose numbers are 0.
    pub place: [i64; 2],
    pub x: f32,
    pub weight: f32,
}

impl Product {
    pub fn value(&self) -> f32 {
        self.x * self.weight
    }
}

impl Convolution {
    /// The products that sum, with the bias, to `y[filter]` at `[row, column]`: channel by channel, tap by tap.
    pub fn products(&self, filter: usize, at: [usize; 2]) -> Vec<Product> {
        let n_channels = self.weights.shape[1];
        let first = filter / (self.output.channels / self.groups) * n_channels;
        let [height, width] = self.window.kernel;
        let product = |i: usize| {
            let (channel, tap) = (i / (height * width), [i / width % height, i % width]);
            let place = self.place(at, tap);
            Product {
                channel: first + channel,
                tap,
                place,
                x: self.at(first + channel, place),
                weight: self.weights.data[filter * n_channels * height * width + i],
            }
        };
        (0..n_channels * height * width).map(product).collect()
    }

    /// The gradient of one weight, taken apart: for each position `(H', W')` of y the product `dy · x` that it
    /// adds. None where there is no gradient.
    pub fn origins(&self, filter: usize, channel: usize, tap: [usize; 2]) -> Option<Vec<f32>> {
        let dy = self.dy.as_ref()?;
        let n_channels = self.weights.shape[1];
        let channel = filter / (self.output.channels / self.groups) * n_channels + channel;
        let product = |p: usize| {
            let at = [p / self.output.width, p % self.output.width];
            dy[filter * self.output.area() + p] * self.at(channel, self.place(at, tap))
        };
        Some((0..self.output.area()).map(product).collect())
    }

    /// Where in x a tap lies when the window stands at a position of y: `i·s + d·u − p`.
    pub fn place(&self, at: [usize; 2], tap: [usize; 2]) -> [i64; 2] {
        let window = &self.window;
        [0, 1].map(|axis| {
            (at[axis] * window.stride[axis] + tap[axis] * window.dilation[axis]) as i64
                - window.padding[axis] as i64
        })
    }

    /// Whether a place of x lies beyond its edges.
    pub fn is_padding(&self, [row, column]: [i64; 2]) -> bool {
        !(0..self.input.height as i64).contains(&row) || !(0..self.input.width as i64).contains(&column)
    }

    /// A number of x; 0 in the padding.
    pub fn at(&self, channel: usize, [row, column]: [i64; 2]) -> f32 {
        let inside = |at: i64, side: usize| usize::try_from(at).ok().filter(|&at| at < side);
        match (inside(row, self.input.height), inside(column, self.input.width)) {
            (Some(row), Some(column)) => {
                self.x[(channel * self.input.height + row) * self.input.width + column]
            }
            _ => 0.0,
        }
    }
}

/// Takes a convolution apart.
pub struct Dissection {
    layer: Option<String>,
    exhibit: Exhibit,
    eye: Option<Eye>,
}

impl Dissection {
    pub fn new(layer: Option<String>, exhibit: Exhibit) -> Self {
        Self { layer, exhibit, eye: None }
    }
}

impl Instrument for Dissection {
    fn look(&mut self, subject: &Subject<'_>, _: Duration) -> Result<Glance, LookError> {
        let (path, weight) = convolution_at(subject.graph, self.layer.as_deref())?;
        let picture = self.exhibit.show(subject)?;
        let (node, conv) = node_of(subject, weight)?;
        let source = subject.graph.node(node).inputs[0];
        let told = told(subject, &self.exhibit)?;
        let eye = match &mut self.eye {
            Some(eye) => eye,
            eye => {
                let from = told.as_ref().map(|batch| Origin::Loss(batch.goal));
                let back = from.map(|from| Back { from, rule: BackwardRule::Plain });
                eye.insert(Eye::of(subject, 1, vec![source, node], back)?)
            }
        };
        if let Some(batch) = &told {
            eye.tell(&batch.labels)?;
        }
        eye.see(&picture.numbers)?;
        let bias = conv.bias.map(|bias| subject.parameter(bias)).transpose()?;
        Ok(Glance::whole(View::Convolution(Convolution {
            path,
            picture,
            window: conv.window,
            groups: conv.groups,
            weights: subject.parameter(weight)?,
            bias: bias.map(|bias| bias.data),
            input: subject.graph.node(source).extent,
            x: eye.value(source)?,
            output: subject.graph.node(node).extent,
            y: eye.value(node)?,
            dy: told.map(|_| eye.gradient(node)).transpose()?,
        })))
    }

    fn turn_to(&mut self, look: Look) {
        if let Look::Convolution { exhibit, .. } = look {
            self.exhibit = exhibit;
        }
    }
}

/// The convolution of these weights.
fn node_of<'a>(
    subject: &Subject<'a>,
    weight: crate::graph::ParameterId,
) -> Result<(NodeId, &'a ConvNode), LookError> {
    let found = subject.graph.nodes.iter().enumerate().find_map(|(i, node)| match &node.op {
        Op::Conv(conv) if conv.weight == weight => Some((NodeId(i), conv)),
        _ => None,
    });
    found.ok_or_else(|| LookError::Impossible("This net has no such convolution.".into()))
}

/// The picture with what is known of it, if it is one of the net's own.
fn told(subject: &Subject<'_>, exhibit: &Exhibit) -> Result<Option<Batch>, LookError> {
    let Exhibit::Data { part, index } = exhibit else { return Ok(None) };
    let (set, split) = (subject.pictures()?, subject.split(*part)?);
    let loss = subject.experiment.train.loss;
    Ok(Some(Batch::of(set, split, loss, subject.normalisation, &[*index])))
}
