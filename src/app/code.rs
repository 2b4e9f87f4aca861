//! A shader or an experiment file in the colours of its grammar: comments, numbers, and words with a meaning of their
//! own. It goes by the look of each word alone and is right wherever that is enough.

use std::ops::Range;

use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, Stroke, Ui};

use super::theme::{self, Palette};

/// What a text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grammar {
    Wgsl,
    Toml,
}

/// Bytes of a text that stand out.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    pub place: Range<usize>,
    /// The colour of a line below.
    pub underline: Option<Color32>,
    /// The colour behind.
    pub behind: Option<Color32>,
}

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Plain,
    Comment,
    Number,
    /// A word with a meaning of its own.
    Word,
    /// A piece of text within the text.
    Text,
}

/// The text with its colours.
pub fn coloured(ui: &Ui, text: &str, grammar: Grammar) -> LayoutJob {
    marked(ui, text, grammar, &[])
}

/// [`coloured`], with some places that stand out.
pub fn marked(ui: &Ui, text: &str, grammar: Grammar, marks: &[Mark]) -> LayoutJob {
    let palette = Palette::of(ui);
    let mut job = LayoutJob::default();
    let mut at = 0;
    for (piece, sort) in text.split_inclusive('\n').flat_map(|line| pieces(line, grammar)) {
        let (font_id, color) = (theme::figures(ui), colour(palette, sort));
        let plain = TextFormat { font_id, color, ..TextFormat::default() };
        for part in parts(at..at + piece.len(), text, marks) {
            job.append(&text[part.clone()], 0.0, with_marks(plain.clone(), &part, marks));
        }
        at += piece.len();
    }
    job
}

/// A piece cut where marks begin and end.
fn parts(piece: Range<usize>, text: &str, marks: &[Mark]) -> Vec<Range<usize>> {
    let ends = marks.iter().flat_map(|mark| [mark.place.start, mark.place.end]);
    let mut cuts: Vec<usize> =
        ends.filter(|cut| piece.contains(cut) && text.is_char_boundary(*cut)).collect();
    cuts.extend([piece.start, piece.end]);
    cuts.sort_unstable();
    cuts.dedup();
    cuts.windows(2).map(|pair| pair[0]..pair[1]).collect()
}

fn with_marks(mut format: TextFormat, part: &Range<usize>, marks: &[Mark]) -> TextFormat {
    for mark in marks.iter().filter(|mark| mark.place.start < part.end && part.start < mark.place.end) {
        if let Some(colour) = mark.underline {
            format.underline = Stroke::new(1.5, colour);
        }
        format.background = mark.behind.unwrap_or(format.background);
    }
    format
}

fn colour(palette: &Palette, sort: Sort) -> Color32 {
    match sort {
        Sort::Plain => palette.text,
        Sort::Comment => palette.muted,
        Sort::Number => palette.test,
        Sort::Word => palette.accent,
        Sort::Text => palette.rate,
    }
}

/// A line cut into pieces, one behind the other and none left out.
fn pieces(line: &str, grammar: Grammar) -> Vec<(&str, Sort)> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let (length, sort) = match grammar {
            Grammar::Wgsl => first_piece(rest),
            Grammar::Toml => first_of_toml(rest),
        };
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

/// [`first_piece`] of an experiment file: a table's heading, a comment, a text, a number, or a key.
fn first_of_toml(rest: &str) -> (usize, Sort) {
    let first = rest.chars().next().unwrap_or(' ');
    match first {
        '#' => (rest.len(), Sort::Comment),
        '"' | '\'' => (quoted_length(rest, first), Sort::Text),
        '[' if is_heading(rest) => (rest.trim_end().len(), Sort::Word),
        '0'..='9' => {
            let is_of_number = |c: char| is_of_word(c) || matches!(c, '.' | '+' | '-');
            (rest.find(|c| !is_of_number(c)).unwrap_or(rest.len()), Sort::Number)
        }
        first if is_of_word(first) => {
            let is_of_key = |c: char| is_of_word(c) || c == '-';
            let length = rest.find(|c| !is_of_key(c)).unwrap_or(rest.len());
            let is_flag = matches!(&rest[..length], "true" | "false");
            (length, if is_flag { Sort::Number } else { Sort::Plain })
        }
        first => (first.len_utf8(), Sort::Plain),
    }
}

/// `[train]`, and nothing else on its line but a comment.
fn is_heading(rest: &str) -> bool {
    let Some((name, _)) = rest[1..].split_once(']') else { return false };
    let is_name = |c: char| is_of_word(c) || matches!(c, '-' | '.');
    !rest.contains('#') && !name.is_empty() && name.chars().all(is_name) && rest.trim_end().ends_with(']')
}

/// Length of a text between quotes, or to the end of the line.
fn quoted_length(rest: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (i, c) in rest.char_indices().skip(1) {
        if c == quote && !is_escaped {
            return i + c.len_utf8();
        }
        is_escaped = c == '\\' && quote == '"' && !is_escaped;
    }
    rest.len()
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
        check_as(Grammar::Wgsl, line, expected);
    }

    fn check_as(grammar: Grammar, line: &str, expected: &[(&str, Sort)]) {
        let found = pieces(line, grammar);
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

    #[test]
    fn an_experiment_has_headings_keys_and_texts() {
        use Sort::{Comment, Number, Text, Word};
        check_as(Grammar::Toml, "[train]\n", &[("[train]", Word)]);
        check_as(
            Grammar::Toml,
            "source = \"a \\\" b\" # why\n",
            &[("\"a \\\" b\"", Text), ("# why\n", Comment)],
        );
        check_as(Grammar::Toml, "weight-decay = 1e-4", &[("1e-4", Number)]);
        check_as(
            Grammar::Toml,
            "  { conv = 16, bias = false }, 'relu', [ [] ],\n",
            &[("16", Number), ("false", Number), ("'relu'", Text)],
        );
    }

    #[test]
    fn a_piece_is_cut_where_marks_begin_and_end() {
        let mark = |place: Range<usize>| Mark { place, underline: None, behind: None };
        let text = "0123456789é";
        assert_eq!(parts(2..8, text, &[mark(0..4), mark(6..20)]), [2..4, 4..6, 6..8]);
        assert_eq!(parts(2..8, text, &[]), std::slice::from_ref(&(2..8)));
        let within_a_letter = [mark(11..11)];
        assert_eq!(parts(8..12, text, &within_a_letter), std::slice::from_ref(&(8..12)));
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
            for grammar in [Grammar::Wgsl, Grammar::Toml] {
                assert_eq!(pieces(line, grammar).iter().map(|piece| piece.0).collect::<String>(), line);
            }
        }
    }
}
