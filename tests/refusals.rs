//! What the program refuses: one message, with the place and the remedy, before anything takes long.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

fn convscope(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_convscope")).args(arguments).output().expect("the program runs")
}

/// Bad input: exit code 2, one message that holds these words, nothing on standard output.
fn refused(arguments: &[&str], words: &[&str]) -> String {
    refused_with(2, arguments, words)
}

fn refused_with(code: i32, arguments: &[&str], words: &[&str]) -> String {
    let output = convscope(arguments);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {message}");
    for word in words {
        assert!(message.contains(word), "{arguments:?}: `{word}` is not in: {message}");
    }
    assert!(output.stdout.is_empty());
    message
}

/// A file in a folder.
fn written(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("room");
    path.display().to_string()
}

#[test]
fn bad_input_is_one_sentence_and_exit_code_2() {
    refused(&["train", "resnet-18"], &["`resnet-18` is a preset", "--set network.preset=resnet-18"]);
    refused(&["describe", "resnt-50"], &["did you mean `resnet-50`?"]);
    // The nearest names come first, and no list of all others behind them.
    let message = refused(
        &["describe", "resnet-51"],
        &["convscope: There is no preset `resnet-51`", "nearest are `resnet-50` and `resnet-56`"],
    );
    assert!(!message.contains("quickstart"), "{message}");
    refused(&["train", "quikstart"], &["quickstart"]);
    refused(&["train", "no/such/file.toml"], &["no/such/file.toml"]);
    refused(&["train", "quickstart", "--set", "train.bach=3"], &["train.bach", "batch"]);
    refused(&["train", "quickstart", "--set", "train.batch"], &["no `=`"]);
    refused(&["train", "quickstart", "--set", "data.train=10", "--device", "cpu"], &["batch", "10"]);
    refused(&["train", "quickstart", "--set", "network.layers=[{conv=8,kernel=40}]"], &["layers.0", "40×40"]);
    refused(&["train", "quickstart", "--set", "network.preset=resnet-21"], &["resnet-20"]);
    refused(&["train", "quickstart", "--device", "no such adapter"], &["no such adapter", "cpu"]);
    refused(&["eval", "quickstart", "--weights", "nowhere.safetensors"], &["nowhere.safetensors"]);
    refused(&["describe", "resnet-21"], &["resnet-20"]);
    refused(&["train", "quickstart", "--epochs", "1", "--steps", "1"], &["--epochs", "--steps"]);
}

/// Half a million pictures of 60×60 would take minutes to make and gigabytes to hold: what cannot be done with them is said
/// before.
#[test]
fn what_cannot_be_is_refused_before_pictures_are_made() {
    let many = [
        "--set",
        "data.train=500000",
        "--set",
        "data.test=1",
        "--set",
        "data.size=[50, 50]",
        "--device",
        "cpu",
    ];
    let quickly = |arguments: &[&str], code: i32, words: &[&str]| {
        let begin = Instant::now();
        refused_with(code, &[arguments, &many[..]].concat(), words);
        assert!(begin.elapsed() < Duration::from_secs(60), "{arguments:?} took {:?}", begin.elapsed());
    };
    let train = ["train", "quickstart", "--set"];
    quickly(
        &[&train[..], &["data.noise={ share = 0.1, to = \"x\" }"]].concat(),
        2,
        &["`x`", "its classes are `0`, `1`"],
    );
    quickly(
        &[&train[..], &["data.augment.cutout=50"]].concat(),
        2,
        &["`data.augment.cutout`", "smaller than 50"],
    );
    quickly(
        &[&train[..], &["network.layers=[{ conv = 8, kernel = 60 }]"]].concat(),
        2,
        &["layers.0", "60×60"],
    );
    quickly(
        &[
            &train[..],
            &[
                "data.test=2",
                "--set",
                "train.batch=65536",
                "--set",
                "network.layers=[{ conv = 4000, kernel = 9 }, \"global-average-pool\", { linear = 10 }]",
            ],
        ]
        .concat(),
        1,
        &["Training in batches of 65536 with its pictures needs", "GiB"],
    );
    refused(
        &["train", "quickstart", "--set", "data.train=1000", "--set", "train.batch=2000", "--device", "cpu"],
        &["A batch of 2,000 pictures is more than the 1,000 training pictures"],
    );
}

