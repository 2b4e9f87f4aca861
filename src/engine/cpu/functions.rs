//! Exponentials and what is made of them, in single precision: plain code without branches or calls, which
//! becomes vectors inside a loop, and which gives the same numbers on every processor. What is no number stays
//! so.
//!
//! Errors are given in units in the last place of the result, the largest seen against double precision.

/// What `eʰⁱᵍʰ⁺ˡᵒʷ` is put together from: `2ⁿ · (1 + rest)`, and n.
#[derive(Clone, Copy)]
struct Exponential {
    rest: f32,
    n: i32,
}

impl Exponential {
    /// By `high = n·ln 2 + r` with `|r| ≤ ln 2 / 2`; the polynomial in r is that of Cephes' `expf` (Moshier
    /// 1992). `high` must lie within ±200, `low` be small.
    #[inline(always)]
    fn of(high: f32, low: f32) -> Self {
        /// Added to a number below 2²², it leaves the nearest whole number in the last bits.
        const ROUNDING: f32 = 1.5 * 8_388_608.0;
        /// ln 2 in two parts, of which the first has few enough digits for its multiples to be exact.
        const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
        let shifted = high * std::f32::consts::LOG2_E + ROUNDING;
        let n = shifted - ROUNDING;
        let r = (high - n * LN_2[0]) - n * LN_2[1] + low;
        let p = 1.987_569_1e-4 * r + 1.398_199_9e-3;
        let p = ((p * r + 8.333_452e-3) * r + 4.166_579_6e-2) * r + 0.166_666_65;
        let rest = (p * r + 0.5) * (r * r) + r;
        Self { rest, n: shifted.to_bits().wrapping_sub(ROUNDING.to_bits()) as i32 }
    }

    /// The whole, in two steps because 2ⁿ itself may be no single-precision number.
    #[inline(always)]
    fn whole(self) -> f32 {
        let half = self.n >> 1;
        (1.0 + self.rest) * power_of_two(half) * power_of_two(self.n.wrapping_sub(half))
    }
}

/// 2ⁿ for n from −126 to 127.
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) << 23) as u32)
}

/// eˣ, to 1 unit; 0 and infinity where they are nearest.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    Exponential::of(x.clamp(-110.0, 90.0), 0.0).whole()
}

/// `eˣ − 1` for x ≤ 0, to 1 unit.
#[inline(always)]
pub fn exp_m1(x: f32) -> f32 {
    let Exponential { rest, n } = Exponential::of(x.clamp(-40.0, 0.0), 0.0);
    let scale = power_of_two(n);
    scale * rest + (scale - 1.0)
}

/// To 3 units.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    let less = exp_m1(-2.0 * x.abs());
    (-less / (less + 2.0)).copysign(x)
}

/// `1 / (1 + e⁻ˣ)`, to 3 units.
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// Distribution function and density of the standard normal, `[Φ(x), φ(x)]`, to 8 and 3 units, also far out
/// where they are small.
///
/// `Φ(−u) = φ(u) · R(u)` with Mills' ratio R, here a quotient of polynomials fitted to it over 0 to 14.5 with
/// the least largest relative error, 6e-9. All its coefficients are positive, so that nothing cancels.
#[inline(always)]
pub fn normal(x: f32) -> [f32; 2] {
    // Beyond, both are 0 in single precision.
    let u = x.abs().clamp(0.0, 14.5);
    // The square of the upper half of the digits is exact, so that the exponential has its argument in full.
    let upper = f32::from_bits(u.to_bits() & 0xffff_f000);
    let power = Exponential::of(-0.5 * (upper * upper), -0.5 * ((u - upper) * (u + upper))).whole();
    let density = 0.398_942_3 * power;
    let above = 0.010_318_237 * u + 0.101_853_594;
    let above = ((above * u + 0.459_305_9) * u + 1.098_647_1) * u + 1.253_314_1;
    let below = 0.010_318_117 * u + 0.101_860_04;
    let below = (((below * u + 0.469_474_32) * u + 1.202_508_9) * u + 1.674_478_6) * u + 1.0;
    let tail = density * (above / below);
    [if x > 0.0 { 1.0 - tail } else { tail }, density]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest error over numbers from −|most| to `most`, evenly spread and crowded towards 0, in units in
    /// the last place.
    fn check(
        found: impl Fn(f32) -> f32,
        expected: impl Fn(f64) -> f64,
        [from, to]: [f32; 2],
        most_units: f64,
    ) {
        const N: i32 = 100_000;
        for i in 0..=N {
            let share = i as f32 / N as f32;
            for x in [from + share * (to - from), from * (-40.0 * share).exp(), to * (-40.0 * share).exp()] {
                let expected = expected(x as f64);
                let unit = ((expected as f32).abs().next_up() - (expected as f32).abs()) as f64;
                let units = (found(x) as f64 - expected).abs() / unit;
                assert!(units <= most_units, "at {x}: {} against {expected}, {units} units", found(x));
            }
        }
    }

    #[test]
    fn functions_are_right_to_the_digits_they_promise() {
        check(exp, f64::exp, [-87.0, 88.7], 1.0);
        check(exp_m1, f64::exp_m1, [-200.0, -0.0], 1.0);
        check(tanh, f64::tanh, [-30.0, 30.0], 3.0);
        check(sigmoid, |x| 1.0 / (1.0 + (-x).exp()), [-80.0, 200.0], 3.0);
        let half_root = std::f64::consts::FRAC_1_SQRT_2;
        check(|x| normal(x)[0], |x| 0.5 * libm::erfc(-x * half_root), [-12.9, 14.0], 8.0);
        let density = |x: f64| (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
        check(|x| normal(x)[1], density, [-12.9, 12.9], 3.0);
    }

    #[test]
    fn ends_are_reached_and_what_is_no_number_stays_so() {
        assert_eq!([-1e30, -104.5, 0.0, 89.0, 1e30].map(exp), [0.0, 0.0, 1.0, f32::INFINITY, f32::INFINITY]);
        assert_eq!([-1e30, 0.0].map(exp_m1), [-1.0, 0.0]);
        assert_eq!([-1e30, 1e30].map(tanh), [-1.0, 1.0]);
        assert_eq!([-1e30, 1e30].map(sigmoid), [0.0, 1.0]);
        assert_eq!([-1e30, 1e30].map(|x| normal(x)[0]), [0.0, 1.0]);
        for function in [exp, exp_m1, tanh, sigmoid, |x| normal(x)[0], |x| normal(x)[1]] {
            assert!(function(f32::NAN).is_nan());
        }
    }
}
