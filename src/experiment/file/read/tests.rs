use proptest::prelude::*;

use super::*;
use crate::experiment::{Augment, Initialisation, Normalise, Optimiser, Schedule, WarmUp, shipped};
use crate::tensor::Extent;

/// What is said about a wrong file.
fn check(text: &str, expected: &str) {
    let problem = parse(text).expect_err(text);
    assert_eq!(problem.to_string(), expected, "{text}");
}

/// What is said about the line of a section, line 4.
fn check_line(section: &str, line: &str, expected: &str) {
    check(&format!("[network]\npreset = \"lenet\"\n[{section}]\n{line}"), &format!("line 4: {expected}"));
}

#[test]
fn every_key_is_read() {
    let experiment = parse(
        r#"
        title = "All of it"
        seed = 0x10
        [data]
        source = "cifar-10"
        train = 1_000
        test = "all"
        shuffle = false
        normalise = "pixel-mean"
        augment = { flip = true, crop = 4 }
        size = 32
        [network]
        input = [3, 32, 32]
        layers = ["relu"]
        [train]
        optimiser = { nesterov = 0.95 }
        rate = 1
        reference-batch = 64
        warm-up = { epochs = 5, from = 0.5 }
        schedule = { drop = 0.1, at = [82, 123.5] }
        weight-decay = 1e-4
        decay-all = true
        clip = 2
        batch = 128
        epochs = 164
        initialisation = "xavier"
        zero-residual = true
        "#,
    )
    .unwrap();
    assert_eq!((experiment.title.as_str(), experiment.seed), ("All of it", 16));
    let data = &experiment.data;
    assert_eq!((data.source.as_str(), data.train, data.test), ("cifar-10", Some(1000), None));
    assert_eq!((data.shuffle, data.normalise, data.size), (false, Normalise::PixelMean, Some([32, 32])));
    assert_eq!(data.augment, Augment { flip: true, crop: 4, ..Augment::default() });
    match experiment.network {
        NetworkChoice::Layers { input, layers } => {
            assert_eq!((input, layers.len()), (Some(Extent::new(3, 32, 32)), 1));
        }
        NetworkChoice::Preset(name) => panic!("{name}"),
    }
    let train = &experiment.train;
    assert_eq!(train.optimiser, Optimiser::Nesterov { momentum: 0.95 });
    assert_eq!(train.schedule, Schedule::Steps { drop: 0.1, at: vec![82.0, 123.5] });
    assert_eq!((train.rate, train.weight_decay, train.batch, train.epochs), (1.0, 1e-4, 128, 164));
    assert_eq!((train.reference_batch, train.warm_up), (Some(64), WarmUp { epochs: 5.0, from: 0.5 }));
    assert_eq!((train.decay_all, train.clip), (true, Some(2.0)));
    assert_eq!(train.initialisation, Initialisation::XAVIER);
    assert!(train.zero_residual);
}

#[test]
fn what_is_left_out_takes_the_default() {
    let experiment = parse("network.preset = 'lenet'").unwrap();
    let network = NetworkChoice::Preset("lenet".into());
    assert_eq!(experiment, Experiment { network, ..Experiment::default() });
}

#[test]
fn text_that_is_no_toml_is_refused_with_its_line() {
    check("title = \"a\"\nseed = = 3", "line 2: This is no valid TOML: extra `=`.");
    check("[network]\nlayers = [ \"relu\"\n", "line 2: This is no valid TOML: unclosed array, expected `]`.");
    check(
        "[network]\npreset = lenet",
        "line 2: This is no valid TOML: string values must be quoted, expected literal string.",
    );
    check("seed = 1\nseed = 2", "line 2: This is no valid TOML: duplicate key.");
}

#[test]
fn unknown_keys_are_answered_with_the_nearest_right_word() {
    check_line(
        "train",
        "optimizer = 'sgd'",
        "There is no key `optimizer` in `[train]`; did you mean `optimiser`?",
    );
    check_line("train", "lr = 0.1", "There is no key `lr` in `[train]`; did you mean `rate`?");
    check_line(
        "train",
        "weight_decay = 0.1",
        "There is no key `weight_decay` in `[train]`; did you mean `weight-decay`?",
    );
    check_line("data", "batch = 3", "`batch` belongs under `[train]`.");
    check_line("train", "seed = 3", "`seed` belongs at the top, before `[data]`.");
    check(
        "[trian]\nrate = 3\n[network]\npreset = 'mlp'",
        "line 1: There is no key `trian` in an experiment; did you mean `train`?",
    );
}

