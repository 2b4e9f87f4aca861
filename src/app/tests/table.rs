//! The table of all layers.

use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::fixture::Bench;

/// The names of the rows from top to bottom.
fn rows(bench: &Bench) -> Vec<String> {
    let mut rows: Vec<_> = bench.harness.query_all_by_label_contains("Row layers.").collect();
    rows.sort_by(|a, b| a.rect().top().total_cmp(&b.rect().top()));
    rows.iter().filter_map(|row| row.accesskit_node().label()).collect()
}

/// What a button of this name copies.
fn copied(bench: &mut Bench, button: &str) -> String {
    bench.get(button).click();
    for _ in 0..4 {
        bench.harness.step();
        let commands = &bench.harness.output().platform_output.commands;
        let text = commands.iter().find_map(|command| match command {
            egui::OutputCommand::CopyText(text) => Some(text.clone()),
            _ => None,
        });
        if let Some(text) = text {
            return text;
        }
    }
    panic!("nothing was copied");
}

#[test]
fn a_key_opens_the_table_and_escape_closes_it() {
    let mut bench = Bench::open("quickstart");
    bench.press(Modifiers::NONE, Key::L);
    assert_eq!(rows(&bench)[0], "Row layers.0: Convolution");
    assert_eq!(rows(&bench).len(), 7);
    // Keys are the table's while it is open.
    bench.commands();
    bench.press(Modifiers::NONE, Key::S);
    assert!(bench.commands().is_empty());
    bench.press(Modifiers::NONE, Key::Escape);
    assert!(rows(&bench).is_empty());
    bench.click("Table of all layers");
    assert_eq!(rows(&bench).len(), 7);
}

#[test]
fn a_caption_sorts_and_a_row_leads_to_its_card() {
    let mut bench = Bench::open("quickstart");
    bench.press(Modifiers::NONE, Key::L);
    bench.click("Sort by parameters");
    // 16 filters of 8×5×5 and their biases, against 10 units that read 16×4×4.
    assert_eq!(rows(&bench)[..2], ["Row layers.3: Convolution", "Row layers.6: Fully connected"]);
    bench.click("Sort by parameters");
    assert_eq!(rows(&bench)[6], "Row layers.3: Convolution");
    bench.click("Row layers.6: Fully connected");
    assert!(rows(&bench).is_empty());
    bench.press(Modifiers::COMMAND, Key::D);
    assert!(bench.has("Layer 8: Fully connected"), "the layer of the row is selected");
}

#[test]
fn it_is_copied_as_text_and_as_csv() {
    let mut bench = Bench::open("quickstart");
    bench.press(Modifiers::NONE, Key::L);
    let csv = copied(&mut bench, "Copy as CSV");
    assert!(csv.contains("layers.0,Convolution,8,24,24,208,115200,"), "{csv}");
    assert!(copied(&mut bench, "Copy as text").contains("total"));
}
