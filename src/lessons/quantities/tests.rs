//! That each quantity comes to a number that means what its words say, on nets small enough to tell beforehand.

use std::time::Duration;

use crate::engine::{self, DeviceChoice};
use crate::lessons::bench::{Trial, Verdict};
use crate::lessons::{Files, Form, read};

const NET: &str = "data = { train = 64, test = 32 }\ntrain = { batch = 16, epochs = 1, rate = 0.01 }\n\
    [network]\nlayers = [{ conv = 4, stride = 4 }, 'batch-norm', 'relu', { conv = 4 }, 'relu', { linear = 10 }]\n";

/// What these facts come to, of `net`, `still` (the same at a rate of 0) and whatever `more` adds.
fn verdicts(more: &str, facts: &[&str]) -> Vec<Verdict> {
    let mut settings = format!(
        "title = \"A\"\nsummary = \"B.\"\nminutes = 5\n[experiments.net]\nfile = \"net.toml\"\n\
         [experiments.still]\nfrom = \"net\"\nset.train.rate = 0\n{more}\n"
    );
    let mut text = String::from("```check");
    for (i, fact) in facts.iter().enumerate() {
        settings.push_str(&format!("[checks.c{i}]\nsays = \"It is.\"\nfact = {fact}\nat-least = -1e9\n"));
        text.push_str(&format!(" c{i}"));
    }
    text.push_str("\n```\n");
    let files = [("lesson.toml", settings.as_str()), ("lesson.md", text.as_str()), ("net.toml", NET)];
    let files = Files::of_bytes("mine", files.map(|(name, text)| (name, text.as_bytes())));
    let lesson = read("mine", files).unwrap_or_else(|problem| panic!("{problem}"));
    let device = engine::open(&DeviceChoice::Cpu).expect("the processor");
    let limit = Duration::from_secs(60);
    let (hear, note) = (&|_: &str, _| true, &|_: &super::Quantity, _, _: &super::Measured| {});
    Trial { device, form: Form::Quick, seed: 0, limit, hear, note }.check(&lesson)
}

fn numbers(more: &str, facts: &[&str]) -> Vec<f64> {
    let found = verdicts(more, facts);
    found.iter().map(|verdict| verdict.observed.unwrap_or_else(|| panic!("{verdict:?}"))).collect()
}

#[test]
fn signals_and_gradients_are_those_of_the_net_as_it_stands() {
    let found = numbers(
        "",
        &[
            "{ signal = \"net\", layer = \"first\", at = \"start\" }",
            "{ gradient = \"net\", layer = \"layers.3\" }",
            "{ update-ratio = \"still\" }",
            "{ update-ratio = \"net\" }",
            "{ dead-share = \"net\" }",
            "{ signal-factor = \"net\", at = \"start\" }",
            "{ theory-factor = \"net\", at = \"start\" }",
        ],
    );
    assert!(found[..2].iter().all(|number| *number > 0.0), "{found:?}");
    assert!(found[2] == 0.0 && found[3] > 0.0, "a rate of 0 moves nothing: {found:?}");
    assert!((0.0..=1.0).contains(&found[4]), "{found:?}");
    assert!(
        (found[5] / found[6] - 1.0).abs() < 0.4,
        "a narrow net strays from theory, but not far: {found:?}"
    );
}

#[test]
fn what_multiplies_the_gradient_is_the_rate_or_less() {
    let adagrad = "[experiments.ada]\nfrom = \"net\"\nset.train.optimiser = \"adagrad\"\n\
                   [experiments.early]\nfrom = \"ada\"\nsteps = 1";
    let found = numbers(
        adagrad,
        &["{ effective-rate = \"net\" }", "{ effective-rate = \"ada\" }", "{ effective-rate = \"early\" }"],
    );
    assert!((found[0] - 0.01).abs() < 1e-6, "{found:?}");
    assert!(found[1] < found[2], "AdaGrad's only falls: {found:?}");
}

#[test]
fn the_wrong_mode_is_measured_by_batches() {
    let found = numbers("", &["{ batch-mode-error = \"net\", batch = 8 }", "{ batch-mode-error = \"net\" }"]);
    assert!(found.iter().all(|error| (0.0..=1.0).contains(error)), "{found:?}");
}

#[test]
fn a_layer_that_there_is_not_is_told_where_it_is_measured() {
    let found = verdicts("", &["{ gradient = \"net\", layer = \"layers.99\" }"]);
    assert_eq!(found[0].shown, "The net has no layer `layers.99` with weights; its first is `layers.0`.");
}
