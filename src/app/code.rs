//! Text of a file in the colours of its grammar: comments, words in quotes, numbers, and words with a meaning of
//! their own. It goes by the look of each word alone and is right wherever that is enough.

use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, Stroke, Ui};

use super::theme::{self, Palette};

/// What the text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Toml,
    Wgsl,
}

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Plain,
    Comment,
    Quoted,
    Number,
    /// A word with a meaning of its own: a key of TOML, a keyword of WGSL.
    Word,
    /// `[section]`.
    Section,
}

/// The text with its colours.
pub fn coloured(ui: &Ui, text: &str, language: Language) -> LayoutJob {
    coloured_with_error(ui, text, language, None)
}

/// The same, with the line of this number, from 1, underlined as wrong.
pub fn coloured_with_error(ui: &Ui, text: &str, language: Language, wrong_line: Option<usize>) -> LayoutJob {
    let palette = Palette::of(ui);
    let mut job = LayoutJob::default();
    for (i, line) in text.split_inclusive('\n').enumerate() {
        let underline = match wrong_line == Some(i + 1) {
            true => Stroke::new(1.5, palette.danger),
            false => Stroke::NONE,
        };
        for (piece, sort) in pieces(line, language) {
            let color = colour(palette, sort);
            let underline = if piece.trim().is_empty() { Stroke::NONE } else { underline };
            let format =
                TextFormat { font_id: theme::figures(ui), color, underline, ..TextFormat::default() };
            job.append(piece, 0.0, format);
        }
    }
    job
}

fn colour(palette: &Palette, sort: Sort) -> Color32 {
    match sort {
        Sort::Plain => palette.text,
        Sort::Comment => palette.muted,
        Sort::Quoted => palette.rate,
        Sort::Number => palette.test,
        Sort::Word | Sort::Section => palette.accent,
    }
}

/// A line cut into pieces, one behind the other and none left out.
fn pieces(line: &str, language: Language) -> Vec<(&str, Sort)> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let is_first = line[..line.len() - rest.len()].trim().is_empty();
        let (length, sort) = first_piece(rest, is_first, language);
        let (piece, behind) = rest.split_at(length);
        pieces.push((piece, sort));
        rest = behind;
    }
    pieces
}

/// Length and sort of the piece with which a line goes on.
fn first_piece(rest: &str, is_first: bool, language: Language) -> (usize, Sort) {
    let until = |is_end: fn(char) -> bool| rest.find(is_end).unwrap_or(rest.len());
    let first = rest.chars().next().unwrap_or(' ');
    match (language, first) {
        (Language::Toml, '#') => (rest.len(), Sort::Comment),
        (Language::Wgsl, '/') if rest.starts_with("//") => (rest.len(), Sort::Comment),
        (Language::Toml, '[') if is_first && is_section(rest) => (until(|c| c == ']') + 1, Sort::Section),
        (Language::Toml, '"' | '\'') => (quoted(rest, first), Sort::Quoted),
        (_, '0'..='9') => (until(|c| !is_of_word(c) && c != '.'), Sort::Number),
        (_, first) if is_of_word(first) || first == '@' => {
            let length =
                rest.char_indices().find(|&(i, c)| i > 0 && !is_of_word(c)).map_or(rest.len(), |(i, _)| i);
            (length, word(&rest[..length], &rest[length..], language))
        }
        (_, first) => (first.len_utf8(), Sort::Plain),
    }
}

/// `[data]` alone on its line, and no list.
fn is_section(rest: &str) -> bool {
    let inside = rest.trim_end().strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inside.is_some_and(|name| !name.is_empty() && name.chars().all(|c| is_of_word(c) || c == '.' || c == '-'))
}

/// Length of what stands in quotes, the quotes included; to the end of the line where they are not closed.
fn quoted(rest: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (i, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if quote == '"' => is_escaped = true,
            c if c == quote => return i + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

fn word(word: &str, behind: &str, language: Language) -> Sort {
    match language {
        Language::Toml if behind.trim_start().starts_with('=') => Sort::Word,
        Language::Toml if ["true", "false", "inf", "nan"].contains(&word) => Sort::Number,
        Language::Wgsl if word.starts_with('@') || WGSL.contains(&word) => Sort::Word,
        _ => Sort::Plain,
    }
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

    fn check(line: &str, language: Language, expected: &[(&str, Sort)]) {
        let found = pieces(line, language);
        assert_eq!(found.iter().map(|piece| piece.0).collect::<String>(), line, "nothing is lost");
        let told: Vec<_> = found.into_iter().filter(|piece| piece.1 != Sort::Plain).collect();
        assert_eq!(told, expected, "{line}");
    }

    #[test]
    fn an_experiment_has_keys_words_and_numbers() {
        use Sort::{Comment, Number, Quoted, Section, Word};
        check("[network]\n", Language::Toml, &[("[network]", Section)]);
        check(
            "rate = 1e-4 # small",
            Language::Toml,
            &[("rate", Word), ("1e-4", Number), ("# small", Comment)],
        );
        check(
            "  { conv = 16, bias = false }, \"re\\\"lu\", 'a # b',",
            Language::Toml,
            &[
                ("conv", Word),
                ("16", Number),
                ("bias", Word),
                ("false", Number),
                ("\"re\\\"lu\"", Quoted),
                ("'a # b'", Quoted),
            ],
        );
        check("  [ { conv = 1 }, ],", Language::Toml, &[("conv", Word), ("1", Number)]);
    }

    #[test]
    fn a_shader_has_comments_and_words() {
        use Sort::{Comment, Number, Word};
        check(
            "override N: u32 = 1u; // é\n",
            Language::Wgsl,
            &[("override", Word), ("u32", Word), ("1u", Number), ("// é\n", Comment)],
        );
    }

    /// Whatever is typed, half a word of any script included.
    #[test]
    fn nothing_is_lost_whatever_is_typed() {
        for line in ["[", "[é", "\"", "'é", "\\", "é=1", "1é", "×9 ≤ ∞", "@", "/", "[]]", "\"\\"] {
            check_whole(line);
        }
    }

    fn check_whole(line: &str) {
        for language in [Language::Toml, Language::Wgsl] {
            assert_eq!(pieces(line, language).iter().map(|piece| piece.0).collect::<String>(), line);
        }
    }
}
