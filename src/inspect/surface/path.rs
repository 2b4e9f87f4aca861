//! The plane in which a run's path lies as well as in any.
//!
//! Two random directions are almost orthogonal to whatever way a run goes, so that its path shrinks to a point in their
//! plane. The first two principal components of the weights along the way, seen from where it has come to, show most of
//! it (Li et al. 2018, section 7.1). Of n points in a space of many dimensions they follow from the n × n products of
//! the points with each other.

use super::{Direction, Weights};

/// A plane through the last of some weights, in which the others lie as well as in any.
#[derive(Clone, Debug)]
pub struct Principal {
    /// Of length 1 each, and orthogonal.
    pub axes: [Direction; 2],
    /// Where each of the weights lies in the plane, the last at the origin.
    pub places: Vec<[f64; 2]>,
    /// The share of the way's variance along either axis.
    pub explained: [f64; 2],
}

/// Rounds of rotations at most: a handful make a matrix of this size diagonal.
const MOST_ROUNDS: usize = 50;

impl Principal {
    /// Of the weights along a way; none where they lie all in one place, or on one line.
    pub fn of(way: &[&Weights]) -> Option<Self> {
        let n = way.len();
        let last = way.last()?;
        let from_last: Vec<Direction> = way.iter().map(|weights| Direction::between(last, weights)).collect();
        let products: Vec<Vec<f64>> =
            from_last.iter().map(|a| from_last.iter().map(|b| a.dot(b)).collect()).collect();
        // About their mean: x − m for each x, in products of the x with each other.
        let rows: Vec<f64> = products.iter().map(|row| row.iter().sum::<f64>() / n as f64).collect();
        let mean = rows.iter().sum::<f64>() / n as f64;
        let centred = |i: usize, j: usize| products[i][j] - rows[i] - rows[j] + mean;
        let matrix = (0..n).map(|i| (0..n).map(|j| centred(i, j)).collect()).collect();
        let (values, vectors) = eigen(matrix);
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
        let total: f64 = values.iter().map(|value| value.max(0.0)).sum();
        let [first, second] = [*order.first()?, *order.get(1)?];
        if !(values[second] > 1e-9 * total && total.is_finite()) {
            return None;
        }
        let axis = |which: usize| {
            let length = values[which].sqrt();
            let shares: Vec<f64> = vectors.iter().map(|row| row[which]).collect();
            let mean = shares.iter().sum::<f64>() / n as f64;
            combined(&from_last, &shares.iter().map(|share| (share - mean) / length).collect::<Vec<_>>())
        };
        let axes = [axis(first), axis(second)];
        let places = from_last.iter().map(|way| [axes[0].dot(way), axes[1].dot(way)]).collect();
        Some(Self { axes, places, explained: [values[first] / total, values[second] / total] })
    }
}

/// `Σ share · direction`.
fn combined(directions: &[Direction], shares: &[f64]) -> Direction {
    let tensor = |k: usize| {
        let mut sum = vec![0f64; directions[0].0[k].len()];
        for (direction, share) in directions.iter().zip(shares) {
            sum.iter_mut().zip(&direction.0[k]).for_each(|(sum, x)| *sum += share * f64::from(*x));
        }
        sum.into_iter().map(|x| x as f32).collect()
    };
    Direction((0..directions[0].0.len()).map(tensor).collect())
}

/// Eigenvalues and eigenvectors (in columns) of a symmetric matrix, by Jacobi's rotations (Golub and Van Loan,
/// section 8.5).
fn eigen(mut a: Vec<Vec<f64>>) -> (Vec<f64>, Vec<Vec<f64>>) {
    let n = a.len();
    let mut vectors: Vec<Vec<f64>> =
        (0..n).map(|i| (0..n).map(|j| if i == j { 1.0 } else { 0.0 }).collect()).collect();
    let scale: f64 = a.iter().flatten().map(|x| x * x).sum();
    for _ in 0..MOST_ROUNDS {
        let off: f64 = (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| a[i][j].powi(2)).sum();
        if off <= 1e-24 * scale || !off.is_finite() {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut a, &mut vectors, p, q);
            }
        }
    }
    ((0..n).map(|i| a[i][i]).collect(), vectors)
}

/// Turns the plane of two axes, `p` before `q`, such that what they share becomes 0.
fn rotate(a: &mut [Vec<f64>], vectors: &mut [Vec<f64>], p: usize, q: usize) {
    if a[p][q] == 0.0 {
        return;
    }
    let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
    let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    let turn = |x: f64, y: f64| (cosine * x - sine * y, sine * x + cosine * y);
    for row in a.iter_mut().chain(vectors) {
        (row[p], row[q]) = turn(row[p], row[q]);
    }
    let (above, below) = a.split_at_mut(q);
    for (x, y) in above[p].iter_mut().zip(&mut below[0]) {
        (*x, *y) = turn(*x, *y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ops::testing::normal;

    /// A way in the plane of two directions of many, in the shape of a V: it is found with nothing lost.
    #[test]
    fn a_way_in_a_plane_is_found() {
        let [a, b, at] = [1, 2, 3].map(|seed| normal(seed, 500));
        let points = [[3.0, 0.0], [1.0, 2.0], [0.0, 4.0], [2.0, 5.0], [4.0, 6.0]];
        let weights = |&[x, y]: &[f32; 2]| -> Weights {
            let all: Vec<f32> = (0..500).map(|p| at[p] + x * a[p] + y * b[p]).collect();
            vec![all[..200].to_vec(), all[200..].to_vec()]
        };
        let way: Vec<Weights> = points.iter().map(weights).collect();
        let found = Principal::of(&way.iter().collect::<Vec<_>>()).expect("a plane");
        assert!((found.explained[0] + found.explained[1] - 1.0).abs() < 1e-6, "{:?}", found.explained);
        assert!(found.explained[0] > found.explained[1]);
        for (i, one) in way.iter().enumerate() {
            for (j, other) in way.iter().enumerate() {
                let way = Direction::between(one, other);
                let [x, y] = [0, 1].map(|k| found.places[i][k] - found.places[j][k]);
                let apart = way.dot(&way).sqrt();
                assert!((x.hypot(y) - apart).abs() < 1e-3 * apart.max(1.0), "{i}, {j}: distances stay");
            }
        }
        let [x, y] = &found.axes;
        assert!((x.dot(x) - 1.0).abs() < 1e-5 && (y.dot(y) - 1.0).abs() < 1e-5 && x.dot(y).abs() < 1e-5);
        assert_eq!(found.places[4], [0.0, 0.0]);
    }

    #[test]
    fn a_way_on_a_line_or_without_a_step_has_no_plane() {
        let point = |x: f32| vec![vec![x, 2.0 * x, 1.0]];
        let way = [0.0, 1.0, 2.0, 4.0].map(point);
        assert!(Principal::of(&way.iter().collect::<Vec<_>>()).is_none());
        assert!(Principal::of(&[&point(1.0), &point(1.0)]).is_none());
        assert!(Principal::of(&[&point(1.0)]).is_none() && Principal::of(&[]).is_none());
    }
}
