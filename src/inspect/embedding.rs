//! Pictures as points of the plane: what a net makes of them just before its last layer, which the last layer cuts
//! into classes by straight borders, laid flat.
//!
//! By principal components at once ([`pca`]): the plane in which the points lie furthest apart. By t-SNE in some
//! seconds ([`tsne`]): neighbours stay neighbours, while distances between groups, and the groups' sizes, mean
//! little (Wattenberg, Viégas, Johnson 2016).

pub mod pca;
pub mod tsne;

use super::values::Showing;
use crate::engine::{Device, EngineError, Memory};
use crate::graph::{Graph, NodeId};
use std::sync::Arc;

/// Vectors of one length, one for each picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    /// The layer that they are the input of, `layers.9`.
    pub before: String,
    pub n: usize,
    /// `(N, D)`, in storage order.
    pub numbers: Vec<f32>,
}

/// Points of the plane, `(N, 2)`.
pub type Points = Vec<[f32; 2]>;

/// What goes into the last layer with weights, and that layer's path; none in a net without weights.
pub fn last_input(graph: &Graph) -> Option<(NodeId, String)> {
    let last =
        (0..graph.nodes.len()).rev().map(NodeId).find(|&node| graph.node(node).op.weight().is_some())?;
    let weight = graph.node(last).op.weight()?;
    let path = graph.parameters[weight.0].name.trim_end_matches(".weight").to_string();
    Some((*graph.node(last).inputs.first()?, path))
}

impl Features {
    /// What the last layer of a net is given for normalised pictures `(N, C, H, W)`; none in a net without weights.
    ///
    /// # Errors
    /// A device without room.
    pub fn of(
        graph: &Graph,
        memory: &Arc<dyn Memory>,
        pictures: &[f32],
        device: &dyn Device,
    ) -> Result<Option<Self>, EngineError> {
        let Some((node, before)) = last_input(graph) else { return Ok(None) };
        let n = pictures.len() / graph.input().len();
        let mut values = Showing::new(graph, memory, &[node], n.max(1), device)?.show(pictures)?;
        let numbers = values.stored.remove(&node).unwrap_or_default();
        Ok(Some(Self { before, n, numbers }))
    }

    /// Numbers of one picture.
    pub fn dimension(&self) -> usize {
        self.numbers.len() / self.n.max(1)
    }

    pub fn rows(&self) -> std::slice::ChunksExact<'_, f32> {
        self.numbers.chunks_exact(self.dimension().max(1))
    }
}

/// The share of points whose nearest neighbour is of their own class: how far a plane keeps classes apart.
pub fn neighbours_alike(points: &[[f32; 2]], classes: &[u16]) -> f64 {
    let nearest = |i: usize| {
        let distance =
            |j: &usize| (points[i][0] - points[*j][0]).powi(2) + (points[i][1] - points[*j][1]).powi(2);
        (0..points.len()).filter(|j| *j != i).min_by(|a, b| distance(a).total_cmp(&distance(b)))
    };
    let is_alike = |i: &usize| nearest(*i).is_some_and(|j| classes[*i] == classes[j]);
    (0..points.len()).filter(is_alike).count() as f64 / points.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ops::testing::{cpu, normal};
    use crate::graph::program::Placement;
    use crate::inspect::testing::{plain, trained};

    /// Three clouds of 30 points in ten dimensions, far apart, and their numbers.
    pub fn clouds() -> (Features, Vec<u16>) {
        let classes: Vec<u16> = (0..90).map(|i| i % 3).collect();
        let noise = normal(5, 900);
        let number = |(p, noise): (usize, f32)| {
            let (i, axis) = (p / 10, p % 10);
            noise + if axis == classes[i] as usize { 12.0 } else { 0.0 }
        };
        let numbers = noise.into_iter().enumerate().map(number).collect();
        (Features { before: "layers.0".into(), n: 90, numbers }, classes)
    }

    #[test]
    fn the_last_layers_input_is_read() {
        let (net, pictures) = trained(&plain(""));
        let device = &*cpu()[0];
        let memory = device.memory(&Placement::forward_only(&net.graph)).expect("room");
        net.numbers.write_to(&net.graph, &Placement::forward_only(&net.graph), &*memory).expect("room");
        let found =
            Features::of(&net.graph, &memory, &pictures.pictures, device).expect("room").expect("a layer");
        assert_eq!((found.before.as_str(), found.n, found.dimension()), ("layers.6", 24, 8));
        assert!(found.numbers.iter().any(|x| *x != 0.0));
    }

    #[test]
    fn planes_keep_clouds_apart() {
        let (features, classes) = clouds();
        let pca = pca::plane(&features);
        assert_eq!(neighbours_alike(&pca.points, &classes), 1.0);
        let mut tsne = tsne::Tsne::new(&features, 10.0).expect("points enough");
        while !tsne.is_done() {
            tsne.advance();
        }
        assert_eq!(neighbours_alike(tsne.points(), &classes), 1.0);
        let spread: f32 = tsne.points().iter().map(|[x, y]| x.hypot(*y)).sum::<f32>() / 90.0;
        assert!(spread > 2.0, "it has unfolded: {spread}");
    }

    /// Whatever the threads do, the same points come out, to the last bit.
    #[test]
    fn the_same_features_give_the_same_plane() {
        let (features, _) = clouds();
        let run = || {
            let mut tsne = tsne::Tsne::new(&features, 10.0).expect("points enough");
            (0..4).for_each(|_| tsne.advance());
            tsne.points().to_vec()
        };
        assert_eq!(run(), run());
    }

    #[test]
    fn few_points_or_equal_ones_are_no_trouble() {
        let few = |n: usize| Features { before: String::new(), n, numbers: vec![1.0; 4 * n] };
        assert!(tsne::Tsne::new(&few(3), 30.0).is_none());
        assert_eq!(pca::plane(&few(1)).points, [[0.0, 0.0]]);
        let mut equal = tsne::Tsne::new(&few(20), 30.0).expect("points enough");
        equal.advance();
        assert!(equal.points().iter().flatten().all(|x| x.is_finite()));
    }
}