#[test]
fn a_key_in_the_wrong_place_is_sent_home() {
    check("rate = 3\nnetwork.preset = 'lenet'", "line 1: `rate` belongs under `[train]`.");
    check(
        "zebra = 3\nnetwork.preset = 'lenet'",
        "line 1: There is no key `zebra` in an experiment, which has `title`, `seed`, `data`, `network` and `train`.",
    );
    check(
        "network.preset = 'lenet'\ndata.zebra = 3",
        "line 2: There is no key `zebra` in `[data]`, which has `source`, `train`, `test`, `size`, `shuffle`, \
         `normalise`, `augment`, `noise`, `permute` and `hold-out`.",
    );
}

#[test]
fn values_of_the_wrong_type_or_out_of_bounds_are_refused() {
    check_line("train", "rate = 'fast'", "`rate` must be a number from 0 to 1000; found \"fast\".");
    check_line("train", "rate = nan", "`rate` must be a number from 0 to 1000; found nan.");
    check_line("train", "rate = +inf", "`rate` must be a number from 0 to 1000; found +inf.");
    check_line("train", "rate = 1e99", "`rate` must be a number from 0 to 1000; found 1e99.");
    check_line("train", "rate = -1", "`rate` must be a number from 0 to 1000; found -1.");
    check_line("train", "batch = 64.0", "`batch` must be a whole number from 1 to 65536; found 64.0.");
    check_line("train", "batch = 0", "`batch` must be a whole number from 1 to 65536; found 0.");
    check_line(
        "train",
        "epochs = 99999999999999999999999999",
        "`epochs` must be a whole number from 1 to 1000000; found 99999999999999999999999999.",
    );
    check_line("train", "batch = [32]", "`batch` must be a whole number from 1 to 65536; found a list of 1.");
    check_line("data", "shuffle = 1", "`shuffle` must be true or false; found 1.");
    check_line(
        "data",
        "source = ''",
        "`source` must be the name of a data set or the path to one, in quotes; found \"\".",
    );
    check_line(
        "data",
        "train = 'most'",
        "`train` must be a whole number from 1 to 1000000000, or \"all\"; found \"most\".",
    );
    check_line(
        "data",
        "size = [3, 3, 3]",
        "`size` must be a whole number from 1 to 4096, or two of them, [height, width]; found a list of 3.",
    );
    check_line(
        "data",
        "source = 2020-01-01",
        "`source` must be the name of a data set or the path to one, in quotes; found the date 2020-01-01.",
    );
    check(
        "seed = -1\nnetwork.preset = 'mlp'",
        "line 1: `seed` must be a whole number from 0 to 18446744073709551615; found -1.",
    );
    check("data = 3\nnetwork.preset = 'mlp'", "line 1: `data` must be a table, `[data]`; found 3.");
}

#[test]
fn wrong_words_are_answered_with_the_nearest_right_one() {
    check_line(
        "data",
        "normalise = 'pixelmean'",
        "`normalise` must be `none`, `per-channel` or `pixel-mean`; found \"pixelmean\". Did you mean `pixel-mean`?",
    );
    check_line(
        "train",
        "optimiser = 'momentun'",
        "`optimiser` must be `sgd`, `momentum`, `nesterov`, `adagrad`, `rmsprop`, `adam` or `adamw`; found \"momentun\". Did you mean `momentum`?",
    );
    check_line(
        "train",
        "initialisation = 3",
        "`initialisation` must be `he`, `xavier`, `glorot`, `normal`, `constant`, `zero` or `dirac`, or a table such as \
         { name = \"he\", fan-out = true }; found 3.",
    );
}

