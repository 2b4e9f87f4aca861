//! What a person learns about a net before it runs: formulas, shaders, warnings, the table of all layers.

use egui::{Key, Modifiers};

use super::fixture::Bench;

#[test]
fn a_card_tells_its_formula_and_shows_its_shader() {
    let mut bench = Bench::open("quickstart");
    bench.click("Actions for Layer 2: ReLU");
    assert!(bench.has(r"y = \max(0, x)"), "the formula is typeset, and has its source for a screen reader");
    assert!(bench.has_text("Nair, Hinton 2010"));
    bench.click("Show its shader…");
    assert!(bench.has("shaders/activation.wgsl") && bench.has_text("fn "));
    bench.commands();
    bench.press(Modifiers::NONE, Key::Space);
    assert!(bench.commands().is_empty(), "keys are the shader's while it is shown");
    bench.press(Modifiers::NONE, Key::Escape);
    assert!(!bench.has("shaders/activation.wgsl"));
}
