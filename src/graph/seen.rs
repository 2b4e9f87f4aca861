//! Which pixels of the input one unit depends on: walked back from the unit through every layer, so that it holds
//! at the edges, behind branches and behind transposed convolutions, where [`ReceptiveField`] gives a hull.
//!
//! Rows and columns are followed apart from one another: every layer reads a set of rows crossed with a set of
//! columns.
//!
//! [`ReceptiveField`]: super::ReceptiveField

use std::ops::{Range, RangeInclusive};

use super::layers::upsample::UpsampleStep;
use super::layers::{Pass, Window};
use super::{Graph, NodeId, Op};
use crate::tensor::Extent;

/// How a layer's unit reads its input along one axis.
enum Reading {
    /// The unit in its own place.
    Same,
    Sliding(Window),
    /// A window used the other way round.
    Spreading(Window),
    /// Two neighbours, or one.
    Mixing(UpsampleStep),
    Everything,
}

impl Graph {
    /// The receptive field of the unit at `[row, column]` of a node's maps, as rows and columns of the input. It
    /// reaches beyond the picture where padding counts, also that of layers in between; empty for a unit that sees
    /// nothing.
    pub fn field_of(&self, node: NodeId, at: [usize; 2]) -> [Range<i64>; 2] {
        let own = at.map(|at| at as i64..at as i64 + 1);
        let hull = |a: Range<i64>, b: Range<i64>| a.start.min(b.start)..a.end.max(b.end);
        let field = self.walk_back(node, own, &hull, |reading, axis, range: &Range<i64>, extent| {
            reading.range(axis, range, extent)
        });
        field.unwrap_or([0..0, 0..0])
    }

    /// Which rows and columns of the input the unit at `[row, column]` depends on: nothing that it reads only as
    /// padding counts.
    pub fn pixels_seen(&self, node: NodeId, at: [usize; 2]) -> [Vec<bool>; 2] {
        let extent = self.node(node).extent;
        let own = [0, 1].map(|axis| (0..sides(extent)[axis]).map(|i| i == at[axis]).collect::<Vec<bool>>());
        let either = |a: Vec<bool>, b: Vec<bool>| a.iter().zip(b).map(|(a, b)| *a || b).collect();
        let seen = self.walk_back(node, own, &either, |reading, axis, rows: &Vec<bool>, extent| {
            let mut seen = vec![false; sides(extent)[axis]];
            for (at, _) in rows.iter().enumerate().filter(|(_, is_in)| **is_in) {
                for tap in reading.taps(axis, at, extent) {
                    if let Some(seen) = usize::try_from(tap).ok().and_then(|tap| seen.get_mut(tap)) {
                        *seen = true;
                    }
                }
            }
            seen.contains(&true).then_some(seen)
        });
        seen.unwrap_or_else(|| sides(self.input()).map(|side| vec![false; side]))
    }

    /// Carries `own`, of a unit of `node`, back to the input by `through` each layer, whose input has this extent;
    /// what comes back on several ways is joined. A way along which either axis sees nothing ends there; none where all do.
    fn walk_back<T: Clone>(
        &self,
        node: NodeId,
        own: [T; 2],
        join: &impl Fn(T, T) -> T,
        through: impl Fn(&Reading, usize, &T, Extent) -> Option<T>,
    ) -> Option<[T; 2]> {
        let mut seen: Vec<Option<[T; 2]>> = vec![None; node.0 + 1];
        seen[node.0] = Some(own);
        for i in (1..=node.0).rev() {
            let Some(here) = seen[i].take() else { continue };
            for &input in &self.nodes[i].inputs {
                let extent = self.node(input).extent;
                let reading = Reading::of(&self.nodes[i].op, extent);
                let [Some(rows), Some(columns)] =
                    [0, 1].map(|axis| through(&reading, axis, &here[axis], extent))
                else {
                    continue;
                };
                seen[input.0] = Some(match seen[input.0].take() {
                    None => [rows, columns],
                    Some([own_rows, own_columns]) => [join(own_rows, rows), join(own_columns, columns)],
                });
            }
        }
        seen[0].take()
    }
}

