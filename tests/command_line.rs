//! The program as its user calls it: results, exit codes, messages.

use std::path::Path;
use std::process::{Command, Output};

fn convscope(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_convscope")).args(arguments).output().expect("the program runs")
}

/// The last line of standard output as JSON, of a run that succeeded.
fn json(arguments: &[&str]) -> serde_json::Value {
    let output = convscope(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    serde_json::from_str(text.lines().last().expect("a line")).expect("JSON")
}

/// Bad input: exit code 2, one message that holds these words, nothing on standard output.
fn refused(arguments: &[&str], words: &[&str]) {
    let output = convscope(arguments);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    for word in words {
        assert!(message.contains(word), "{arguments:?}: `{word}` is not in: {message}");
    }
    assert!(output.stdout.is_empty());
}

const QUICK: [&str; 6] = ["--set", "data.train=640", "--set", "data.test=100", "--device", "cpu"];

#[test]
fn quickstart_learns() {
    let result = json(&[&["train", "quickstart", "--json"], &QUICK[..2], &["--device", "cpu"]].concat());
    for key in [
        "steps",
        "epochs",
        "train_loss",
        "train_error",
        "test_loss",
        "test_error",
        "images_per_second",
        "seconds",
    ] {
        assert!(result[key].is_number(), "{key} in {result}");
    }
    assert_eq!(result["device"], "CPU");
    assert!(result["test_error"].as_f64().expect("a number") < 0.5, "{result}");
}

/// What is measured of a net: each command gives its numbers and its picture, of weights before the first step too.
#[test]
fn nets_are_measured() {
    let folder = tempfile::tempdir().expect("a folder");
    let png = folder.path().join("picture.png");
    let picture = png.to_str().expect("UTF-8");
    let measured = |what: &[&str]| {
        let begin = ["inspect", "quickstart", "--json", "--out", picture];
        let found = json(&[&begin[..], &QUICK[..4], what, &QUICK[4..]].concat());
        let file = std::fs::read(&png).expect("a picture was written");
        assert!(file.starts_with(b"\x89PNG"), "{what:?}");
        std::fs::remove_file(&png).expect("it can be removed");
        found
    };
    assert_eq!(measured(&["answers", "--count", "3"])["classes"].as_array().map(Vec::len), Some(10));
    assert_eq!(measured(&["embedding", "--pictures", "30"])["points"].as_array().map(Vec::len), Some(30));
    let moved = measured(&["translation", "--furthest", "2"]);
    assert_eq!(moved["translation"]["layers"][0]["moved"][0], 0.0);
    let plane = measured(&["surface", "--points", "3", "--pictures", "16"]);
    assert_eq!(plane["plane"]["values"].as_array().map(Vec::len), Some(9));
    let line = measured(&["surface", "--line", "--points", "5", "--pictures", "16"]);
    assert_eq!(line["line"][2][1]["loss"], line["here"]["loss"], "the middle is where the weights are");
    assert!(measured(&["tuning"])["filters"][0]["gabor"]["explained"].is_number());
    let inserted = ["inspect", "plain-20-shapes", "--set", "data.train=16", "--set", "data.test=4"];
    let inserted =
        json(&[&inserted[..], &["insertion", "--layers", "36", "--json", "--device", "cpu"]].concat());
    assert_eq!(inserted["layers"], serde_json::json!({ "before": 20, "after": 56 }));
    let comparison = &inserted["comparison"];
    let [largest, apart] =
        ["largest", "largest_difference"].map(|key| comparison[key].as_f64().expect("a number"));
    assert!(apart < 1e-4 * largest, "{comparison}");
    let removal = [
        "inspect",
        "quickstart",
        "--set",
        "data.train=64",
        "--set",
        "data.test=4",
        "removal",
        "--device",
        "cpu",
    ];
    refused(&removal, &["no block that can be removed"]);
}

#[test]
fn optimisers_go_down_a_surface() {
    let found =
        json(&["descent", "ravine", "--optimiser", "sgd", "--rate", "0.02", "--steps", "2", "--json"]);
    let points = &found["paths"][0]["points"];
    // (−8, 1) by −η·g with g = (x, 40·y).
    let x = points[1][0].as_f64().expect("a number");
    assert!((x + 7.84).abs() < 1e-6, "{points}");
    refused(&["descent", "ravine", "--optimiser", "newton"], &["newton", "adagrad"]);
}

#[test]
fn weights_saved_evaluate_as_they_did() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    let weights = path.to_str().expect("UTF-8");
    let log = folder.path().join("log.csv");
    let log = log.to_str().expect("UTF-8");
    let command = ["train", "quickstart", "--steps", "12", "--json", "--save", weights, "--log", log];
    let trained = json(&[&command[..], &QUICK].concat());
    let evaluated = json(&[&["eval", "quickstart", "--weights", weights, "--json"], &QUICK[..]].concat());
    assert_eq!(trained["test_loss"], evaluated["loss"]);
    assert_eq!(trained["test_error"], evaluated["error"]);
    let rows = std::fs::read_to_string(log).expect("a log");
    assert_eq!(rows.lines().next(), Some("step,epoch,loss,error,rate,seconds"));
    assert_eq!(rows.lines().count(), 13);
    // Going on from saved weights begins where they were.
    let again =
        ["train", "quickstart", "--steps", "1", "--json", "--init", weights, "--set", "train.rate=1e-9"];
    let again = json(&[&again[..], &QUICK].concat());
    let [before, after] = [&trained, &again].map(|result| result["test_loss"].as_f64().expect("a number"));
    assert!((before - after).abs() < 1e-5 * before, "{before} and {after}");
    // Weights of another net are refused.
    refused(&["eval", "lenet-glyphs", "--weights", weights], &["does not fit"]);
}

