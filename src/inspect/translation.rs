//! How far each layer's output moves when the picture does.
//!
//! A picture is shifted by d pixels and every layer's output y held against that of the picture where it was (Zeiler
//! and Fergus 2014, Figure 5). Two distances are taken. How far the output **moved**, `|y(T_d x) − y(x)|`, falls
//! where a layer does not care: behind pools and averages. How far it is from having **followed**,
//! `|y(T_d x) − T_{d/s} y(x)|` with s the layer's stride, is 0 where the output is shifted as the picture is: in
//! convolutions, up to the edges. Both are held against how far apart the outputs of two different pictures are, so
//! that 1 is to be as different as another picture.

use std::ops::Range;
use std::sync::Arc;

use super::values::{Showing, Values};
use crate::data::Normalisation;
use crate::engine::{Device, EngineError, Memory};
use crate::graph::{Graph, NodeId, Stride};
use crate::tensor::Extent;

/// What came of shifting pictures.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Translation {
    pub n_pictures: usize,
    /// Pixels to the right.
    pub shifts: Vec<usize>,
    /// The pictures themselves, then every layer in the order of reading.
    pub layers: Vec<Moved>,
}

/// One layer's output under shifts.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Moved {
    /// `layers.3.0.2`; of the pictures `input`.
    pub path: String,
    pub kind: &'static str,
    /// Pixels of the picture from one unit to the next.
    pub stride: f64,
    /// For each shift, 1 being as far as to another picture.
    pub moved: Vec<f64>,
    /// Likewise, where the shift is a whole number of the layer's units and maps are wider than it.
    pub followed: Vec<Option<f64>>,
}

/// Pictures being shifted, piece by piece.
pub struct Shifting {
    showing: Showing,
    extent: Extent,
    pictures: Vec<Vec<u8>>,
    normalisation: Normalisation,
    shifts: Vec<usize>,
    layers: Vec<Layer>,
    sums: Vec<Sums>,
    /// What is to be done next: the first picture of a chunk, and a shift by its place.
    next: (usize, usize),
    /// What the layers give for the chunk as it is.
    before: Values,
}

/// Pictures shown at a time, at most.
const MOST_AT_ONCE: usize = 64;

/// One layer to be measured.
struct Layer {
    node: NodeId,
    extent: Extent,
    stride: Stride,
    path: String,
    kind: &'static str,
}

/// Sums over pictures for one layer: of the distances moved and not followed for each shift, and to others.
#[derive(Clone)]
struct Sums {
    moved: Vec<f64>,
    astray: Vec<f64>,
    /// As far as the outputs without the edge that is lost with each shift are from those of another picture.
    others_inside: Vec<f64>,
    others: f64,
    /// Pictures shifted, and pairs of pictures compared.
    n: usize,
    n_pairs: usize,
}

/// A picture `(C, H, W)` with what it shows `d` pixels further right; the left edge's pixels fill the room.
pub fn shifted(picture: &[u8], extent: Extent, d: usize) -> Vec<u8> {
    let row = |row: &[u8]| (0..extent.width).map(|x| row[x.saturating_sub(d)]).collect::<Vec<u8>>();
    picture.chunks_exact(extent.width).flat_map(row).collect()
}

impl Shifting {
    /// Makes a net whose numbers lie in `memory` ready to be shown pictures, two at least, shifted by so many pixels.
    ///
    /// # Errors
    /// A device without room.
    pub fn new(
        graph: &Graph,
        memory: &Arc<dyn Memory>,
        device: &dyn Device,
        normalisation: &Normalisation,
        pictures: Vec<Vec<u8>>,
        shifts: Vec<usize>,
    ) -> Result<Self, EngineError> {
        let layers = layers(graph);
        let wanted: Vec<NodeId> = layers.iter().map(|layer| layer.node).collect();
        // Two at least are compared with each other.
        let showing = Showing::new(graph, memory, &wanted, pictures.len().clamp(2, MOST_AT_ONCE), device)?;
        let zeros = vec![0.0; shifts.len()];
        let none = Sums {
            moved: zeros.clone(),
            astray: zeros.clone(),
            others_inside: zeros,
            others: 0.0,
            n: 0,
            n_pairs: 0,
        };
        Ok(Self {
            showing,
            extent: graph.input(),
            pictures,
            normalisation: normalisation.clone(),
            shifts,
            sums: vec![none; layers.len()],
            layers,
            next: (0, 0),
            before: Values::default(),
        })
    }

