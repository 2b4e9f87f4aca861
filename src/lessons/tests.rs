//! Each kind of mistake in a lesson and what is said of it; and what lessons that are right come to.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use super::bench::Trial;
use super::setup::Form;
use super::text::{Piece, pieces};
use super::{Files, Lesson, read, template};
use crate::engine::{self, DeviceChoice};
use crate::experiment::Initialisation;

const CONVNET: &str = "network.preset = \"quickstart\"\ndata.train = 64\ndata.test = 32\ntrain.batch = 16\ntrain.epochs = 1\n\
     train.initialisation = \"xavier\"\n";
const HEAD: &str = "title = \"A\"\nsummary = \"B.\"\nminutes = 5\n";

/// A lesson of these settings (behind the head of three lines) and this text.
fn lesson(settings: &str, text: &str) -> Result<Lesson, String> {
    let settings = format!("{HEAD}{settings}");
    let files = [("lesson.toml", settings.as_str()), ("lesson.md", text), ("convnet.toml", CONVNET)];
    let files = Files::of_bytes("mine", files.iter().map(|(name, text)| (*name, text.as_bytes())));
    read("mine", files).map_err(|problem| problem.to_string())
}

/// That a lesson is refused with this message.
fn refused(settings: &str, text: &str, expected: &str) {
    let found = lesson(settings, text).expect_err(expected);
    assert!(found.contains(expected), "expected {expected:?}\nfound    {found:?}");
}

/// The settings of one experiment and one check with this body.
fn with_check(body: &str) -> String {
    format!("[experiments.net]\nfile = \"convnet.toml\"\n[checks.a]\nsays = \"It learns.\"\n{body}")
}

const CHECK_A: &str = "Text.\n```check a\n```\n";

#[test]
fn mistakes_at_the_top_are_told_with_file_and_line() {
    refused(
        "numbr = 2",
        "Text.",
        "mine/lesson.toml, line 4: There is no key `numbr` in a lesson; did you mean `number`?",
    );
    refused(
        "number = \"two\"",
        "Text.",
        "line 4: `number` must be a whole number from 0 to 999; found \"two\".",
    );
    refused("number = 2 3", "Text.", "line 4: This is no valid TOML");
    refused("minutes = 7", "Text.", "line 4: This is no valid TOML");
    refused(
        "lock = \"network\"",
        "Text.",
        "line 4: `lock` must be a list of an experiment's keys and tables",
    );
    refused(
        "lock = [\n\"data\",\n\"train.rat\"]",
        "Text.",
        "lesson.toml, line 6: There is no key `train.rat`; did you mean `train.rate`?",
    );
    refused(
        "lock = [\"train.optimiser.momentum\"]",
        "Text.",
        "line 4: `train.optimiser.momentum` is a part of `train.optimiser`. Name that.",
    );
    let files = Files::of_bytes("mine", [("lesson.toml", b"title = \"A\"".as_slice()), ("lesson.md", b"T")]);
    let problem = read("mine", files).unwrap_err().to_string();
    assert_eq!(
        problem,
        "mine/lesson.toml: `summary` is missing. Write on top: summary = \"What it shows, in a sentence.\""
    );
}

#[test]
fn mistakes_in_experiments_are_told_where_they_stand() {
    refused(
        "[experiments.net]\nfile = \"convent.toml\"",
        "Text.",
        "lesson.toml, line 5: There is no file `convent.toml` in the folder; did you mean `convnet.toml`?",
    );
    refused(
        "[experiments.net]\nfile = \"../convnet.toml\"",
        "Text.",
        "line 5: `../convnet.toml` leads out of the lesson's folder. Copy the file into it and give its name.",
    );
    refused(
        "[experiments.net]\nfile = \"/etc/passwd\"",
        "Text.",
        "`/etc/passwd` leads out of the lesson's folder",
    );
    refused("[experiments.net]\nset.train.rate = 1", "Text.", "line 4: `net` needs one of `file`, `shipped`");
    refused(
        "[experiments.net]\nfile = \"convnet.toml\"\nset.train.lr = 1",
        "Text.",
        "line 6: There is no key `lr` in `[train]`; did you mean `rate`?",
    );
    refused(
        "[experiments.net]\nfile = \"convnet.toml\"\nset.data.source = \"../secret\"",
        "Text.",
        "line 4: `net` takes its pictures from `../secret`: a lesson takes them from the catalogue, not from a path",
    );
    refused(
        "[experiments.a]\nfrom = \"b\"\n[experiments.b]\nfrom = \"a\"",
        "Text.",
        "`a` is made from itself",
    );
    refused("[experiments.a]\nfrom = \"b\"", "Text.", "line 5: There is no experiment `b` in the lesson");
    refused("[experiments.a]\npreset = \"resnet-21\"", "Text.", "line 5: ");
    refused(
        "[experiments.net]\nfile = \"convnet.toml\"\nvary = [{ key = \"train.rat\", values = [1] }]",
        "Text.",
        "line 4: There is no key `train.rat`; did you mean `train.rate`?",
    );
    let values: Vec<String> = (1..=64).map(|i| i.to_string()).collect();
    let values = values.join(", ");
    refused(
        &format!(
            "[experiments.net]\nfile = \"convnet.toml\"\nvary = [{{ key = \"seed\", values = [{values}] }}, {{ key = \"train.batch\", values = [{values}] }}]"
        ),
        "Text.",
        "line 4: A grid of 4096 runs is more than the 256 allowed.",
    );
}

