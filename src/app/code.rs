//! A shader in the colours of its grammar: comments, numbers, and words with a meaning of their own. It goes by the look of each word alone and is right wherever that is enough.

use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, Ui};

use super::theme::{self, Palette};

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Plain,
    Comment,
    Number,
    /// A word with a meaning of its own.
    Word,
}

/// The text with its colours.
pub fn coloured(ui: &Ui, text: &str) -> LayoutJob {
    let palette = Palette::of(ui);
    let mut job = LayoutJob::default();
    for (piece, sort) in text.split_inclusive('\n').flat_map(pieces) {
        let (font_id, color) = (theme::figures(ui), colour(palette, sort));
        job.append(piece, 0.0, TextFormat { font_id, color, ..TextFormat::default() });
    }
    job
}

fn colour(palette: &Palette, sort: Sort) -> Color32 {
    match sort {
        Sort::Plain => palette.text,
        Sort::Comment => palette.muted,
        Sort::Number => palette.test,
        Sort::Word => palette.accent,
    }
}

/// A line cut into pieces, one behind the other and none left out.
fn pieces(line: &str) -> Vec<(&str, Sort)> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let (length, sort) = first_piece(rest);
        let (piece, behind) = rest.split_at(length);
        pieces.push((piece, sort));
        rest = behind;
    }
    pieces
}

/// Length and sort of the piece with which a line goes on.
fn first_piece(rest: &str) -> (usize, Sort) {
    let first = rest.chars().next().unwrap_or(' ');
    match first {
        '/' if rest.starts_with("//") => (rest.len(), Sort::Comment),
        '0'..='9' => (rest.find(|c| !is_of_word(c) && c != '.').unwrap_or(rest.len()), Sort::Number),
        first if is_of_word(first) || first == '@' => {
            let length =
                rest.char_indices().find(|&(i, c)| i > 0 && !is_of_word(c)).map_or(rest.len(), |(i, _)| i);
            (length, word(&rest[..length]))
        }
        first => (first.len_utf8(), Sort::Plain),
    }
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn word(word: &str) -> Sort {
    if word.starts_with('@') || WGSL.contains(&word) { Sort::Word } else { Sort::Plain }
}

/// Words with a meaning of their own in WGSL.
const WGSL: [&str; 26] = [
    "array",
    "bool",
    "break",
    "const",
    "continue",
    "else",
    "f32",
    "fn",
    "for",
    "i32",
    "if",
    "let",
    "loop",
    "override",
    "read",
    "read_write",
    "return",
    "storage",
    "struct",
    "switch",
    "u32",
    "uniform",
    "var",
    "vec4",
    "while",
    "workgroup",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &[(&str, Sort)]) {
        let found = pieces(line);
        assert_eq!(found.iter().map(|piece| piece.0).collect::<String>(), line, "nothing is lost");
        let told: Vec<_> = found.into_iter().filter(|piece| piece.1 != Sort::Plain).collect();
        assert_eq!(told, expected, "{line}");
    }

    #[test]
    fn a_shader_has_comments_and_words() {
        use Sort::{Comment, Number, Word};
        check(
            "override N: u32 = 1u; // é\n",
            &[("override", Word), ("u32", Word), ("1u", Number), ("// é\n", Comment)],
        );
    }

    /// What is subtracted is no part of a word or a number.
    #[test]
    fn a_minus_stands_between_words() {
        use Sort::{Number, Word};
        check("let n = if-2-1;", &[("let", Word), ("if", Word), ("2", Number), ("1", Number)]);
    }

    /// Half a word of any script included.
    #[test]
    fn nothing_is_lost_whatever_is_written() {
        for line in ["[", "[é", "\"", "'é", "\\", "é=1", "1é", "×9 ≤ ∞", "@", "/", "[]]", "\"\\"] {
            assert_eq!(pieces(line).iter().map(|piece| piece.0).collect::<String>(), line);
        }
    }
}
