//! Numbers as a person reads them.

pub use crate::experiment::figures::{bytes, counted, grouped as count};

/// `1,234`, `12.3 k`, `4.56 M`: three figures, exact below ten thousand.
pub fn short(n: u64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    if n < 10_000 {
        return count(n);
    }
    let n = n as f64;
    // What rounds up to a thousand of one unit is one of the next.
    let (unit, name) = UNITS.into_iter().find(|(unit, _)| n >= unit * 0.9995).unwrap_or((1.0, ""));
    format!("{} {name}", three_figures(n / unit))
}

/// `12.3 %` of a share between 0 and 1.
pub fn percent(share: f64) -> String {
    match share.is_finite() {
        true => format!("{:.1} %", share * 100.0),
        false => "–".into(),
    }
}

/// `0.1234`, `12.3`, `1.2e-5`: a number of any size.
pub fn number(x: f64) -> String {
    match x.abs() {
        _ if x.is_nan() => "NaN".into(),
        a if a == f64::INFINITY => if x > 0.0 { "∞" } else { "−∞" }.into(),
        0.0 => "0".into(),
        a if !(1e-3..1e5).contains(&a) => format!("{x:.1e}"),
        a if a < 10.0 => format!("{x:.3}"),
        a if a < 100.0 => format!("{x:.2}"),
        _ => format!("{x:.1}"),
    }
}

/// The shortest text that is this setting again: `0.02`, `1e-4`.
pub fn setting(x: f32) -> String {
    match x.abs() {
        0.0 => "0".into(),
        a if a < 1e-3 => format!("{x:e}"),
        _ => format!("{x}"),
    }
}

/// `12 s`, `3 min 05 s`, `2 h 10 min`.
pub fn duration(seconds: f64) -> String {
    let s = seconds.max(0.0).round() as u64;
    match s {
        0..60 => format!("{s} s"),
        60..3600 => format!("{} min {:02} s", s / 60, s % 60),
        _ => format!("{} h {:02} min", s / 3600, s / 60 % 60),
    }
}

fn three_figures(x: f64) -> String {
    match x {
        x if x < 9.995 => format!("{x:.2}"),
        x if x < 99.95 => format!("{x:.1}"),
        x => format!("{x:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_shortened() {
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([9999, 10_000, 999_950, 41_234_000].map(short), ["9,999", "10.0 k", "1.00 M", "41.2 M"]);
    }

    #[test]
    fn settings_are_read_back_as_they_were() {
        for x in [0.02f32, 1e-4, 0.9, 0.0, 12.5, 1e-8] {
            assert_eq!(setting(x).parse::<f32>().unwrap(), x);
        }
        assert_eq!(setting(1e-4), "1e-4");
    }

    #[test]
    fn times_and_numbers() {
        assert_eq!([0.4, 75.0, 7800.0].map(duration), ["0 s", "1 min 15 s", "2 h 10 min"]);
        assert_eq!(
            [f64::NAN, f64::INFINITY, 0.1234, 123.45, 1e-5].map(number),
            ["NaN", "∞", "0.123", "123.5", "1.0e-5"]
        );
    }
}