#[test]
fn a_mistake_in_an_experiments_own_file_is_told_there() {
    let files = [
        ("lesson.toml", format!("{HEAD}[experiments.net]\nfile = \"net.toml\"")),
        ("lesson.md", "Text.".into()),
        ("net.toml", "title = \"x\"\nnetwork.preset = \"lenett\"".into()),
    ];
    let files = Files::of_bytes("mine", files.iter().map(|(name, text)| (*name, text.as_bytes())));
    let problem = read("mine", files).unwrap_err().to_string();
    assert!(problem.starts_with("mine/net.toml, line 2: There is no preset `lenett`"), "{problem}");
}

#[test]
fn mistakes_in_checks_are_told_with_the_nearest_word() {
    for (body, expected) in [
        ("at-most = 1", "line 6: The check `a` lacks `fact`"),
        ("fact = { test-error = \"net\" }", "line 6: The check `a` lacks a bound"),
        (
            "fact = { tets-error = \"net\" }\nat-most = 1",
            "line 8: There is no key `tets-error` in a fact; did you mean `test-error`?",
        ),
        (
            "fact = { test-error = \"net\", att = 1 }\nat-most = 1",
            "line 8: There is no key `att` in `test-error`; did you mean `at`?",
        ),
        (
            "fact = { test-error = \"net\", at = \"last\" }\nat-most = 1",
            "line 8: `at` must be \"start\", \"end\", \"best\" or a number of epochs; found \"last\".",
        ),
        (
            "fact = { signal = \"net\", layer = 1 }\nat-most = 1",
            "line 8: `layer` must be the path of a layer",
        ),
        (
            "fact = { removal = \"net\", over = \"all\" }\nat-most = 1",
            "line 8: `over` must be `least`, `median`, `mean` or `most`; found \"all\".",
        ),
        (
            "fact = { test-error = \"nett\" }\nat-most = 1",
            "line 6: There is no experiment `nett` in the lesson; did you mean `net`?",
        ),
        (
            "fact = { test-error = \"net\" }\nat-moste = 1",
            "line 9: There is no key `at-moste` in a check; did you mean `at-most`?",
        ),
        (
            "fact = { test-error = \"net\" }\nwithin = 1",
            "line 9: `within` needs `of`, what it is measured from",
        ),
        (
            "fact = { ratio = [1] }\nat-most = 1",
            "line 8: `ratio` must be a list of two facts; found a list of 1.",
        ),
        ("fact = { count = { test-error = \"net\" } }\nat-most = 1", "line 8: `count` needs a bound"),
        (
            "fact = { where-least = { test-error = \"net\" }, of = \"train.rate\" }\nat-most = 1",
            "`train.rate` is not varied in `net`",
        ),
        ("fact = \"high\"\nat-most = 1", "line 8: `fact` must be a number, or a fact"),
    ] {
        refused(&with_check(body), CHECK_A, expected);
    }
    let deep = format!("fact = {}1{}\nat-most = 1", "{ ratio = [1, ".repeat(9), "] }".repeat(9));
    refused(&with_check(&deep), CHECK_A, "Facts stand too deep in one another");
    let grid = "[experiments.net]\nfile = \"convnet.toml\"\nvary = [{ key = \"train.rate\", values = [1, 2] }]\n\
                [checks.a]\nsays = \"x\"\nfact = { test-error = \"net\" }\nat-most = 1";
    refused(grid, CHECK_A, "`net` is a grid of runs: sum it up by `count`");
    let preset = "[experiments.net]\npreset = \"resnet-50\"\n[checks.a]\nsays = \"x\"\nfact = { test-error = \"net\" }\nat-most = 1";
    refused(preset, CHECK_A, "is looked at and not run: `test-error` cannot be measured on it");
}

