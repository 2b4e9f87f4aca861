//! Tables and numbers as text.

pub use crate::experiment::figures::{bytes, counted, grouped};

/// A share of 1 as a percentage: `12.3 %`.
pub fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

/// Pictures in a second: whole ones, or of a slow net `0.42`.
pub fn speed(images_per_second: f64) -> String {
    match images_per_second {
        x if x < 9.95 => format!("{x:.2} images/s"),
        x => format!("{x:.0} images/s"),
    }
}

/// Prints a line on standard output. A reader that has gone away, as behind `| head`, ends the program
/// quietly; there is nobody left to tell.
pub fn print_line(line: &str) {
    use std::io::Write;
    if writeln!(std::io::stdout().lock(), "{line}").is_err() {
        std::process::exit(0);
    }
}

/// Prints rows in columns; those marked `true` are aligned to the right.
pub fn print_table(right: &[bool], rows: &[Vec<String>]) {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..right.len()).map(width).collect();
    for row in rows {
        let cells = row.iter().zip(&widths).zip(right).map(|((cell, &width), &right)| match right {
            true => format!("{cell:>width$}"),
            false => format!("{cell:<width$}"),
        });
        print_line(cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

/// A value as one line of JSON on standard output.
pub fn print_json(value: &serde_json::Value) {
    print_line(&value.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_is_not_standing_still() {
        assert_eq!([0.042, 9.0, 512.4].map(speed), ["0.04 images/s", "9.00 images/s", "512 images/s"]);
    }
}
