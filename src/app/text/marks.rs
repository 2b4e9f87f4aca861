//! What stands out in the text: what is wrong, what is to be said of a layer, and the layer that is selected.

use std::ops::Range;

use crate::app::code::Mark;
use crate::app::editor::{Editor, tree};
use crate::app::theme::Palette;
use crate::experiment::{LayerId, file};

/// The marks of a text whose layers stand at these places, in the order of reading.
pub fn marks(editor: &Editor, palette: &Palette, text: &str, places: &[Range<usize>]) -> Vec<Mark> {
    let layers = tree::in_order(editor.layers());
    let underline =
        |place, colour| Mark { place: within_line(text, place), underline: Some(colour), behind: None };
    if let Some(problem) = editor.text_problem() {
        let wrong = problem.span.clone().map(|span| underline(at_least_one(span), palette.danger));
        return wrong.into_iter().collect();
    }
    let place = |layer: LayerId| places.get(layers.iter().position(|other| *other == layer)?).cloned();
    let selected = editor.selected.and_then(place);
    let selected = selected.map(|place| Mark { place, underline: None, behind: Some(palette.accent_area) });
    let costs = editor.costs();
    let advised = costs.advice.iter().filter_map(|advice| place(advice.layer?));
    let impossible = costs.problem.iter().filter_map(|problem| place(problem.layer?));
    selected
        .into_iter()
        .chain(advised.map(|place| underline(place, palette.warning)))
        .chain(impossible.map(|place| underline(place, palette.danger)))
        .collect()
}

/// What is to be said at a byte of the text.
pub fn sentences(editor: &Editor, text: &str, at: usize) -> Vec<String> {
    if let Some(problem) = editor.text_problem() {
        let is_there = problem.span.clone().is_some_and(|span| at_least_one(span).contains(&at));
        return is_there.then(|| problem.message.clone()).into_iter().collect();
    }
    let (places, layers) = (file::layer_places(text), tree::in_order(editor.layers()));
    let Some(layer) = innermost(&places, at).and_then(|i| layers.get(i)) else { return Vec::new() };
    let costs = editor.costs();
    let problem = costs.problem.iter().filter(|problem| problem.layer == Some(*layer));
    let problem = problem.map(|problem| problem.message.clone());
    problem.chain(costs.advice_on(*layer).map(|advice| advice.sentences())).collect()
}

/// The last of the places that a byte lies in: of those inside one another the innermost.
pub fn innermost(places: &[Range<usize>], at: usize) -> Option<usize> {
    places.iter().rposition(|place| place.contains(&at))
}

/// What goes over several lines is underlined on its first.
fn within_line(text: &str, place: Range<usize>) -> Range<usize> {
    let end = text.get(place.clone()).and_then(|piece| piece.find('\n'));
    place.start..end.map_or(place.end, |end| place.start + end)
}

/// What is missing has a place too.
fn at_least_one(span: Range<usize>) -> Range<usize> {
    span.start..span.end.max(span.start + 1)
}