#[test]
fn mistakes_in_predictions_are_told() {
    let with = |body: &str| format!("[experiments.net]\nfile = \"convnet.toml\"\n[predictions.a]\n{body}");
    let text = "```predict a\n```";
    refused(&with("choices = [\"x\", \"y\"]"), text, "line 6: The prediction `a` lacks `ask`");
    refused(
        &with("ask = \"?\""),
        text,
        "line 6: The prediction `a` needs one of `choices`, `number` and `curve`.",
    );
    refused(
        &with("ask = \"?\"\nchoices = [\"x\"]"),
        text,
        "line 8: `choices` must be a list of 2 to 8 choices",
    );
    refused(
        &with("ask = \"?\"\ncurve = { parameters = \"net\" }"),
        text,
        "line 8: `curve` must be what curves tell",
    );
    refused(
        &with("ask = \"?\"\nchoices = [{ says = \"x\", above = 1 }, \"y\"]"),
        text,
        "line 8: A choice needs both `fact` and a bound, or neither.",
    );
    let both = format!(
        "{}\n[predictions.a]\nask = \"?\"\nchoices = [\"x\", \"y\"]",
        with_check("fact = 1\nat-most = 1")
    );
    refused(&both, CHECK_A, "`a` is both a prediction and a check.");
}

#[test]
fn mistakes_in_the_text_are_told_with_its_line() {
    let settings = with_check("fact = { test-error = \"net\" }\nat-most = 1");
    for (text, expected) in [
        ("Text.", "lesson.toml: `a` does not stand in the text. Put a block ```check a``` where it belongs."),
        ("", "lesson.md: The text is empty."),
        ("One.\n\n```check a\n", "lesson.md, line 3: The block that begins here has no end."),
        ("One.\n```check b\n```", "lesson.md, line 2: There is no check `b` in `lesson.toml`"),
        ("One.\n```check\n```", "line 2: The block `check` lacks a name"),
        ("```chekc a\n```", "line 1: There is no block `chekc`; did you mean `check`?"),
        ("```check a\nx\n```", "line 1: A block `check` has nothing inside"),
        (
            "```run nett\n```\n```check a\n```",
            "line 1: There is no experiment `nett` in `lesson.toml`; did you mean `net`?",
        ),
        ("```live curve\n```", "line 1: There is no live part `curve`; did you mean `curves`?"),
        (
            "x\n```live curves\n\noff = \"net\"\n```",
            "line 4: There is no key `off` in `live curves`; did you mean `of`?",
        ),
        ("```live descent\nrules = [\"sdg\"]\n```", "found \"sdg\". Did you mean `sgd`?"),
        (
            "x\n```live signals\ndepth = 99\n```",
            "line 3: `depth` must be a whole number from 2 to 60; found 99.",
        ),
        (
            "```live curves\nof = [\"net\"]\nover = \"time\"\n```",
            "line 3: `over` must be `epochs` or `rate`; found \"time\".",
        ),
        ("```live curves\nof = [\"nett\"]\n```", "line 1: There is no experiment `nett`"),
        ("![A net](net.png)\n", "line 1: There is no file `net.png` in the folder"),
        ("![A net](../net.png)\n", "line 1: `../net.png` leads out of the lesson's folder"),
        ("```stage b\n```", "line 1: There is no prediction or check `b`"),
        ("```step one\n```", "line 1: A block `step` has no name."),
    ] {
        refused(&settings, text, expected);
    }
}

#[test]
fn a_text_is_cut_into_pieces_and_code_stays_in_it() {
    let text = "# One\n\n```python\nx = 1\n```\nTwo ```code``` here.\n\n```hint Look here\n*Three*\n```\n~~~\n```check a\n~~~\n\
                ```run a, b\n```\n";
    let found: Vec<Piece> = pieces(text).unwrap().into_iter().map(|placed| placed.piece).collect();
    let [Piece::Markdown(first), Piece::Hint { title, text }, Piece::Markdown(code), Piece::Run(names)] =
        &found[..]
    else {
        panic!("{found:?}");
    };
    assert!(first.contains("```python\nx = 1\n```\nTwo ```code``` here."), "{first}");
    assert_eq!((title.as_str(), text.as_str()), ("Look here", "*Three*"));
    assert!(code.contains("~~~\n```check a\n~~~"), "{code}");
    assert_eq!(names[..], ["a", "b"]);
}

