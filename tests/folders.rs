//! Nothing is lost: the program is killed at random moments and goes on; twins in lockstep see the same pictures.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use convscope::engine::{self, DeviceChoice};
use convscope::tensor::random::{Key, Purpose};

fn convscope(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_convscope"));
    command.args(arguments);
    command
}

/// What the program said, of a run that succeeded.
fn succeed(arguments: &[&str]) -> Output {
    let output = convscope(arguments).output().expect("the program runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    output
}

/// A failure with this exit code and a message that holds these words.
fn fail(arguments: &[&str], code: i32, words: &[&str]) {
    let output = convscope(arguments).output().expect("the program runs");
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {message}");
    for word in words {
        assert!(message.contains(word), "{arguments:?}: `{word}` is not in: {message}");
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// A net with everything that a run remembers: momentum, running statistics, masks, drawn changes, a rate that goes
/// by the training error. 10 steps to an epoch, 200 in all.
const EXPERIMENT: &str = r#"
title = "A net of every kind"
data = { source = "glyphs", train = 160, test = 40, augment = { flip = true, crop = 2 } }
network.layers = [
  { conv = 6, kernel = 3, stride = 2, bias = false }, "batch-norm", "relu", { dropout = 0.25 }, { linear = 10 },
]
train = { optimiser = "adam", rate = 0.003, batch = 16, epochs = 20, schedule = { name = "plateau", patience = 0 } }
"#;

/// A folder with the experiment, and the experiment's path.
fn prepared() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let experiment = folder.path().join("every-kind.toml");
    std::fs::write(&experiment, EXPERIMENT).expect("room");
    (folder, experiment)
}

/// The numbers of a file of tensors, behind its header.
fn numbers(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).expect("a file of tensors");
    let header = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    bytes[8 + header..].to_vec()
}

/// The metrics of a run, but for the time.
fn metrics(run: &Path) -> Vec<String> {
    let rows = std::fs::read_to_string(run.join("metrics.csv")).expect("metrics");
    let timeless = |row: &str| {
        let cells: Vec<&str> = row.split(',').collect();
        [&cells[..5], &cells[6..]].concat().join(",")
    };
    rows.lines().map(timeless).collect()
}

/// A column of a run's metrics, without its name.
fn column(run: &Path, name: &str) -> Vec<String> {
    let rows = std::fs::read_to_string(run.join("metrics.csv")).expect("metrics");
    let place = rows.lines().next().expect("a header").split(',').position(|found| found == name);
    let place = place.expect("the column");
    rows.lines().skip(1).map(|row| row.split(',').nth(place).expect("the cell").to_string()).collect()
}

fn is_gpu_there() -> bool {
    match engine::open(&DeviceChoice::Gpu) {
        Ok(_) => true,
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "{error} Debian has mesa-vulkan-drivers");
            println!("left out: {error}");
            false
        }
    }
}