    /// Shows one shift of some pictures; what was found once that was the last.
    ///
    /// # Errors
    /// The device is lost.
    pub fn advance(&mut self) -> Result<Option<Translation>, EngineError> {
        let (first, s) = self.next;
        let chunk = self.showing.batch().max(2);
        let pictures = first..self.pictures.len().min(first + chunk);
        if s == 0 {
            self.before = self.show(pictures.clone(), 0)?;
            for (layer, sums) in self.layers.iter().zip(&mut self.sums) {
                sums.others += layer.apart_from_next(&self.before.stored[&layer.node], 0);
                sums.n += pictures.len();
                // A picture left over is compared with none.
                sums.n_pairs += if pictures.len() > 1 { pictures.len() } else { 0 };
            }
        }
        if let Some(&d) = self.shifts.get(s) {
            let after = self.show(pictures.clone(), d)?;
            for (layer, sums) in self.layers.iter().zip(&mut self.sums) {
                let [before, after] = [&self.before, &after].map(|values| &values.stored[&layer.node][..]);
                sums.add(layer, before, after, s, d);
            }
        }
        self.next = if s + 1 < self.shifts.len() { (first, s + 1) } else { (pictures.end, 0) };
        Ok((self.next.0 >= self.pictures.len()).then(|| self.found()))
    }

    fn show(&mut self, pictures: Range<usize>, d: usize) -> Result<Values, EngineError> {
        let seen = self.pictures[pictures]
            .iter()
            .flat_map(|picture| self.normalisation.apply(self.extent, &shifted(picture, self.extent, d)));
        self.showing.show(&seen.collect::<Vec<f32>>())
    }

    fn found(&self) -> Translation {
        let layers = self.layers.iter().zip(&self.sums).map(|(layer, sums)| layer.moved(sums)).collect();
        Translation { n_pictures: self.pictures.len(), shifts: self.shifts.clone(), layers }
    }
}

fn layers(graph: &Graph) -> Vec<Layer> {
    let stride = Stride::even(1);
    let mut layers = vec![Layer {
        node: NodeId(0),
        extent: graph.input(),
        stride,
        path: "input".into(),
        kind: "pictures",
    }];
    for report in &graph.layers {
        // An identity has no node of its own.
        if layers.last().is_none_or(|last| report.node > last.node) {
            layers.push(Layer {
                node: report.node,
                extent: report.output,
                stride: report.receptive_field.stride[1],
                path: report.path.clone(),
                kind: report.kind,
            });
        }
    }
    layers
}

impl Layer {
    /// By how many of its columns the maps would follow a shift of the picture, if by a whole number with something
    /// left to compare.
    fn columns(&self, d: usize) -> Option<usize> {
        let Stride { pixels, units } = self.stride;
        let is_whole = pixels > 0 && (d * units).is_multiple_of(pixels);
        let columns = d * units / pixels.max(1);
        (is_whole && self.extent.width > 1 && columns < self.extent.width).then_some(columns)
    }

    /// `Σ |y_n − y_{n+1}|` over the pictures, the last beside the first, of maps without their first columns.
    fn apart_from_next(&self, values: &[f32], columns: usize) -> f64 {
        let each = self.extent.len();
        let n = values.len() / each;
        let of = |i: usize| &values[i % n * each..][..each];
        (0..n).map(|i| self.distance(of(i), of(i + 1), columns, 0)).sum()
    }

    /// The distance of two maps `(H, W, C)` without their first `columns`, those of the second taken from as many
    /// columns as `back` further left.
    fn distance(&self, one: &[f32], other: &[f32], columns: usize, back: usize) -> f64 {
        let (width, channels) = (self.extent.width, self.extent.channels);
        let mut sum = 0.0;
        for (one, other) in one.chunks_exact(width * channels).zip(other.chunks_exact(width * channels)) {
            let pairs = one[columns * channels..].iter().zip(&other[(columns - back) * channels..]);
            sum += pairs.map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum::<f64>();
        }
        sum.sqrt()
    }

    fn moved(&self, sums: &Sums) -> Moved {
        let [n, n_pairs] = [sums.n, sums.n_pairs].map(|n| n.max(1) as f64);
        let share = |sum: f64, others: f64| if others > 0.0 { (sum / n) / (others / n_pairs) } else { 0.0 };
        let followed = sums.astray.iter().zip(&sums.others_inside);
        Moved {
            stride: self.stride.mean(),
            moved: sums.moved.iter().map(|&sum| share(sum, sums.others)).collect(),
            followed: followed.map(|(&sum, &others)| (!sum.is_nan()).then(|| share(sum, others))).collect(),
            path: self.path.clone(),
            kind: self.kind,
        }
    }
}