#[test]
fn steps_of_a_presentation_begin_at_headings_or_where_a_block_says_so() {
    let steps_of = |text: &str| {
        let pieces: Vec<Piece> = pieces(text).unwrap().into_iter().map(|placed| placed.piece).collect();
        super::text::steps(&pieces)
    };
    let text = "# Title\n\nText.\n\n```hint A\n## Not one\n```\n\n## One\nText.\n## Two\n";
    assert_eq!(steps_of(text), [0, 2, 3]);
    let text = "# Title\n\n## One\n\n```step\n```\nText.\n\n## Two\n";
    assert_eq!(steps_of(text), [0, 2]);
    assert_eq!(steps_of("```step\n```\nText.\n```step\n```\nText.\n"), [0, 2]);
}

#[test]
fn a_folder_and_an_archive_of_it_are_the_same_lesson() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("my-first_lesson");
    template::write(&folder).unwrap();
    let from_folder = read("x", Files::open(&folder).unwrap()).unwrap();
    assert_eq!(from_folder.title, "My first lesson");
    let archive = place.path().join("lesson.zip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&archive).unwrap());
    for entry in std::fs::read_dir(&folder).unwrap().flatten() {
        let name = format!("my-first_lesson/{}", entry.file_name().to_string_lossy());
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&std::fs::read(entry.path()).unwrap()).unwrap();
    }
    zip.finish().unwrap();
    let from_archive = read("x", Files::open(&archive).unwrap()).unwrap();
    assert_eq!(from_archive.title, from_folder.title);
    assert_eq!(from_archive.files.names().collect::<Vec<_>>(), ["convnet.toml", "lesson.md", "lesson.toml"]);
    let again = template::write(&folder).unwrap_err().to_string();
    assert!(again.contains("There is something of this name already."), "{again}");
}