/// The rate that the log tells of is the one that the weights were updated with: for 64 pictures half of what is
/// set, warmed up, and grown to the end of the range.
#[test]
fn the_log_tells_the_rate_in_effect() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log.csv");
    let rates = |settings: &[&str]| -> Vec<f64> {
        let command =
            ["train", "quickstart", "--epochs", "2", "--log", log.to_str().expect("UTF-8"), "--json"];
        let settings: Vec<&str> = settings.iter().flat_map(|setting| ["--set", *setting]).collect();
        json(&[&command[..], &QUICK, &settings].concat());
        let rows = std::fs::read_to_string(&log).expect("a log");
        let rate = |row: &str| row.split(',').nth(4).and_then(|rate| rate.parse().ok()).expect("a rate");
        rows.lines().skip(1).map(rate).collect()
    };
    let warm = ["train.warm-up=1", "train.reference-batch=64", "train.rate=0.1", "train.schedule=constant"];
    let found = rates(&warm);
    assert_eq!((found.len(), found[0], found[10], found[20], found[39]), (40, 0.005, 0.0275, 0.05, 0.05));
    let found = rates(&["train.rate=0.0001", "train.schedule={ range = 1 }", "train.optimiser=adamw"]);
    assert_eq!((found[0], found[39]), (0.0001, 1.0));
    refused(
        &["train", "quickstart", "--set", "train.schedule={ name = 'range', too = 3 }"],
        &["`range`; did you mean `to`?"],
    );
}

