//! The tree of layers as TOML that reads well: several layers to a line, branches and repetitions on lines of
//! their own, indented by how deep they lie.

use super::node::value_text;
use crate::experiment::layers::{Kind, Layer};

/// The longest line, in characters, that is filled up with layers.
const WIDTH: usize = 100;

/// Spaces by which what lies inside is indented.
const INDENT: usize = 2;

/// A piece of the text: a word that stays on one line, or a list between brackets.
enum Piece {
    Word(String),
    List { open: String, items: Vec<Piece>, close: &'static str },
}

/// The value of the key `layers`.
pub(super) fn layers_text(layers: &[Layer]) -> String {
    let list = Piece::List { open: "[".into(), items: pieces(layers), close: "]" };
    let mut text = String::new();
    // The network itself always takes lines of its own.
    broken(&list, 0, &mut text);
    text
}

fn pieces(layers: &[Layer]) -> Vec<Piece> {
    layers.iter().map(piece).collect()
}

fn piece(layer: &Layer) -> Piece {
    match &layer.kind {
        Kind::Branches(branches) => {
            let list =
                |layers: &Vec<Layer>| Piece::List { open: "[".into(), items: pieces(layers), close: "]" };
            Piece::List {
                open: format!("{{ merge = \"{}\", branches = [", branches.merge.name()),
                items: branches.branches.iter().map(list).collect(),
                close: "] }",
            }
        }
        Kind::Repeat(repeat) => Piece::List {
            open: format!("{{ repeat = {}, layers = [", repeat.times),
            items: pieces(&repeat.layers),
            close: "] }",
        },
        kind => Piece::Word(word(kind)),
    }
}

/// A layer with nothing inside: its head, and the settings that differ from what a file may leave out.
fn word(kind: &Kind) -> String {
    let name = kind.name();
    let settings = settings(&mut kind.clone());
    match settings.as_slice() {
        [] => format!("\"{name}\""),
        _ if kind.has_head() => format!("{{ {} }}", settings.join(", ")),
        _ => format!("{{ layer = \"{name}\", {} }}", settings.join(", ")),
    }
}

fn settings(kind: &mut Kind) -> Vec<String> {
    let has_head = kind.has_head();
    let mut implied = kind.implied();
    let pairs = kind.fields().into_iter().zip(implied.fields());
    let written = pairs.enumerate().filter_map(|(index, (own, implied))| {
        let (own_text, implied_text) = (value_text(&own.value), value_text(&implied.value));
        let is_head = has_head && index == 0;
        (is_head || own_text != implied_text).then(|| format!("{} = {own_text}", own.name))
    });
    written.collect()
}

/// A piece on one line; `None` where it would be longer than `width` characters. Lists end in their bracket,
/// without the comma that follows.
fn flat(piece: &Piece, width: usize) -> Option<String> {
    let text = match piece {
        Piece::Word(word) => word.clone(),
        Piece::List { open, items, close } if items.is_empty() => format!("{open}{close}"),
        Piece::List { open, items, close } => {
            let mut line = open.clone();
            for (index, item) in items.iter().enumerate() {
                line.push_str(if index == 0 { " " } else { ", " });
                line.push_str(&flat(item, width.checked_sub(line.chars().count())?)?);
            }
            format!("{line} {close}")
        }
    };
    (text.chars().count() <= width).then_some(text)
}

/// A list over several lines, those inside it indented by `indent` and one step more.
fn broken(piece: &Piece, indent: usize, text: &mut String) {
    let Piece::List { open, items, close } = piece else {
        return;
    };
    let margin = " ".repeat(indent + INDENT);
    text.push_str(open);
    // Layers gather here until the line is full.
    let mut line = String::new();
    for item in items {
        let room = WIDTH.saturating_sub(margin.len());
        match (item, flat(item, room)) {
            (Piece::Word(word), _) => {
                if !line.is_empty() && line.chars().count() + word.chars().count() + 2 > room {
                    end_line(&mut line, &margin, text);
                }
                line.push_str(if line.is_empty() { "" } else { " " });
                line.push_str(word);
                line.push(',');
            }
            (Piece::List { .. }, Some(short)) => {
                end_line(&mut line, &margin, text);
                text.push_str(&format!("\n{margin}{short},"));
            }
            (Piece::List { .. }, None) => {
                end_line(&mut line, &margin, text);
                text.push_str(&format!("\n{margin}"));
                broken(item, indent + INDENT, text);
                text.push(',');
            }
        }
    }
    end_line(&mut line, &margin, text);
    text.push_str(&format!("\n{}{close}", " ".repeat(indent)));
}

fn end_line(line: &mut String, margin: &str, text: &mut String) {
    if !line.is_empty() {
        text.push_str(&format!("\n{margin}{line}"));
        line.clear();
    }
}