impl Reading {
    fn of(op: &Op, input: Extent) -> Self {
        match op {
            Op::Conv(conv) => Self::Sliding(conv.window),
            Op::Pool(pool) => Self::Sliding(pool.window),
            Op::Shortcut(shortcut) => {
                Self::Sliding(Window { stride: shortcut.stride, ..Window::new([1, 1]) })
            }
            Op::TransposedConv(conv) => Self::Spreading(conv.window),
            Op::Upsample(upsample) => Self::Mixing(UpsampleStep {
                pass: Pass::Forward,
                mode: upsample.mode,
                batch: 1,
                input,
                factor: upsample.factor,
            }),
            Op::Linear(_) | Op::Permute(_) | Op::Flatten(_) => Self::Everything,
            Op::Input
            | Op::BatchNorm(_)
            | Op::Activation(_)
            | Op::Prelu(_)
            | Op::Lrn(_)
            | Op::Dropout(_)
            | Op::Merge(_) => Self::Same,
        }
    }

    /// From where to where along `axis` the units in a range read, beyond the edges as well.
    fn range(&self, axis: usize, range: &Range<i64>, input: Extent) -> Option<Range<i64>> {
        let (first, last) = (range.start, range.end.saturating_sub(1));
        let (first, last) = match self {
            Self::Same => (first, last),
            Self::Sliding(window) => {
                let at =
                    |unit: i64, tap: i64| unit.saturating_mul(window.stride[axis] as i64).saturating_add(tap);
                (at(first, window.taps(axis).min()?), at(last, window.taps(axis).max()?))
            }
            Self::Spreading(window) => return spread_range(window, axis, first..=last),
            Self::Mixing(step) => return spread_range(&step.window(), axis, first..=last),
            Self::Everything => (0, sides(input)[axis] as i64 - 1),
        };
        Some(first..last.saturating_add(1))
    }

    /// Where along `axis` the unit in place `at` reads; what lies beyond the edges is padding.
    fn taps(&self, axis: usize, at: usize, input: Extent) -> Vec<i64> {
        let place = at as i64;
        match self {
            Self::Same => vec![place],
            Self::Sliding(window) => {
                window.taps(axis).map(|tap| place * window.stride[axis] as i64 + tap).collect()
            }
            Self::Spreading(window) => spread(window, axis, place).collect(),
            Self::Mixing(step) => {
                let mixture = step.mixture(axis, at);
                let second = (mixture.share.0 > 0).then_some(mixture.second);
                [Some(mixture.first), second].into_iter().flatten().map(|at| at as i64).collect()
            }
            Self::Everything => (0..sides(input)[axis] as i64).collect(),
        }
    }
}

/// The places from which a spreading window reaches place `at`: place i spreads to `i·s + t` for its taps t.
fn spread(window: &Window, axis: usize, at: i64) -> impl Iterator<Item = i64> {
    let stride = window.stride[axis] as i64;
    let sources = window.taps(axis).map(move |tap| at - tap);
    sources.filter(move |source| source.rem_euclid(stride) == 0).map(move |source| source.div_euclid(stride))
}

/// From where to where such places lie for a range of places; none where no window reaches.
fn spread_range(window: &Window, axis: usize, range: RangeInclusive<i64>) -> Option<Range<i64>> {
    let mut hull: Option<Range<i64>> = None;
    // Two periods at each end hold all that can be an end.
    let margin = 2 * (window.span()[axis] + window.stride[axis]) as i64;
    let (first, last) = (*range.start(), *range.end());
    let near = first..=last.min(first.saturating_add(margin));
    let far = first.max(last.saturating_sub(margin))..=last;
    for source in near.chain(far).flat_map(|at| spread(window, axis, at)) {
        hull = Some(hull.map_or(source..source + 1, |hull| hull.start.min(source)..hull.end.max(source + 1)));
    }
    hull
}

fn sides(extent: Extent) -> [usize; 2] {
    [extent.height, extent.width]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::presets;

    /// In nets of convolutions and pools the field lies where the layer table says.
    #[test]
    fn it_is_the_field_of_the_layer_table() {
        let network = presets::build("vgg-16", Extent::new(3, 64, 64), 10).expect("it ships");
        let graph = Graph::new(&network).expect("it is possible");
        for report in graph.layers.iter().filter(|report| report.output.area() > 1) {
            for at in [[0, 0], [1, 1]] {
                let [rows, columns] = graph.field_of(report.node, at);
                let field = report.receptive_field;
                let start = |axis: usize| field.offset[axis] + (at[axis] * field.stride[axis].pixels) as i64;
                assert_eq!(rows, start(0)..start(0) + field.size[0] as i64, "{}", report.path);
                assert_eq!(columns, start(1)..start(1) + field.size[1] as i64, "{}", report.path);
            }
        }
    }
}