/// Kills the program if it still runs after this time; whether it did.
fn killed_after(mut child: Child, time: Duration) -> bool {
    let begin = Instant::now();
    while begin.elapsed() < time {
        if let Some(status) = child.try_wait().expect("a child") {
            assert!(status.success(), "{status}");
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    // SIGKILL: nothing can be done about it.
    child.kill().expect("a child");
    child.wait().expect("a child");
    true
}

/// Kills runs `n_kills` times at random moments, and holds each that came to its end against one that was left in
/// peace: weights, optimiser and statistics bit for bit, metrics but for the time.
fn survive(device: &str, n_kills: usize) {
    let (folder, experiment) = prepared();
    let place = |name: &str| folder.path().join(name);
    let (whole, weights) = (place("whole"), place("whole.safetensors"));
    let train = ["train", text(&experiment), "--device", device, "--checkpoint-every", "7"];
    let begin = Instant::now();
    succeed(&[&train[..], &["--out", text(&whole), "--save", text(&weights)]].concat());
    let most = begin.elapsed().mul_f64(0.6);
    let key = Key::new(1, Purpose::Split);
    let (mut n_killed, mut n_ended) = (0, 0);
    while n_killed < n_kills || n_ended == 0 {
        let run = place(&format!("run-{n_ended}"));
        let is_begun = run.join("checkpoint.safetensors").exists();
        let begin = [&train[..], &["--out", text(&run)]].concat();
        let go_on = ["train", "--resume", text(&run), "--checkpoint-every", "7"];
        let command = if is_begun { &go_on[..] } else { &begin };
        let child = convscope(command).stderr(Stdio::null()).stdout(Stdio::null()).spawn();
        let patience =
            if n_killed < n_kills { most.mul_f32(key.uniform(n_killed as u32)) } else { Duration::MAX };
        if killed_after(child.expect("the program runs"), patience) {
            n_killed += 1;
            continue;
        }
        let saved = place("again.safetensors");
        succeed(&["train", "--resume", text(&run), "--save", text(&saved), "--json"]);
        assert!(std::fs::read(&saved).ok() == std::fs::read(&weights).ok(), "the weights are others");
        let state = |run: &Path| numbers(&run.join("checkpoint.safetensors"));
        assert!(state(&run) == state(&whole), "the optimiser or the statistics are others");
        assert_eq!(metrics(&run), metrics(&whole));
        n_ended += 1;
    }
    println!("{device}: killed {n_killed} times, {n_ended} runs came to their end as if nothing had been");
}

#[test]
fn a_killed_run_goes_on_bit_for_bit() {
    survive("cpu", 6);
}

/// The whole of it: `cargo test --release --test folders -- --ignored --nocapture`.
#[test]
#[ignore = "the short form stands above; seconds alone, minutes on a busy machine"]
fn a_run_killed_fifty_times_goes_on_bit_for_bit() {
    survive("cpu", 50);
    if is_gpu_there() {
        survive("gpu", 10);
    }
}

/// A run that is through resumes to success and still saves; longer, it goes on; its folder is nobody else's.
#[test]
fn a_folder_is_gone_on_with_and_never_overwritten() {
    let (folder, experiment) = prepared();
    let place = |name: &str| folder.path().join(name);
    let train = ["train", text(&experiment), "--device", "cpu"];
    let (run, whole) = (place("run"), place("whole"));
    succeed(&[&train[..], &["--steps", "13", "--out", text(&run)]].concat());
    let saved = place("saved.safetensors");
    let log = place("log.csv");
    let resume = ["train", "--resume", text(&run)];
    std::fs::write(&log, "of before").expect("room");
    fail(&[&train[..], &["--out", text(&run), "--log", text(&log)]].concat(), 2, &["already holds"]);
    assert_eq!(std::fs::read_to_string(&log).expect("a log"), "of before", "nothing came of it");
    let output = succeed(&[&resume[..], &["--save", text(&saved), "--log", text(&log), "--json"]].concat());
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["steps"], 13);
    assert_eq!(std::fs::read_to_string(&log).expect("a log").lines().count(), 14);
    // The checkpoint is a file of weights.
    let checkpoint = run.join("checkpoint.safetensors");
    let evaluated = |weights: &Path| {
        let weights = text(weights).to_string();
        let output =
            succeed(&["eval", text(&experiment), "--weights", &weights, "--device", "cpu", "--json"]);
        let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        found["loss"].clone()
    };
    assert_eq!(evaluated(&checkpoint), evaluated(&saved));
    assert_eq!(evaluated(&saved), report["test_loss"]);
    let kept = std::fs::read_to_string(run.join("experiment.toml")).expect("an experiment");
    assert!(kept.contains("A net of every kind"), "{kept}");
    succeed(&[&train[..], &["--steps", "25", "--out", text(&whole)]].concat());
    succeed(&[&resume[..], &["--steps", "25"]].concat());
    let steps = |run: &Path| column(run, "loss");
    assert_eq!((steps(&run).len(), steps(&run)), (25, steps(&whole)));
    assert_eq!(numbers(&checkpoint), numbers(&whole.join("checkpoint.safetensors")));
    fail(&[&train[..], &["--out", text(&run)]].concat(), 2, &["already holds a run of 25 steps", "--resume"]);
    fail(&["train", "--resume", text(folder.path())], 2, &["holds no run"]);
    fail(&["train", "--resume", text(&run), "--set", "seed=2"], 2, &["--set"]);
    fail(&["train"], 2, &["EXPERIMENT"]);
    fail(&[&train[..], &["--checkpoint-every", "soon"]].concat(), 2, &["20s"]);
}

/// Ctrl-C writes a checkpoint and says how to go on.
#[cfg(unix)]
/// The folder keeps some of the steps, through which the loss can be drawn; another net stands beside on one scale.
#[test]
fn the_path_of_a_run_is_drawn_from_its_folder() {
    let (folder, experiment) = prepared();
    let (run, picture) = (folder.path().join("run"), folder.path().join("surface.png"));
    succeed(&["train", text(&experiment), "--out", text(&run), "--steps", "40", "--device", "cpu"]);
    let checkpoint = run.join("checkpoint.safetensors");
    let steps = run.join("steps");
    let n_kept = std::fs::read_dir(&steps).expect("steps are kept").count();
    assert!((10..=24).contains(&n_kept), "{n_kept}");
    let begin = ["inspect", text(&experiment), "--weights", text(&checkpoint), "--device", "cpu", "--json"];
    let surface = ["surface", "--points", "5", "--pictures", "16", "--out", text(&picture)];
    let path = ["--through", text(&run), "--along", "--beside", text(&experiment)];
    let output = succeed(&[&begin[..], &surface, &path].concat());
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(found["path"].as_array().map(Vec::len), Some(n_kept), "{found}");
    let share = |axis: usize| found["explained"][axis].as_f64().expect("a share");
    assert!(share(0) > share(1) && share(0) + share(1) > 0.5, "{found}");
    assert!(found["beside"]["plane"]["values"].as_array().is_some_and(|values| values.len() == 25));
    assert!(std::fs::metadata(&picture).is_ok_and(|about| about.len() > 1000));
    // One of them by itself is a file of weights.
    let first = text(&steps).to_string() + "/00000000.safetensors";
    succeed(&["inspect", text(&experiment), "--weights", &first, "--device", "cpu", "filters"]);
}

#[test]
fn a_run_that_is_broken_off_says_how_to_go_on() {
    let (folder, experiment) = prepared();
    let run = folder.path().join("run");
    let arguments =
        ["train", text(&experiment), "--device", "cpu", "--epochs", "100000", "--out", text(&run)];
    let child = convscope(&arguments).stderr(Stdio::piped()).spawn().expect("the program runs");
    // It listens from before its first step on, and a first step is in the metrics soon after.
    let begin = Instant::now();
    while std::fs::read_to_string(run.join("metrics.csv")).map_or(0, |rows| rows.lines().count()) < 2 {
        assert!(begin.elapsed() < Duration::from_secs(180), "no step comes");
        std::thread::sleep(Duration::from_millis(5));
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().expect("kill").success());
    let output = child.wait_with_output().expect("a child");
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    let n_steps = column(&run, "step").len();
    let words = format!("Stopped. Go on from step {n_steps} with `convscope train --resume {}`.", text(&run));
    assert!(message.contains(&words), "`{words}` is not in: {message}");
    succeed(&["train", "--resume", text(&run), "--epochs", &(n_steps / 10 + 1).to_string()]);
}

/// Trains in lockstep; the report, and the folders.
fn lockstep(
    device: &str,
    folder: &Path,
    experiments: [&Path; 2],
    more: &[&str],
) -> (serde_json::Value, [PathBuf; 2]) {
    let out = folder.join("twins");
    let _ = std::fs::remove_dir_all(&out);
    let command =
        ["train", text(experiments[0]), text(experiments[1]), "--lockstep", "--device", device, "--json"];
    let output = succeed(&[&command[..], &["--out", text(&out)], more].concat());
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let name = |i: usize| out.join(report["runs"][i]["name"].as_str().expect("a name"));
    let folders = [name(0), name(1)];
    (report, folders)
}

#[test]
fn equal_twins_stay_equal() {
    let (folder, experiment) = prepared();
    let devices = if is_gpu_there() { vec!["cpu", "gpu"] } else { vec!["cpu"] };
    for device in devices {
        let (report, runs) = lockstep(device, folder.path(), [&experiment, &experiment], &[]);
        assert_eq!(report["runs"][1]["steps"], 200);
        let [first, second] = [&runs[0], &runs[1]].map(|run| numbers(&run.join("checkpoint.safetensors")));
        assert!(first == second, "twins on {device} have parted");
        assert_eq!(metrics(&runs[0]), metrics(&runs[1]));
    }
}

#[test]
fn twins_see_the_same_pictures_and_begin_alike_where_they_can() {
    let (folder, experiment) = prepared();
    let wider = folder.path().join("wider.toml");
    std::fs::write(&wider, EXPERIMENT.replace("conv = 6", "conv = 8")).expect("room");
    let log = folder.path().join("log.csv");
    let more = ["--steps", "25", "--log", text(&log)];
    let (report, runs) = lockstep("cpu", folder.path(), [&experiment, &wider], &more);
    let [first, second] = [&runs[0], &runs[1]].map(|run| column(run, "batch"));
    assert_eq!((first.len(), &first), (25, &second));
    assert_ne!(first[0], first[1]);
    let pair = &report["pairs"][0];
    // Of another width all tensors are of another shape, but the last bias.
    assert_eq!(pair["matched"], serde_json::json!([["layers.4.bias", "layers.4.bias"]]));
    assert_eq!(pair["alone"].as_array().map(Vec::len), Some(8));
    let why = pair["alone"][0]["why"].as_str().expect("a reason");
    assert!(why.contains("layers.0.weight of 8×1×3×3"), "{why}");
    assert_eq!(std::fs::read_to_string(&log).expect("a log").lines().count(), 51);
    // Each alone is what it was beside the other.
    let alone = folder.path().join("alone");
    succeed(&["train", text(&wider), "--device", "cpu", "--steps", "25", "--out", text(&alone)]);
    assert_eq!(metrics(&alone), metrics(&runs[1]));

    let command = ["train", text(&experiment), text(&wider), "--device", "cpu"];
    fail(&command, 2, &["--lockstep"]);
    fail(&["train", text(&wider), "--lockstep"], 2, &["two experiments"]);
    std::fs::write(&wider, EXPERIMENT.replace("batch = 16", "batch = 8")).expect("room");
    fail(&[&command[..], &["--lockstep"]].concat(), 2, &["`train.batch` 16", "--set train.batch=16"]);
    let held_out = EXPERIMENT.replace("test = 40", "test = 40, hold-out = 0.25");
    std::fs::write(&wider, held_out).expect("room");
    fail(
        &[&command[..], &["--lockstep"]].concat(),
        2,
        &["`data.hold-out` 0.2 and", "--set data.hold-out=0.2"],
    );
}
