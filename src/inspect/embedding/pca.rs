//! Principal components: the directions in which points lie furthest apart, `X·v` with v the leading eigenvectors of
//! `XᵀX` over centred points X (Pearson 1901; Hotelling 1933).
//!
//! A few vectors are multiplied by `XᵀX` again and again and made orthonormal in between (subspace iteration with
//! Rayleigh-Ritz, Golub and Van Loan, section 8.2), in an order that does not depend on threads.

use super::{Features, Points};

/// Points in the plane of their first two principal components.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    pub points: Points,
    /// The share of all variance along either axis.
    pub explained: [f64; 2],
}

/// Vectors that are iterated with: more than the two that are wanted, so that a third direction of almost the same
/// variance does not hold them up.
const N_VECTORS: usize = 6;
const N_ROUNDS: usize = 40;

/// Lays points flat. The sign of an axis is such that its largest component is positive.
pub fn plane(features: &Features) -> Plane {
    let (n, dimension) = (features.n, features.dimension());
    if n == 0 || dimension == 0 {
        return Plane { points: vec![[0.0; 2]; n], explained: [0.0; 2] };
    }
    let centred = centred(features);
    let total: f64 = centred.iter().map(|x| x * x).sum();
    let mut vectors = start(dimension);
    for _ in 0..N_ROUNDS {
        orthonormalise(&mut vectors);
        vectors = vectors.iter().map(|vector| times(&centred, dimension, vector)).collect();
    }
    orthonormalise(&mut vectors);
    // By the variance along each: those that did not separate yet are near enough alike.
    let mut along: Vec<(f64, Vec<f64>)> = vectors
        .into_iter()
        .map(|vector| {
            let points = onto(&centred, dimension, &vector);
            (points.iter().map(|x| x * x).sum(), signed(&vector, points))
        })
        .collect();
    along.sort_by(|a, b| b.0.total_cmp(&a.0));
    let axis = |i: usize| along.get(i).map_or((0.0, vec![0.0; n]), Clone::clone);
    let [(first, x), (second, y)] = [axis(0), axis(1)];
    let share = |variance: f64| if total > 0.0 { variance / total } else { 0.0 };
    Plane {
        points: x.into_iter().zip(y).map(|(x, y)| [x as f32, y as f32]).collect(),
        explained: [share(first), share(second)],
    }
}

fn centred(features: &Features) -> Vec<f64> {
    let dimension = features.dimension();
    let mut mean = vec![0.0; dimension];
    for row in features.rows() {
        mean.iter_mut().zip(row).for_each(|(mean, &x)| *mean += f64::from(x) / features.n as f64);
    }
    let finite = |x: f64| if x.is_finite() { x } else { 0.0 };
    features
        .rows()
        .flat_map(|row| row.iter().zip(&mean).map(|(&x, mean)| finite(f64::from(x) - mean)))
        .collect()
}

/// Vectors of which no two are alike and none is orthogonal to what is sought, unless by ill chance.
fn start(dimension: usize) -> Vec<Vec<f64>> {
    let component = |k: usize, i: usize| ((i * (2 * k + 3) + 7 * k) as f64 * 0.618_033_988_749).fract() - 0.5;
    (0..N_VECTORS.min(dimension)).map(|k| (0..dimension).map(|i| component(k, i)).collect()).collect()
}

/// `X·v`.
fn onto(centred: &[f64], dimension: usize, vector: &[f64]) -> Vec<f64> {
    centred.chunks_exact(dimension).map(|row| row.iter().zip(vector).map(|(x, v)| x * v).sum()).collect()
}

/// `XᵀX·v`.
fn times(centred: &[f64], dimension: usize, vector: &[f64]) -> Vec<f64> {
    let mut product = vec![0.0; dimension];
    for (row, along) in centred.chunks_exact(dimension).zip(onto(centred, dimension, vector)) {
        product.iter_mut().zip(row).for_each(|(sum, x)| *sum += along * x);
    }
    product
}

/// By Gram and Schmidt, twice over; what is left of a vector that lies in the others' plane is 0.
fn orthonormalise(vectors: &mut [Vec<f64>]) {
    for k in 0..vectors.len() {
        let (before, rest) = vectors.split_at_mut(k);
        let own = &mut rest[0];
        let length = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
        let whole = length(own);
        for _ in 0..2 {
            for other in before.iter() {
                let along: f64 = own.iter().zip(other).map(|(a, b)| a * b).sum();
                own.iter_mut().zip(other).for_each(|(x, b)| *x -= along * b);
            }
        }
        let left = length(own);
        let scale = if left > 1e-10 * whole { 1.0 / left } else { 0.0 };
        own.iter_mut().for_each(|x| *x *= scale);
    }
}

fn signed(vector: &[f64], points: Vec<f64>) -> Vec<f64> {
    let largest = vector.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(1.0);
    points.into_iter().map(|x| if largest < 0.0 { -x } else { x }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ops::testing::normal;

    /// Points of deviation 5 along (0.6, 0.8, 0) and 2 along (0.8, −0.6, 0), hardly any across.
    #[test]
    fn the_plane_is_that_of_the_widest_spread() {
        let draws = normal(1, 600);
        let point = |i: usize| {
            let [a, b, c] = [5.0 * draws[3 * i], 2.0 * draws[3 * i + 1], 0.01 * draws[3 * i + 2]];
            [0.6 * a + 0.8 * b + 3.0, 0.8 * a - 0.6 * b, c]
        };
        let numbers: Vec<f32> = (0..200).flat_map(point).collect();
        let found = plane(&Features { before: String::new(), n: 200, numbers });
        let mean = |axis: usize| (0..200).map(|i| draws[3 * i + axis] as f64).sum::<f64>() / 200.0;
        for (i, [x, y]) in found.points.iter().enumerate() {
            let expected =
                [0, 1].map(|axis| [5.0, 2.0][axis] * (f64::from(draws[3 * i + axis]) - mean(axis)));
            // The axes of 200 points are not quite those of the law that they are drawn by.
            assert!(
                (f64::from(*x) - expected[0]).abs() < 0.6
                    && (f64::from(*y).abs() - expected[1].abs()).abs() < 1.2
            );
        }
        assert!(found.explained[0] + found.explained[1] > 0.9999, "{:?}", found.explained);
        assert!((0.8..0.92).contains(&found.explained[0]), "25 of 29: {:?}", found.explained);
    }
}