/// Where the system tells how much memory there is, a net that no computer holds is refused before its many pictures are
/// made.
#[test]
#[cfg(target_os = "linux")]
fn what_has_no_room_is_refused_before_it_is_looked_at() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out").display().to_string();
    let quickly = |command: &str, arguments: &[&str], layers: &str, words: &[&str]| {
        let layers = format!("network.layers=[{layers}]");
        let many = ["data.train=500000", "data.size=[50, 50]", &layers].map(|set| ["--set", set]);
        let begin = Instant::now();
        refused_with(1, &[&[command, "quickstart"], many.as_flattened(), arguments].concat(), words);
        assert!(begin.elapsed() < Duration::from_secs(20), "{arguments:?} took {:?}", begin.elapsed());
    };
    let weights = "{ repeat = 500, layers = [{ linear = 32768 }, \"relu\"] }, { linear = 10 }";
    let said = ["Holding the weights of this net and its pictures needs", "GiB", "this computer has"];
    quickly("inspect", &["filters", "--device", "cpu"], weights, &said);
    // What asks the net keeps its weights both here and on the device.
    let asked =
        ["Answering for one picture at a time, with the whole set, needs 3,994.0 GiB", "this computer has"];
    for what in ["confusion", "statistics", "surface"] {
        quickly("inspect", &[what, "--device", "cpu"], weights, &asked);
    }
    quickly("export", &["--to", "pytorch", "--out", &out], weights, &said);
    assert!(!Path::new(&out).exists(), "nothing is left behind");
}

#[test]
fn a_layer_that_does_not_fit_is_found_in_its_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "title = \"Mine\"\n\n[network]\nlayers = [\n  { conv = 8, kernel = 5 },\n  { repeat = 2, layers = [\n    { max-pool = 9 },\n  ] },\n]\n";
    let path = written(folder.path(), "mine.toml", text);
    for command in [&["train"][..], &["describe"], &["gradcheck"]] {
        refused(&[command, &[&path]].concat(), &[&format!("{path}, line 7: layers.1.1.0: ")]);
    }
    let twins =
        ["train", "quickstart", &path, "--lockstep", "--set", "data.train=500", "--set", "train.batch=32"];
    refused(&twins, &[&format!("{path}, line 7: layers.1.1.0: ")]);
    // Of layers that are not those of the file, the file has no lines.
    let other = refused(
        &["describe", &path, "--set", "network.layers=[{ linear = 3 }]"],
        &["layers.0: The last layer"],
    );
    assert!(!other.contains("line"), "{other}");
    let preset =
        written(folder.path(), "deep.toml", "[data]\nsource = \"rings\"\n[network]\npreset = \"lenet\"\n");
    refused(&["describe", &preset], &[&format!("{preset}, line 4: layers.")]);
}

#[test]
fn a_folder_to_write_into_is_missed_before_training() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("not/there/w.safetensors").display().to_string();
    for option in ["--save", "--log"] {
        let message = refused(
            &["train", "quickstart", option, &path, "--device", "cpu"],
            &["there is no folder", "not/there`. Make it (`mkdir -p"],
        );
        assert!(!message.contains("room"), "{message}");
    }
    let itself = folder.path().display().to_string();
    refused(&["train", "quickstart", "--save", &itself, "--device", "cpu"], &["it is a folder"]);
}

#[test]
fn a_file_that_is_no_picture_is_told_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let weights = folder.path().join("w.safetensors").display().to_string();
    let train = ["train", "quickstart", "--steps", "1", "--set", "data.train=100", "--set", "data.test=10"];
    assert!(convscope(&[&train[..], &["--save", &weights, "--device", "cpu"]].concat()).status.success());
    let notes = written(folder.path(), "notes.txt", "no picture");
    refused(
        &["predict", "quickstart", "--weights", &weights, &notes],
        &[&format!("`{notes}` cannot be read (it is no picture of a kind that is known here): give a PNG")],
    );
}

/// What would be refused is told where a net is described, with what there is.
#[test]
fn describe_says_what_would_be_refused() {
    let described = |more: &[&str]| -> serde_json::Value {
        let output = convscope(&[&["describe", "quickstart", "--json"], more].concat());
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let plain = described(&[]);
    assert_eq!(plain["refusals"], serde_json::json!([]));
    let large = described(&["--set", "data.train=1000", "--batch", "65536"]);
    let said = large["refusals"].to_string();
    assert!(said.contains("more than the 1,000 training pictures"), "{said}");
    if cfg!(target_os = "linux") {
        assert!(plain["available_bytes"].as_u64().expect("Linux tells") > 1 << 20);
        let layers = "network.layers=[{ conv = 4000, kernel = 9 }, \"global-average-pool\", { linear = 10 }]";
        let said = described(&["--set", layers, "--batch", "60000", "--set", "data.train=60000"])["refusals"]
            .to_string();
        assert!(said.contains("needs") && said.contains("this computer has"), "{said}");
    }
}