#[test]
fn no_link_and_no_archive_leads_outside() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("lesson");
    template::write(&folder).unwrap();
    #[cfg(unix)]
    {
        let secret = place.path().join("secret.toml");
        std::fs::write(&secret, CONVNET).unwrap();
        std::fs::remove_file(folder.join("convnet.toml")).unwrap();
        std::os::unix::fs::symlink(&secret, folder.join("convnet.toml")).unwrap();
        let problem = read("x", Files::open(&folder).unwrap()).unwrap_err().to_string();
        assert!(
            problem.contains("`convnet.toml` is a link, which is not followed. Copy the file"),
            "{problem}"
        );
        std::fs::remove_file(folder.join("lesson.md")).unwrap();
        let problem = Files::open(&folder).unwrap_err().to_string();
        assert!(problem.contains("lesson.md: `lesson.md` is missing. A lesson has"), "{problem}");
    }
    let archive = place.path().join("evil.zip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&archive).unwrap());
    zip.start_file("../../lesson.toml", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(b"title = 1").unwrap();
    zip.finish().unwrap();
    let problem = Files::open(&archive).unwrap_err().to_string();
    assert!(problem.contains("leads out of its folder"), "{problem}");
    let no_zip = place.path().join("text.zip");
    std::fs::write(&no_zip, "no zip").unwrap();
    let problem = Files::open(&no_zip).unwrap_err().to_string();
    assert!(problem.contains("This is no folder and no zip archive of a lesson"), "{problem}");
}

/// Zeros pack a thousandfold: what counts is what comes out.
#[test]
fn what_is_too_large_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let archive = place.path().join("bomb.zip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&archive).unwrap());
    zip.start_file("lesson.md", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(&vec![b' '; 9 << 20]).unwrap();
    zip.finish().unwrap();
    let problem = Files::open(&archive).unwrap_err().to_string();
    assert!(problem.contains("The file is larger than 8.0 MiB."), "{problem}");
    refused(
        &format!("# {}", "x".repeat(600 << 10)),
        "Text.",
        "longer than the 524288 bytes that a text may have",
    );
}

/// Tries a lesson on the CPU.
fn verdicts(lesson: &Lesson, form: Form, limit: Duration) -> Vec<super::bench::Verdict> {
    let device = engine::open(&DeviceChoice::Cpu).unwrap();
    Trial { device: Arc::clone(&device), form, seed: 0, limit, hear: &|_, _| true, note: &|_, _, _| {} }
        .check(lesson)
}

#[test]
fn facts_are_measured_on_runs() {
    let settings = "[experiments.net]\nfile = \"convnet.toml\"\n\
        [experiments.rates]\nfrom = \"net\"\nvary = [{ key = \"train.rate\", values = [0.0, 0.02, 1000.0] }]\n\
        [experiments.deep]\npreset = \"resnet-50\"\n\
        [checks.a]\nsays = \"x\"\nfact = { train-loss = \"net\", at = \"start\" }\nwithin = 1.5\nof = 2.3026\n\
        [checks.b]\nsays = \"x\"\nfact = { parameters = \"deep\" }\nequals = 25_557_032\n\
        [checks.c]\nsays = \"x\"\nfact = { where-least = { train-loss = \"rates\" }, of = \"train.rate\" }\nequals = 0.02\n\
        [checks.d]\nsays = \"x\"\nfact = { count = { train-loss = \"rates\" }, below = 100 }\nequals = 2\n\
        [checks.e]\nsays = \"x\"\nfact = { ratio = [{ height = \"net\", layer = \"layers.0\" }, { width = \"net\", layer = \"layers.0\" }] }\nequals = 1\n\
        [checks.f]\nsays = \"x\"\nfact = { test-error = \"net\" }\nat-most = { fact = { test-error = \"net\" }, times = 0.5, plus = -0.1 }\n\
        [checks.g]\nsays = \"x\"\nfact = { channels = \"net\", layer = \"layers.99\" }\nequals = 1\n";
    let lesson = lesson(settings, "```check a b c d e f g\n```").unwrap();
    let found = verdicts(&lesson, Form::Quick, Duration::from_secs(60));
    let held: Vec<bool> = found.iter().map(|verdict| verdict.held).collect();
    assert_eq!(held, [true, true, true, true, true, false, false], "{found:#?}");
    assert_eq!((found[1].expected.as_str(), found[1].shown.as_str()), ("exactly 25,557,032", "25,557,032"));
    assert!(
        found[5].expected.starts_with("at most 0.5 × test error of net − 10 % (= "),
        "{}",
        found[5].expected
    );
    assert!(found[6].shown.starts_with("The net has no layer `layers.99`"), "{}", found[6].shown);
}

#[test]
fn a_grid_varies_whatever_an_experiment_has() {
    let settings = "[experiments.net]\nfile = \"convnet.toml\"\n\
        vary = [{ key = \"train.initialisation\", values = [\"he\", { name = \"he\", scale = 0.5 }] },\n\
                { key = \"train.initialisation.scale\", values = [0.1, 2] }]\n";
    let lesson = lesson(settings, "Text.").unwrap();
    let cells = lesson.setup("net").unwrap().cells(Form::Quick);
    assert_eq!(cells.len(), 4);
    assert_eq!(cells[3].values, ["{ name = \"he\", scale = 0.5 }", "2"]);
    let initialisation = cells[3].experiment.train.initialisation;
    assert!(matches!(initialisation, Initialisation::He { scale: 2.0, .. }), "{initialisation:?}");
}

#[test]
fn a_lesson_that_takes_too_long_is_stopped() {
    let settings = with_check("fact = { test-error = \"net\" }\nat-most = 1");
    let found = verdicts(&lesson(&settings, CHECK_A).unwrap(), Form::Quick, Duration::ZERO);
    assert!(!found[0].held && found[0].shown.contains("takes longer than"), "{found:?}");
}

/// The claims need the quick form; that experiments, checks and live parts still work, the short one shows.
#[test]
fn the_template_and_all_that_ship_work_in_the_short_form() {
    let place = tempfile::tempdir().unwrap();
    template::write(&place.path().join("new")).unwrap();
    let new = read("new", Files::open(&place.path().join("new")).unwrap()).unwrap();
    let all = super::shipped::names().map(|name| super::shipped::get(name).unwrap());
    for lesson in all.chain([new]) {
        for verdict in verdicts(&lesson, Form::Short, Duration::from_secs(1200)) {
            assert!(verdict.held, "{}: {verdict:?}", lesson.name);
        }
    }
}
