//! Numbers in messages: digits in groups, so many of something, sizes of memory.

/// A whole number with its digits in groups: `1,234,567`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// So many of a thing, which is given in the singular: `1 step`, `2,000 steps`, `10 classes`.
pub fn counted(n: u64, thing: &str) -> String {
    format!("{} {}", grouped(n), plural(n, thing))
}

/// The word for `n` of a thing, which is given in the singular.
pub fn plural(n: u64, thing: &str) -> String {
    match (n, thing.ends_with("ss")) {
        (1, _) => thing.into(),
        (_, true) => format!("{thing}es"),
        _ => format!("{thing}s"),
    }
}

/// A size of memory, in the unit that gives it few digits: `512 B`, `45 KiB`, `1,234.5 MiB`, `13.2 GiB`.
pub fn bytes(n: u64) -> String {
    sized(n, f64::round)
}

/// [`bytes`] of what is needed: rounded up, so that it never seems to fit where it does not.
pub fn bytes_needed(n: u64) -> String {
    sized(n, f64::ceil)
}

/// [`bytes`] of what there is: rounded down.
pub fn bytes_left(n: u64) -> String {
    sized(n, f64::floor)
}

fn sized(n: u64, round: fn(f64) -> f64) -> String {
    const KIB: u64 = 1 << 10;
    const MIB: u64 = 1 << 20;
    const GIB: u64 = 1 << 30;
    let tenths = |unit: u64| {
        let tenths = round(n as f64 / unit as f64 * 10.0) as u64;
        format!("{}.{}", grouped(tenths / 10), tenths % 10)
    };
    // Ten of a unit are told in the next smaller one: two figures say too little.
    match n {
        n if n < 10 * KIB => format!("{} B", grouped(n)),
        n if n < MIB => format!("{} KiB", round(n as f64 / KIB as f64)),
        n if n < 10 * GIB => format!("{} MiB", tenths(MIB)),
        _ => format!("{} GiB", tenths(GIB)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_by_three() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn one_thing_stands_in_the_singular() {
        let found = [(0, "step"), (1, "step"), (2000, "step"), (1, "class"), (10, "class")];
        assert_eq!(
            found.map(|(n, thing)| counted(n, thing)),
            ["0 steps", "1 step", "2,000 steps", "1 class", "10 classes"]
        );
    }

    #[test]
    fn sizes_are_short() {
        for (n, expected) in [
            (0, "0 B"),
            (9_999, "9,999 B"),
            (11_264, "11 KiB"),
            (1 << 20, "1.0 MiB"),
            (1_572_864, "1.5 MiB"),
            (1_300 << 20, "1,300.0 MiB"),
            (10_239 << 20, "10,239.0 MiB"),
            (10 << 30, "10.0 GiB"),
            (2_345_678 << 20, "2,290.7 GiB"),
        ] {
            assert_eq!(bytes(n), expected);
        }
    }

    /// What is a little too much never reads like what there is.
    #[test]
    fn needs_are_rounded_up_and_means_down() {
        let (needed, left) = ((12 << 30) + 1, 12 << 30);
        assert_eq!((bytes_needed(needed), bytes_left(left)), ("12.1 GiB".into(), "12.0 GiB".into()));
        assert_eq!(
            (bytes_needed((3 << 20) + 1), bytes_left((4 << 20) - 1)),
            ("3.1 MiB".into(), "3.9 MiB".into())
        );
    }
}
