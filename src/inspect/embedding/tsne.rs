//! t-SNE (van der Maaten and Hinton 2008; by trees, van der Maaten 2014), some rounds at a time, so that it can be
//! watched. It begins at the principal components, so that nothing is left to chance and the whole keeps its form
//! (Kobak and Berens 2019).

use bhtsne::{Neighbor, SparseAffinities, tSNE};

use super::{Features, Points, pca};

/// The plane as far as it has been laid out.
pub struct Tsne {
    affinities: SparseAffinities<f32>,
    points: Points,
    n_done: usize,
    /// One thread alone: sums in an order that depends on threads would come out as another plane each time.
    alone: Option<rayon::ThreadPool>,
}

/// Rounds at a time, of all, and of the first part, in which groups are drawn together more strongly.
const STRETCH: usize = 25;
const N_ROUNDS: usize = 500;
const N_EXAGGERATED: usize = 150;

/// How coarsely the tree sees far points.
const THETA: f32 = 0.5;

/// The deviation of the points at the start, as it is customary.
const START: f32 = 1e-4;

impl Tsne {
    /// Makes ready for points of a `perplexity`: about how many neighbours each has. It is lowered to what there are
    /// points for; none where there are fewer than 4.
    pub fn new(features: &Features, perplexity: f32) -> Option<Self> {
        let n = features.n;
        if n < 4 {
            return None;
        }
        let perplexity = perplexity.min((n - 1) as f32 / 3.0).max(1.0);
        let neighbours = neighbours(features, (3.0 * perplexity) as usize);
        let points = started(&pca::plane(features).points);
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().ok();
        let affinities = within(alone.as_ref(), || {
            let none = vec![(); n];
            let mut fit: tSNE<'_, f32, ()> = tSNE::new(&none);
            fit.perplexity(perplexity).epochs(0).initial_embedding(points.as_flattened().to_vec());
            fit.barnes_hut_with_neighbors(THETA, &neighbours);
            fit.affinities()
        });
        Some(Self { affinities: affinities?, points, n_done: 0, alone })
    }

    pub fn is_done(&self) -> bool {
        self.n_done >= N_ROUNDS
    }

    /// The share of all rounds that is done.
    pub fn share(&self) -> f64 {
        self.n_done as f64 / N_ROUNDS as f64
    }

    pub fn points(&self) -> &[[f32; 2]] {
        &self.points
    }

    /// Some rounds more.
    pub fn advance(&mut self) {
        let is_exaggerated = self.n_done < N_EXAGGERATED;
        let (points, affinities) = (&self.points, &self.affinities);
        let moved = within(self.alone.as_ref(), || {
            let none = vec![(); points.len()];
            let mut fit: tSNE<'_, f32, ()> = tSNE::new(&none);
            fit.with_affinities(affinities.clone())
                .initial_embedding(points.as_flattened().to_vec())
                .epochs(STRETCH)
                .stop_lying_epoch(if is_exaggerated { STRETCH + 1 } else { 0 })
                .momentum(if is_exaggerated { 0.5 } else { 0.8 })
                .momentum_switch_epoch(STRETCH + 1);
            // The neighbours are in the affinities already.
            fit.barnes_hut(THETA, |_, _| 0.0);
            fit.embedding()
        });
        if moved.iter().all(|x| x.is_finite()) {
            self.points = moved.chunks_exact(2).map(|point| [point[0], point[1]]).collect();
        }
        self.n_done += STRETCH;
    }
}

/// Carries out work in a pool, or where the system gave none as it comes.
fn within<T: Send>(pool: Option<&rayon::ThreadPool>, work: impl FnOnce() -> T + Send) -> T {
    match pool {
        Some(pool) => pool.install(work),
        None => work(),
    }
}

/// The `k` nearest of each point, the nearest first; of equally near ones the first.
fn neighbours(features: &Features, k: usize) -> Vec<Vec<Neighbor<f32>>> {
    use rayon::prelude::*;
    let rows: Vec<&[f32]> = features.rows().collect();
    let k = k.clamp(1, rows.len() - 1);
    let of = |i: usize| {
        let distance = |j: usize| {
            let square: f32 = rows[i].iter().zip(rows[j]).map(|(a, b)| (a - b) * (a - b)).sum();
            if square.is_finite() { square.sqrt() } else { f32::MAX.sqrt() }
        };
        let mut all: Vec<Neighbor<f32>> = (0..rows.len())
            .filter(|&j| j != i)
            .map(|index| Neighbor { index, distance: distance(index) })
            .collect();
        all.sort_by(|a, b| a.distance.total_cmp(&b.distance).then(a.index.cmp(&b.index)));
        all.truncate(k);
        all
    };
    (0..rows.len()).into_par_iter().map(of).collect()
}

/// The principal components, made small.
fn started(points: &[[f32; 2]]) -> Points {
    let n = points.len() as f32;
    let deviation = (points.iter().map(|[x, _]| x * x).sum::<f32>() / n).sqrt();
    let scale = if deviation > 0.0 && deviation.is_finite() { START / deviation } else { 0.0 };
    // Equal points would never part.
    let apart = |i: usize| START * 1e-2 * (i as f32 / n - 0.5);
    points.iter().enumerate().map(|(i, [x, y])| [x * scale + apart(i), y * scale - apart(i)]).collect()
}