/// Pictures are read without the data set, and a broken one hides no other.
#[test]
fn pictures_of_ones_own_are_predicted() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_string();
    let weights = place("w.safetensors");
    json(&[&["train", "quickstart", "--steps", "2", "--json", "--save", &weights], &QUICK[..]].concat());
    // Of another size than the net's, one grey and one in colour.
    let grey = image::GrayImage::from_fn(50, 40, |x, y| image::Luma([(x * 5 + y) as u8]));
    grey.save(place("grey.png")).expect("room");
    let colour = image::RgbImage::from_fn(28, 28, |x, y| image::Rgb([x as u8 * 9, y as u8 * 9, 50]));
    colour.save(place("colour.png")).expect("room");
    std::fs::write(place("broken.png"), b"not a picture").expect("room");
    let images = ["grey.png", "broken.png", "colour.png"].map(place);
    // The source named here is nowhere: nothing but the weights is needed.
    let command = ["predict", "quickstart", "--weights", &weights, "--device", "cpu"];
    let gone = ["--set", "data.source=nowhere/at/all"];
    let images: Vec<&str> = images.iter().map(String::as_str).collect();
    let output = convscope(&[&command[..], &gone, &["--json"], &images].concat());
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("broken.png") && message.lines().count() == 1, "{message}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let answers: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(answers.len(), 2);
    for (answer, path) in answers.iter().zip([images[0], images[2]]) {
        let numbers = |key: &str| -> Vec<f64> {
            answer[key].as_array().expect("a list").iter().filter_map(serde_json::Value::as_f64).collect()
        };
        let (logits, probabilities) = (numbers("logits"), numbers("probabilities"));
        assert_eq!((logits.len(), probabilities.len()), (10, 10));
        let mut keys: Vec<&String> = answer.as_object().expect("an object").keys().collect();
        keys.sort();
        assert_eq!(keys, ["label", "logits", "path", "probabilities"]);
        assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-5);
        let best = (0..10).max_by(|&a, &b| logits[a].total_cmp(&logits[b])).expect("ten classes");
        assert_eq!((answer["path"].as_str(), &answer["label"]), (Some(path), &best.to_string().into()));
    }
    let output = convscope(&[&command[..], &[images[0]]].concat());
    let line = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success() && line.starts_with(&format!("{}: ", images[0])), "{line}");
    assert_eq!(line.matches(" %").count(), 3, "{line}");
    let output = convscope(&[&command[..], &["--set", "data.source=shapes", images[0]]].concat());
    let message = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(output.status.success() && message.contains("it is for pictures of 1×28×28"), "{message}");
    refused(&[&command[..3], &[images[1], images[0]]].concat(), &["safetensors"]);
}

/// Initial weights from a file, pictures from files in their order, nothing drawn at random: the seed has no
/// say, and the weights at the end are the same to the last bit.
#[test]
fn a_run_without_chance_is_determined_by_its_files() {
    let folder = tempfile::tempdir().expect("a folder");
    idx_files(folder.path(), 128);
    let place = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_string();
    let source = format!("data.source={}", folder.path().display());
    let shared = ["--set", &source, "--set", "data.shuffle=false", "--set", "train.batch=16"];
    let shared = [&["train", "lenet-mnist", "--json", "--device", "cpu"], &shared[..]].concat();
    let init = place("init.safetensors");
    json(&[&shared[..], &["--steps", "3", "--save", &init]].concat());
    let run = |seed: &str, init: &[&str]| {
        let saved = place("end.safetensors");
        let seed = format!("seed={seed}");
        json(&[&shared[..], &["--steps", "12", "--save", &saved, "--set", &seed], init].concat());
        let bytes = std::fs::read(saved).expect("weights");
        // Behind the header, which tells of the seed.
        let header = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
        bytes[8 + header..].to_vec()
    };
    assert!(run("1", &["--init", &init]) == run("2", &["--init", &init]), "the seed has a say");
    assert!(run("1", &[]) != run("2", &[]), "the seed has no say");
}

/// What is exported can be read back by the program itself.
#[test]
fn a_net_is_exported_with_the_weights_of_its_seed_or_of_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_string();
    let (out, weights) = (place("deep/er"), place("deep/er/weights.safetensors"));
    let export = ["export", "quickstart", "--to", "pytorch", "--out", &out];
    let written = convscope(&[&export[..], &QUICK[..4]].concat());
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    let evaluated = json(&[&["eval", "quickstart", "--weights", &weights, "--json"], &QUICK[..]].concat());
    let again = place("again");
    let export = ["export", "quickstart", "--to", "pytorch", "--out", &again, "--weights", &weights];
    assert!(convscope(&export).status.success());
    let again = place("again/weights.safetensors");
    let after = json(&[&["eval", "quickstart", "--weights", &again, "--json"], &QUICK[..]].concat());
    assert_eq!(evaluated["loss"], after["loss"]);
    let export = ["export", "quickstart", "--to", "onnx", "--out", &out, "--weights", &weights];
    assert!(convscope(&export).status.success());
    assert!(folder.path().join("deep/er/model.onnx").exists());
    refused(&[&export[..6], &["--weights", "nowhere"]].concat(), &["nowhere"]);
    // A folder cannot be made where a file is.
    refused(&["export", "quickstart", "--to", "onnx", "--out", &weights], &["cannot be written"]);
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let command = [&["train", "quickstart", "--steps", "20", "--json"], &QUICK[..]].concat();
    let [first, second] = [(); 2].map(|()| json(&command));
    assert_eq!(first["train_loss"], second["train_loss"]);
    assert_eq!(first["test_loss"], second["test_loss"]);
    let other = json(&[&command[..], &["--set", "seed=2"]].concat());
    assert_ne!(first["train_loss"], other["train_loss"]);
}

