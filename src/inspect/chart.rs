//! Curves over a row of places as a picture: logarithmic upwards, a line at each power of ten.

use super::font;
use super::picture::Picture;

/// One curve; what is not above 0 is left out of it.
pub struct Curve {
    pub values: Vec<f64>,
    pub colour: [u8; 3],
}

/// Pixels around the field, to the left with room for figures.
const MARGIN: usize = 12;
const LEFT: usize = 56;

const GROUND: [u8; 3] = [24; 3];
const GRID: [u8; 3] = [56; 3];
const INK: [u8; 3] = [170; 3];

/// Curves over the same places, evenly spaced.
pub fn logarithmic(curves: &[Curve], [width, height]: [usize; 2]) -> Picture {
    let mut picture = Picture::new(width, height, GROUND);
    let positive =
        || curves.iter().flat_map(|curve| &curve.values).copied().filter(|x| *x > 0.0 && x.is_finite());
    let (low, high) = positive().fold((f64::INFINITY, 0f64), |(low, high), x| (low.min(x), high.max(x)));
    if low > high {
        return picture;
    }
    let (first, last) =
        (low.log10().floor() as i32, (high.log10().ceil() as i32).max(low.log10().floor() as i32 + 1));
    let field = [(width - LEFT - MARGIN) as f64, (height - 2 * MARGIN) as f64];
    let y = |logarithm: f64| {
        MARGIN as f64 + field[1] * (1.0 - (logarithm - first as f64) / (last - first) as f64)
    };
    // Of many powers of ten only every n-th.
    let every = ((last - first) as usize).div_ceil(12).max(1);
    for power in (first..=last).step_by(every) {
        let line = y(power.into());
        picture.line([LEFT as f64, line], [(width - MARGIN) as f64, line], GRID);
        font::write(&mut picture, &format!("1e{power}"), [MARGIN as i64, line as i64 - 3], 1, INK);
    }
    for curve in curves {
        let n = curve.values.len();
        let x = |i: usize| LEFT as f64 + field[0] * (i as f64 + 0.5) / n as f64;
        let mut before: Option<[f64; 2]> = None;
        for (i, &value) in curve.values.iter().enumerate() {
            let here = (value > 0.0 && value.is_finite()).then(|| [x(i), y(value.log10())]);
            if let Some(at) = here {
                picture.line(before.unwrap_or(at), at, curve.colour);
                let [left, top] = at.map(|x| x.round() as i64);
                (0..9).for_each(|p| picture.dot(left + p % 3 - 1, top + p / 3 - 1, curve.colour));
            }
            before = here;
        }
    }
    picture
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_falling_curve_falls_and_what_is_no_number_is_left_out() {
        let colour = [255, 0, 0];
        let curve = |values: &[f64]| Curve { values: values.to_vec(), colour };
        let picture = logarithmic(&[curve(&[1.0, 0.1, 0.01])], [200, 100]);
        let rows = |x: std::ops::Range<usize>| {
            let is_hit = |y: &usize| x.clone().any(|x| picture.pixels[y * 200 + x] == colour);
            (0..100).filter(is_hit).sum::<usize>() / (0..100).filter(is_hit).count()
        };
        assert!(rows(60..80) < rows(150..180), "further down is less");
        let empty = logarithmic(&[curve(&[f64::NAN, 0.0, f64::INFINITY])], [200, 100]);
        assert!(empty.pixels.iter().all(|pixel| *pixel == GROUND));
        logarithmic(&[curve(&[1.0]), curve(&[1e-300, 1e300])], [200, 100]);
    }
}