#[test]
fn tables_of_settings_are_checked_inside() {
    check_line(
        "train",
        "schedule = 'stops'",
        "`schedule` must be `constant`, `steps`, `cosine`, `plateau` or `range`; found \"stops\". Did you mean `steps`?",
    );
    check_line(
        "train",
        "schedule = 'steps'",
        "`schedule` lacks `drop`, the factor on the rate at each step. Write it as in { drop = 0.1, at = [82, 123] }.",
    );
    check_line(
        "train",
        "schedule = 0.1",
        "`schedule` must be `constant`, `steps`, `cosine`, `plateau` or `range`, or a table such as { drop = 0.1, at = [82, 123] }; found 0.1.",
    );
    check_line(
        "train",
        "schedule = { drop = 0.1, when = [3] }",
        "There is no key `when` in the schedule `steps`, which has `drop` and `at`. Write it as in { drop = 0.1, at = [82, 123] }.",
    );
    check_line(
        "train",
        "schedule = { drop = 0.1 }",
        "`schedule` lacks `at`, the epochs at which the rate drops. Write it as in { drop = 0.1, at = [82, 123] }.",
    );
    check_line(
        "train",
        "schedule = { at = [1] }",
        "`schedule` lacks `drop`, the factor on the rate at each step. Write it as in { drop = 0.1, at = [82, 123] }.",
    );
    check_line(
        "train",
        "schedule = { drop = 0.1, at = [-1] }",
        "`at` must be a number from 0 to 1e6; found -1.",
    );
    check_line(
        "train",
        "schedule = { drop = 0.1, at = 3 }",
        "`at` must be a list of up to 1000 numbers, such as [82, 123]; found 3.",
    );
    check_line(
        "train",
        "optimiser = { name = 'adam', beta3 = 1 }",
        "There is no key `beta3` in the optimiser `adam`; did you mean `beta1`?",
    );
    check_line(
        "train",
        "optimiser = { adam = true }",
        "`adam` is in the wrong place: the name of the optimiser stands alone, in quotes, or with settings as in \
         { name = \"adam\", beta1 = 0.9 }.",
    );
    check_line(
        "train",
        "optimiser = { name = 'sgd', momentum = 1 }",
        "There is no key `momentum`: the optimiser `sgd` has none.",
    );
    check_line("train", "optimiser = { momentum = 2 }", "`momentum` must be a number from 0 to 1; found 2.");
    check_line("train", "clip = 'nun'", "`clip` must be a number from 1e-6 to 1e6; found \"nun\".");
    check_line("train", "warm-up = -1", "`warm-up` must be a number from 0 to 1e6; found -1.");
    check_line(
        "train",
        "warm-up = { epoch = 5 }",
        "There is no key `epoch` in `warm-up`; did you mean `epochs`?",
    );
    check_line("train", "clip = 0", "`clip` must be a number from 1e-6 to 1e6; found 0.");
    check_line("data", "augment = { crop = 65 }", "`crop` must be a whole number from 0 to 64; found 65.");
    check_line(
        "data",
        "augment = true",
        "`augment` must be a table such as { flip = true, crop = 4 }, or \"none\"; found true.",
    );
}

#[test]
fn a_network_must_be_given_once() {
    check("", "There is no network. Give `preset = \"resnet-20\"` or `layers = [ … ]` under `[network]`.");
    check(
        "[network]",
        "line 1: There is no network here. Give `preset = \"resnet-20\"` or `layers = [ … ]`.",
    );
    check(
        "[netwrok]\npreset = 'mlp'",
        "line 1: There is no key `netwrok` in an experiment; did you mean `network`?",
    );
    check("[network]\nlayer = []", "line 2: There is no key `layer` in `[network]`; did you mean `layers`?");
    check(
        "[network]\npreset = 'mlp'\nlayers = []",
        "line 3: A network is either a `preset` or its `layers`, not both. Leave one out.",
    );
    check(
        "[network]\npreset = 'mlp'\ninput = [1, 28, 28]",
        "line 3: `input` belongs to `layers`; a preset takes the shape of the pictures. Leave it out.",
    );
    check(
        "[network]\npreset = 'resnet-21'",
        "line 2: There is no preset `resnet-21`: the number of layers is 6n + 2, or for ImageNet one of 18, 34, \
         50, 101, 152. The nearest are `resnet-20` and `resnet-26`.",
    );
    check(
        "[network]\ninput = [32, 32]\nlayers = []",
        "line 2: `input` must be the shape of a picture, [channels, height, width], with up to 65536 channels and \
         4096 pixels to a side; found a list of 2.",
    );
}