/// Sums are cut by shape, never by the number of threads.
#[test]
fn the_number_of_threads_changes_nothing() {
    let run = |name: &str, threads: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_convscope"));
        command.args(["train", name, "--steps", "2", "--json"]).args(QUICK);
        let output = command.env("RAYON_NUM_THREADS", threads).output().expect("the program runs");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let result: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        (result["train_loss"].clone(), result["test_loss"].clone())
    };
    for name in ["resnet-20-shapes", "lenet-glyphs"] {
        assert_eq!(run(name, "1"), run(name, "3"));
    }
}

#[test]
fn gradcheck_finds_gradients_right() {
    let checked = json(&["gradcheck", "quickstart", "--device", "cpu", "--json"]);
    assert_eq!(checked["right"], true);
    assert_eq!(checked["untold"], 0);
    let names: Vec<&str> =
        checked["tensors"].as_array().expect("a list").iter().filter_map(|t| t["name"].as_str()).collect();
    assert_eq!(names[..3], ["layers.0.weight", "layers.0.bias", "layers.3.weight"]);
    let distances = checked["device"]["distances"].as_array().expect("a list");
    assert_eq!(distances.len(), names.len());
    refused(&["gradcheck", "quickstrat"], &["quickstart"]);
    refused(&["gradcheck", "resnet-20", "--set", "seed=2"], &["preset"]);
    let bare = ["--set", "data.source=rings", "--set", "network.layers=['flatten']"];
    refused(&[&["gradcheck", "quickstart"][..], &bare].concat(), &["no parameters", "`conv`"]);
}

#[test]
fn describe_counts_lenet() {
    let described = json(&["describe", "lenet", "--json"]);
    assert_eq!(described["total"]["parameters"], 431_080);
    assert_eq!(described["layers"][0]["path"], "layers.0");
    assert_eq!(described["layers"][0]["output"], serde_json::json!([20, 24, 24]));
    assert_eq!(described["layers"][2]["receptive_field"]["size"], serde_json::json!([14, 14]));
}

/// A bias that the normalisation behind it takes away again; and nothing of a net that is as it should be.
#[test]
fn describe_gives_advice() {
    assert_eq!(json(&["describe", "quickstart", "--json"])["advice"], serde_json::json!([]));
    let layers = "network.layers=[{ conv = 8 }, 'batch-norm', 'relu', { linear = 10 }]";
    let described = json(&["describe", "quickstart", "--set", layers, "--json"]);
    let advice = described["advice"].as_array().expect("a list");
    assert_eq!(advice.len(), 1, "{described}");
    assert_eq!(advice[0]["layer"], "layers.0");
    assert_eq!(advice[0]["remedy"], "Make it without bias");
    assert!(
        ["what", "why"].iter().all(|key| advice[0][key].as_str().is_some_and(|text| text.ends_with('.')))
    );
    let output = convscope(&["describe", "quickstart", "--set", layers]);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.contains("warning: layers.0: "), "{printed}");
    assert!(printed.contains("Remedy: Make it without bias."), "{printed}");
}