impl Sums {
    fn add(&mut self, layer: &Layer, before: &[f32], after: &[f32], s: usize, d: usize) {
        let each = layer.extent.len();
        let pairs = || after.chunks_exact(each).zip(before.chunks_exact(each));
        self.moved[s] += pairs().map(|(after, before)| layer.distance(after, before, 0, 0)).sum::<f64>();
        match layer.columns(d) {
            Some(columns) => {
                self.astray[s] += pairs()
                    .map(|(after, before)| layer.distance(after, before, columns, columns))
                    .sum::<f64>();
                self.others_inside[s] += layer.apart_from_next(before, columns);
            }
            None => self.astray[s] = f64::NAN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::catalogue;
    use crate::engine::ops::testing::cpu;
    use crate::graph::program::Placement;
    use crate::inspect::testing::trained;

    fn measured(layers: &str, shifts: &[usize]) -> Translation {
        let (net, _) = trained(layers);
        let set = catalogue::open(&net.experiment).expect("glyphs");
        let placement = Placement::forward_only(&net.graph);
        let device = &*cpu()[0];
        let memory = device.memory(&placement).expect("room");
        net.numbers.write_to(&net.graph, &placement, &*memory).expect("room");
        let pictures: Vec<Vec<u8>> = (0..20).map(|i| set.train.picture(set.extent, i).to_vec()).collect();
        let mut shifting =
            Shifting::new(&net.graph, &memory, device, &net.normalisation, pictures, shifts.to_vec())
                .expect("room");
        loop {
            if let Some(found) = shifting.advance().expect("room") {
                return found;
            }
        }
    }

    #[test]
    fn a_picture_moves_right_and_its_edge_is_filled() {
        let picture = [1, 2, 3, 4, 5, 6];
        assert_eq!(shifted(&picture, Extent::new(1, 2, 3), 1), [1, 1, 2, 4, 4, 5]);
        assert_eq!(shifted(&picture, Extent::new(2, 1, 3), 0), picture);
        assert_eq!(shifted(&picture, Extent::new(1, 2, 3), 9), [1, 1, 1, 4, 4, 4]);
    }

    /// A convolution follows: what it gives is shifted as the picture is. The mean over all positions hardly moves, as
    /// long as hardly anything leaves the picture: glyphs stand in the middle of a ground.
    #[test]
    fn a_convolution_follows_and_an_average_stays() {
        let found =
            measured("{ conv = 4, kernel = 3 }, 'relu', 'global-average-pool', { linear = 10 }", &[0, 1, 2]);
        let [input, conv, relu, average, linear] = &found.layers[..] else { panic!("five: {found:?}") };
        assert_eq!((input.path.as_str(), conv.path.as_str(), conv.stride), ("input", "layers.0", 1.0));
        for layer in [input, conv, relu] {
            assert_eq!((layer.moved[0], layer.followed[0]), (0.0, Some(0.0)), "unshifted: {layer:?}");
            assert!(layer.moved[2] > layer.moved[1] && layer.moved[1] > 0.1, "{layer:?}");
            assert!(layer.followed[2].is_some_and(|astray| astray < 1e-6), "{layer:?}");
        }
        for layer in [average, linear] {
            assert!(layer.moved[2] < 0.05 * relu.moved[2], "{layer:?} against {relu:?}");
            assert_eq!(layer.followed[1], None, "a single number has nowhere to go");
        }
    }

    /// A pool of stride 2 follows shifts of 2, not of 1; and it moves less than what it pools.
    #[test]
    fn a_pool_moves_less_and_follows_by_its_stride() {
        let found = measured("{ conv = 6, kernel = 3 }, 'relu', { max-pool = 2 }, { linear = 10 }", &[1, 2]);
        let [_, _, relu, pool, linear] = &found.layers[..] else { panic!("five: {found:?}") };
        assert_eq!((pool.kind, pool.stride), ("max-pool", 2.0));
        assert_eq!(pool.followed[0], None);
        assert!(pool.followed[1].is_some_and(|astray| astray < 1e-6), "{pool:?}");
        assert!(pool.moved[0] < 0.95 * relu.moved[0], "{pool:?} against {relu:?}");
        assert!(linear.moved[1] > 0.1, "{linear:?}");
    }
}