#[test]
fn a_text_that_is_too_long_is_refused() {
    let text = " ".repeat(MAX_BYTES + 1);
    assert_eq!(
        parse(&text).unwrap_err().to_string(),
        "The file is longer than the 1048576 bytes that an experiment may have."
    );
}

#[test]
fn a_file_is_loaded_with_its_path_in_every_complaint() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    let message = || load(&path).unwrap_err().to_string().replace(&path.display().to_string(), "mine.toml");
    assert!(message().starts_with("mine.toml: The file cannot be read: "));
    std::fs::write(&path, "seed = 1\n\n[network]\npreset = 3\n").unwrap();
    assert_eq!(
        message(),
        "mine.toml, line 4: `preset` must be the name of a preset such as \"resnet-20\"; found 3."
    );
    std::fs::write(&path, b"seed = 1\ntitle = \"\xff\"").unwrap();
    assert_eq!(message(), "mine.toml, line 2: The file is no text in UTF-8, as an experiment must be.");
    std::fs::write(&path, vec![b'#'; MAX_BYTES + 1]).unwrap();
    assert_eq!(
        message(),
        "mine.toml: The file is longer than the 1048576 bytes that an experiment may have."
    );
    std::fs::write(&path, "\u{feff}network.preset = 'mlp'\r\n").unwrap();
    assert!(load(&path).is_ok());
    assert!(load(folder.path()).unwrap_err().message.starts_with("This is a folder"));
}

proptest! {
    #[test]
    fn no_text_is_a_panic(text in any::<String>()) {
        let _ = parse(&text);
    }

    /// Random text made of what the grammar is made of gets further than random letters.
    #[test]
    fn no_soup_of_tokens_is_a_panic(tokens in prop::collection::vec(prop::sample::select(TOKENS), 0..60)) {
        let text = tokens.join(" ");
        let _ = parse(&text);
        let _ = parse(&format!("[network]\nlayers = [{text}]"));
        let _ = Experiment::default().set(tokens.first().unwrap_or(&""), &text);
    }

    /// Files that ship, with a few places overwritten by other pieces.
    #[test]
    fn no_mutation_of_a_good_file_is_a_panic(
        which in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..8, prop::sample::select(TOKENS)), 1..4),
    ) {
        let names: Vec<&str> = shipped::names().collect();
        let experiment = shipped::get(names[which.index(names.len())]).unwrap();
        let mut text: Vec<char> = crate::experiment::file::write(&experiment).chars().collect();
        for (at, n_removed, token) in edits {
            let at = at.index(text.len());
            let end = (at + n_removed).min(text.len());
            text.splice(at..end, token.chars());
        }
        let text: String = text.into_iter().collect();
        if let Err(problem) = parse(&text) {
            prop_assert!(!problem.message.is_empty());
        }
    }
}

const TOKENS: &[&str] = &[
    "[",
    "]",
    "{",
    "}",
    "=",
    ",",
    ".",
    "\n",
    "\"",
    "'",
    "#",
    "-1",
    "0",
    "3",
    "1e400",
    "nan",
    "inf",
    "true",
    "0xffffffffffffffffffff",
    "2020-01-01",
    "\"relu\"",
    "\"conv\"",
    "layers",
    "layer",
    "conv",
    "max-pool",
    "repeat",
    "branches",
    "merge",
    "\"add\"",
    "kernel",
    "dropout",
    "[network]",
    "[train]",
    "[data]",
    "[[data]]",
    "preset",
    "\"resnet-20\"",
    "input",
    "optimiser",
    "\"adam\"",
    "schedule",
    "drop",
    "at",
    "seed",
    "title",
    "augment",
    "size",
    "rate",
    "ß",
    "\u{feff}",
    "\0",
    "\r",
];