/// With weights that were saved, and without the pictures where they are not needed; as numbers and as PNG.
#[test]
fn a_net_is_looked_into() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_string();
    let (weights, out) = (path("w.safetensors"), path("out.png"));
    json(&[&["train", "quickstart", "--steps", "30", "--json", "--save", &weights][..], &QUICK].concat());
    let inspect = |what: &[&str]| {
        let command = ["inspect", "quickstart", "--weights", &weights];
        let found = json(&[&command[..], what, &["--out", &out, "--json", "--device", "cpu"]].concat());
        let file = std::fs::read(&out).expect("a picture");
        assert!(file.starts_with(b"\x89PNG"), "{what:?}");
        found
    };
    assert_eq!(inspect(&["filters"])["shape"], serde_json::json!([8, 1, 5, 5]));
    assert_eq!(inspect(&["filters", "--layer", "layers.3"])["norms"].as_array().map(Vec::len), Some(16));
    assert_eq!(inspect(&["tuning"])["summary"]["filters"], 8);
    let sorted = inspect(&["filters", "--order", "norm", "--change"]);
    let norms: Vec<f64> =
        sorted["norms"].as_array().expect("norms").iter().filter_map(|n| n.as_f64()).collect();
    assert!(norms.is_sorted_by(|a, b| a >= b) && norms[0] > 0.0, "{norms:?}");
    let seen = inspect(&["activations", "--picture", "test:3"]);
    assert_eq!(seen["layers"][0]["maps"].as_array().map(Vec::len), Some(8 * 24 * 24));
    let patches =
        inspect(&["patches", "--layer", "layers.3", "--first", "200", "--unit", "1", "--beside", "guided"]);
    assert_eq!(patches["units"][0]["patches"].as_array().map(Vec::len), Some(9));
    assert_eq!(patches["beside"][0].as_array().map(Vec::len), Some(28 * 28));
    let why = inspect(&["why", "--picture", "grating:45,0.2", "--unit", "3"]);
    assert_eq!(why["gradient"].as_array().map(Vec::len), Some(28 * 28));
    let conv = inspect(&["convolution", "--layer", "layers.3", "--at", "2,5", "--weight", "0,1,1"]);
    let products =
        conv["products"].as_array().expect("products").iter().filter_map(|p| p["product"].as_f64());
    let sum = products.sum::<f64>() + conv["bias"].as_f64().expect("a bias");
    assert!((sum - conv["value"].as_f64().expect("a number")).abs() < 1e-4, "{conv}");
    let confusion = inspect(&["confusion"]);
    let counts = confusion["counts"].as_array().expect("rows").iter().flat_map(|row| row.as_array());
    let n: u64 = counts.flatten().filter_map(|n| n.as_u64()).sum();
    assert_eq!(n, 1000, "every test picture of quickstart is counted: {confusion}");
    // What belongs to all of them may also stand behind.
    assert_eq!(
        json(&["inspect", "quickstart", "filters", "--weights", &weights, "--json"]),
        json(&["inspect", "quickstart", "--weights", &weights, "--json", "filters"])
    );
    let command = ["inspect", "quickstart", "--weights", &weights, "filters"];
    refused(&[&command[..], &["--layer", "layers.9"]].concat(), &["`layers.9`", "`layers.0`, `layers.3`"]);
    let command = ["inspect", "quickstart", "--weights", &weights];
    refused(&[&command[..], &["why", "--picture", "test:999999"]].concat(), &["no test picture 999999"]);
    refused(&[&command[..], &["why", "--unit", "10"]].concat(), &["has no unit 10"]);
    refused(
        &[&command[..], &["patches", "--layer", "layers.3", "--class", "cat"]].concat(),
        &["no class `cat`"],
    );
}

/// Measured in a process of its own; the parts of a step are named and their bytes counted.
#[test]
fn the_standard_work_is_measured() {
    let found = json(&["bench", "lenet", "--device", "cpu", "--seconds", "0.05", "--profile", "--json"]);
    for key in [
        "train_images_per_second",
        "eval_images_per_second",
        "gmacs",
        "share_of_peak",
        "first_step_seconds",
        "peak_memory_mib",
    ] {
        assert!(found[key].as_f64().is_some_and(|number| number > 0.0), "{key} in {found}");
    }
    assert_eq!(found["parameters"], 431_080, "LeCun's net of 20 and 50 filters");
    let profile = found["profile"].as_array().expect("a list");
    let steps = |op: &str| profile.iter().find(|row| row["op"] == op).map(|row| row["steps"].clone());
    assert_eq!(steps("conv, forward"), Some(2.into()), "{found}");
    assert_eq!(steps("conv, backward"), Some(1.into()), "the pictures are not learned: {found}");
    refused(&["bench", "lenett"], &["`lenett`", "lenet,"]);
}

/// Simonyan and Zisserman 2015: what the preset was made for is what it is described for. Training takes the
/// parameters three times with momentum, and the outputs of a batch, most of them.
#[test]
fn describe_tells_what_training_takes() {
    let described = json(&["describe", "vgg-16", "--batch", "4", "--json"]);
    assert_eq!(described["input"], serde_json::json!([3, 224, 224]));
    assert_eq!(described["total"]["parameters"], 138_357_544);
    let layers = described["layers"].as_array().expect("a list");
    let last_pool = layers.iter().rfind(|layer| layer["kind"] == "max-pool").expect("five of them");
    assert_eq!(last_pool["receptive_field"]["size"], serde_json::json!([212, 212]));
    assert_eq!(last_pool["receptive_field"]["stride"], serde_json::json!([32, 32]));
    assert_eq!(last_pool["receptive_field"]["offset"], serde_json::json!([-90, -90]));
    let training = &described["training"];
    let number = |value: &serde_json::Value| value.as_u64().expect("a whole number");
    let parameters = number(&training["bytes"]["parameters"]);
    assert!((4 * 138_357_544..4 * 138_400_000).contains(&parameters));
    let (step, activations) = (number(&training["bytes"]["step"]), number(&training["activation_bytes"]));
    assert_eq!(activations, 4 * number(&described["total"]["activation_bytes"]));
    assert!(activations / 3 < step && step < 2 * activations, "{step} of {activations}");
    let larger = json(&["describe", "vgg-16", "--batch", "8", "--json"]);
    assert!(number(&larger["training"]["bytes"]["step"]) > step);
    refused(&["describe", "vgg-16", "--input", "3x16x16"], &["does not fit into 1×1 maps"]);
}

#[test]
fn devices_and_data_sets_are_listed() {
    assert_eq!(json(&["devices", "--json"])["devices"][0]["name"], "CPU");
    let sets = json(&["data", "list", "--json"]);
    let names: Vec<&str> =
        sets.as_array().expect("a list").iter().filter_map(|s| s["name"].as_str()).collect();
    assert!(["glyphs", "shapes", "mnist", "cifar-10"].iter().all(|name| names.contains(name)), "{names:?}");
    assert_eq!(json(&["data", "info", "glyphs", "--json"])["contents"]["classes"][3]["name"], "3");
}

#[test]
fn only_what_is_published_and_absent_is_fetched() {
    refused(&["data", "get", "glyphs", "--yes"], &["glyphs", "made by the program"]);
    refused(&["data", "get", "minst", "--yes"], &["did you mean `mnist`?"]);
    let sets = json(&["data", "list", "--json"]);
    let bytes = |name: &str| {
        let set = sets.as_array().expect("a list").iter().find(|set| set["name"] == name);
        set.and_then(|set| set["download"]["bytes"].as_u64())
    };
    assert_eq!(
        (bytes("glyphs"), bytes("cifar-10")),
        (None, Some(170_052_171)),
        "the size is told beforehand"
    );
}

/// An experiment over files of its own, in the published formats, and the damage that they may have.
#[test]
fn damaged_files_are_refused_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    idx_files(path, 128);
    let source = format!("data.source={}", path.display());
    let command =
        ["train", "mlp-mnist", "--steps", "2", "--json", "--set", &source, "--set", "train.batch=32"];
    assert_eq!(json(&[&command[..], &["--device", "cpu"]].concat())["steps"], 2);
    // A picture short.
    let images = path.join("train-images-idx3-ubyte");
    let bytes = std::fs::read(&images).expect("the file");
    std::fs::write(&images, &bytes[..bytes.len() - 784]).expect("a shorter file");
    refused(&command, &["train-images-idx3-ubyte"]);
    // Another magic number.
    std::fs::write(&images, [&[9, 9, 9, 9], &bytes[4..]].concat()).expect("a damaged file");
    refused(&command, &["train-images-idx3-ubyte"]);
}

/// Two pairs of files in MNIST's format with `n` pictures each.
fn idx_files(folder: &Path, n: u32) {
    for part in ["train", "t10k"] {
        let header = [2051u32, n, 28, 28].map(u32::to_be_bytes).concat();
        let pixels: Vec<u8> = (0..n * 784).map(|i| (i * 31 % 251) as u8).collect();
        std::fs::write(folder.join(format!("{part}-images-idx3-ubyte")), [header, pixels].concat())
            .expect("room");
        let header = [2049u32, n].map(u32::to_be_bytes).concat();
        let labels: Vec<u8> = (0..n).map(|i| (i % 10) as u8).collect();
        std::fs::write(folder.join(format!("{part}-labels-idx1-ubyte")), [header, labels].concat())
            .expect("room");
    }
}
