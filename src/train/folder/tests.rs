use super::*;
use crate::engine::gpu::twin;
use crate::engine::{DeviceChoice, EngineError};
use crate::experiment::{Augment, Data, NetworkChoice, Optimiser, Schedule, Train, WarmUp};

/// Everything that a run remembers has a say here: momentum and second moments, running statistics, masks of dropout,
/// drawn changes, a rate that goes by the training error; 5 steps to an epoch.
fn experiment() -> Experiment {
    let text = r#"
        [network]
        layers = [ { conv = 4, kernel = 3, stride = 4, bias = false }, "batch-norm", "relu", { dropout = 0.25 },
                   { linear = 10 } ]
    "#;
    let network: NetworkChoice = file::parse(text).expect("an experiment").network;
    let data = Data {
        train: Some(40),
        test: Some(10),
        augment: Augment { flip: true, crop: 2, ..Augment::default() },
        ..Data::default()
    };
    let train = Train {
        optimiser: Optimiser::Adam { beta1: 0.9, beta2: 0.99, epsilon: 1e-8 },
        rate: 0.01,
        schedule: Schedule::Plateau { factor: 0.5, patience: 0, threshold: 0.5 },
        warm_up: WarmUp::NONE,
        weight_decay: 1e-3,
        batch: 8,
        epochs: 4,
        ..Train::default()
    };
    Experiment { title: "A net of every kind".into(), data, network, train, ..Experiment::default() }
}

fn set() -> Arc<DataSet> {
    Arc::new(catalogue::open(&experiment()).expect("built in"))
}

/// The processor, and the graphics processor where there is one.
fn devices() -> Vec<Arc<dyn Device>> {
    let cpu = engine::open(&DeviceChoice::Cpu).expect("the processor");
    std::iter::once(cpu).chain(twin::gpu()).collect()
}

fn cpu() -> Arc<dyn Device> {
    devices().remove(0)
}

fn start(device: &Arc<dyn Device>) -> Run {
    Run::new(&experiment(), set(), device.clone()).expect("a run")
}

/// Trains up to a step, with a test after each epoch.
fn train(run: &mut Run, until: u64) {
    loop {
        let step = run.progress().step;
        let is_tested = run.curves.tests.last().is_some_and(|test| test.step == step);
        if run.progress().is_at_end_of_epoch() && !is_tested {
            run.test().expect("a test");
        }
        if step == until {
            return;
        }
        run.advance((until - step).min(2)).expect("steps");
    }
}

/// All that a run is, to the last bit, but for the time that it took.
fn everything(run: &mut Run) -> (Vec<Vec<u32>>, Vec<String>, Vec<String>) {
    let standing = run.standing().expect("a device");
    let tensors = run.lasting().into_iter().map(|tensor| run.read_lasting(tensor).expect("a tensor"));
    let bits = tensors.map(|numbers| numbers.into_iter().map(f32::to_bits).collect()).collect();
    let records = run.curves.from(0).map(|record| {
        let record = crate::train::curves::StepRecord { seconds: 0.0, epoch: 0.0, ..*record };
        format!("{record:?} {}", standing.plateau.factor)
    });
    let tests = run.curves.tests.iter().map(|test| format!("{} {} {}", test.step, test.loss, test.error));
    (bits, records.collect(), tests.collect())
}

fn path(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("run")
}

/// Wherever it was left off, in an epoch or between two, tested or not.
#[test]
fn a_run_that_goes_on_is_the_run_that_never_stopped() {
    for device in devices() {
        let mut whole = start(&device);
        train(&mut whole, 20);
        assert!(whole.plateau.factor < 1.0, "the rate has dropped");
        let expected = everything(&mut whole);
        for left_off in [0, 3, 5, 10, 13, 20] {
            let folder = tempfile::tempdir().expect("a folder");
            let mut run = start(&device);
            let mut kept = Folder::create(&path(&folder), &mut run, None).expect("room");
            train(&mut run, left_off);
            if left_off == 10 {
                run.curves.tests.pop();
            }
            kept.checkpoint(&mut run).expect("room");
            // What comes after the checkpoint is lost.
            train(&mut run, (left_off + 4).min(20));
            kept.append(&run.curves).expect("room");
            drop((run, kept));
            let stored = open(&path(&folder)).expect("a run");
            assert_eq!((stored.step, stored.n_steps), (left_off, 20));
            assert_eq!(stored.difference(&*device), None);
            let (mut run, mut kept) = stored.resume(set(), device.clone()).expect("goes on");
            train(&mut run, 20);
            assert!(everything(&mut run) == expected, "left off after {left_off} steps: another run");
            kept.checkpoint(&mut run).expect("room");
            let rows = fs::read_to_string(path(&folder).join(metrics::FILE)).expect("metrics");
            assert_eq!(rows.lines().count(), 21, "{rows}");
        }
    }
}

/// A last step that was asked for holds for as long as the run can end there.
#[test]
fn a_run_never_ends_where_it_cannot_come_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut run = start(&cpu());
    let mut kept = Folder::create(&path(&folder), &mut run, Some(13)).expect("room");
    let mut ends = |run: &mut Run| {
        kept.checkpoint(run).expect("room");
        Checkpoint::open(&path(&folder)).expect("it is whole").record.n_steps
    };
    assert_eq!(ends(&mut run), 13);
    let mut shorter = experiment();
    shorter.train.epochs = 2;
    run.adjust(&shorter).expect("room");
    assert_eq!(ends(&mut run), 10, "the last epoch ends before");
    run.adjust(&experiment()).expect("room");
    train(&mut run, 15);
    assert_eq!(ends(&mut run), 20, "it went on beyond");
}

/// Batch, augmentation, rule, rate and clipping, each changed on the way.
fn change(run: &mut Run) {
    let mut next = run.experiment.clone();
    match run.progress().step {
        3 => next.train.batch = 6,
        6 => next.data.augment = Augment { flip: false, cutout: 5, ..Augment::default() },
        8 => next.train.optimiser = Optimiser::Nesterov { momentum: 0.9 },
        9 => (next.train.rate, next.train.clip) = (0.002, Some(0.5)),
        11 => next.train.optimiser = Optimiser::ADAM,
        12 => next.train.batch = 10,
        _ => return,
    }
    assert!(run.adjust(&next).expect("room"), "all of it takes effect");
}

fn train_with_changes(run: &mut Run, until: u64) {
    while run.progress().step < until {
        change(run);
        train(run, run.progress().step + 1);
    }
}

/// What was changed before a checkpoint is in it, and what was changed behind it is forgotten with all else.
#[test]
fn a_run_that_was_changed_goes_on_as_it_was_changed() {
    for device in devices() {
        let mut whole = start(&device);
        train_with_changes(&mut whole, 16);
        let expected = everything(&mut whole);
        let told = whole.curves.changes.iter().map(|change| format!("{} {}", change.step, change.what));
        let told: Vec<String> = told.collect();
        let all =
            ["3 batch", "6 flip", "6 crop", "6 cutout", "8 optimiser", "9 rate", "9 clip", "11 optimiser"];
        assert_eq!(told[..8], all);
        // 3 steps of 8 and 2 of 6 pictures in the first epoch; from step 12 on 10 to a batch.
        assert_eq!(whole.curves.n_pictures(16), 3 * 8 + 9 * 6 + 4 * 10);
        for left_off in [3, 4, 8, 10, 11, 13] {
            let folder = tempfile::tempdir().expect("a folder");
            let mut run = start(&device);
            let mut kept = Folder::create(&path(&folder), &mut run, None).expect("room");
            train_with_changes(&mut run, left_off);
            kept.checkpoint(&mut run).expect("room");
            train_with_changes(&mut run, left_off + 3);
            kept.append(&run.curves).expect("room");
            drop((run, kept));
            let (mut run, _) =
                open(&path(&folder)).expect("a run").resume(set(), device.clone()).expect("goes on");
            train_with_changes(&mut run, 16);
            assert!(everything(&mut run) == expected, "left off after {left_off} steps: another run");
            assert_eq!(run.curves.batches, whole.curves.batches);
        }
    }
}

/// A checkpoint taken at one moment and written at another is the one written at once.
#[test]
fn a_still_is_the_checkpoint_of_its_moment() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut run = start(&cpu());
    let mut kept = Folder::create(&path(&folder), &mut run, None).expect("room");
    train(&mut run, 7);
    kept.checkpoint(&mut run).expect("room");
    // Behind the header, which tells of the time that went by.
    let numbers = || {
        let bytes = fs::read(path(&folder).join(checkpoint::FILE)).expect("a checkpoint");
        let header = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
        bytes[8 + header..].to_vec()
    };
    let at_once = numbers();
    let still = Still::of(&mut run).expect("a still");
    train(&mut run, 9);
    kept.write(&still).expect("room");
    assert!(numbers() == at_once);
    assert_eq!(Checkpoint::open(&path(&folder)).expect("a checkpoint").record.step, 7);
    let (_, curves) = look(&path(&folder)).expect("a run");
    assert_eq!(curves.len(), 7);
}

#[test]
fn the_device_of_then_is_opened_again() {
    for device in devices() {
        let folder = tempfile::tempdir().expect("a folder");
        drop(Folder::create(&path(&folder), &mut start(&device), None).expect("room"));
        let stored = open(&path(&folder)).expect("a run");
        let again = stored.device().expect("the device");
        assert_eq!((again.info(), again.kernels()), (device.info(), device.kernels()));
        let gone = crate::engine::DeviceInfo {
            name: "Gone".into(),
            kind: engine::DeviceKind::Gpu,
            ..device.info().clone()
        };
        let found = engine::open_again(&gone, "tiled").err();
        assert!(matches!(found, Some(EngineError::UnknownDevice { wanted, .. }) if wanted == "Gone"));
    }
}

#[test]
fn a_folder_takes_one_run_from_one_program() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, device) = (path(&folder), cpu());
    assert!(check_free(&path).is_ok());
    let kept = Folder::create(&path, &mut start(&device), None).expect("room");
    let refused = |error: Option<String>, words: &str| {
        let message = error.expect("refused");
        assert!(message.contains(words), "`{words}` is not in: {message}");
    };
    let again = || Folder::create(&path, &mut start(&device), None).err().map(|error| error.to_string());
    refused(again(), "already holds a run of 0 steps");
    refused(open(&path).err().map(|error| error.to_string()), "being written by another");
    refused(delete(&path).err().map(|error| error.to_string()), "being written by another");
    assert_eq!(list(folder.path())[0].state, PastState::Running);
    drop(kept);
    assert!(open(&path).is_ok());
    let other = folder.path().join("other");
    fs::create_dir(&other).expect("room");
    refused(open(&other).err().map(|error| error.to_string()), "holds no run");
    refused(delete(&other).err().map(|error| error.to_string()), "holds no run");
    fs::write(other.join(EXPERIMENT), "title = 'mine'").expect("room");
    refused(check_free(&other).err().map(|error| error.to_string()), "`experiment.toml`");
    fs::remove_file(other.join(EXPERIMENT)).expect("it is there");
    // Ended before its first checkpoint.
    drop(Metrics::create(&other).expect("room"));
    assert!(check_free(&other).is_ok());
}

#[test]
fn past_runs_are_listed_and_deleted() {
    let folder = tempfile::tempdir().expect("a folder");
    let device = cpu();
    let first = fresh(folder.path(), "A net: of every kind!");
    assert_eq!(first, folder.path().join("a-net-of-every-kind"));
    let mut run = start(&device);
    let mut kept = Folder::create(&first, &mut run, None).expect("room");
    train(&mut run, 7);
    kept.checkpoint(&mut run).expect("room");
    drop(kept);
    // File systems count time in ticks that are longer than these trainings.
    let earlier = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
    let written = fs::File::options().write(true).open(first.join(checkpoint::FILE)).expect("it is there");
    written.set_modified(earlier).expect("it can be set");
    let second = fresh(folder.path(), "A net: of every kind!");
    assert_eq!(second, folder.path().join("a-net-of-every-kind-2"));
    let mut kept = Folder::create(&second, &mut run, Some(9)).expect("room");
    train(&mut run, 9);
    kept.checkpoint(&mut run).expect("room");
    drop(kept);
    let found = list(folder.path());
    assert_eq!(found.iter().map(|past| &past.path).collect::<Vec<_>>(), [&second, &first]);
    let states: Vec<(PastState, u64, u64)> =
        found.iter().map(|past| (past.state.clone(), past.step, past.n_steps)).collect();
    assert_eq!(states, [(PastState::Finished, 9, 9), (PastState::Interrupted, 7, 20)]);
    assert!(found.iter().all(|past| past.title == "A net of every kind" && past.bytes > 1000));
    assert_eq!(found[1].test_error, run.curves.tests.first().map(|test| test.error));
    fs::write(first.join(checkpoint::FILE), "nothing").expect("room");
    let found = list(folder.path());
    assert!(matches!(&found[0].state, PastState::Damaged(why) if why.contains("checkpoint")), "{found:?}");
    fs::write(second.join("notes.txt"), "mine").expect("room");
    delete(&first).expect("gone");
    delete(&second).expect("gone");
    assert!(!first.exists() && list(folder.path()).is_empty());
    assert_eq!(fs::read_dir(&second).expect("still there").count(), 1);
}

/// What is kept of a run lies beside its checkpoint, each step a file of weights; what is kept no more goes, and with
/// the run goes all of it.
#[test]
fn steps_are_kept_beside_the_checkpoint() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut run = start(&cpu());
    let mut written = Folder::create(&path(&folder), &mut run, None).expect("room");
    let mut series = crate::train::series::Series::new(&run.graph);
    for step in 0..6 {
        train(&mut run, step);
        series.follow(&mut run).expect("numbers");
    }
    written.keep_steps(&run, series.kept()).expect("room");
    assert_eq!(steps(&path(&folder)).iter().map(|(step, _)| *step).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    assert_eq!(kept(&path(&folder), &run.graph, 9), series.kept());
    assert_eq!(
        kept(&path(&folder), &run.graph, 3).len(),
        4,
        "what lies beyond the checkpoint is not its past"
    );
    let thinned: Vec<_> = series.kept().iter().step_by(2).cloned().collect();
    written.keep_steps(&run, &thinned).expect("room");
    fs::write(path(&folder).join("steps/00000001.safetensors"), "nothing").expect("room");
    assert_eq!(kept(&path(&folder), &run.graph, 9), thinned, "what is no file of weights is left out");
    written.checkpoint(&mut run).expect("room");
    drop(written);
    delete(&path(&folder)).expect("gone");
    assert!(!path(&folder).exists());
}

#[test]
fn other_pictures_are_told_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let device = cpu();
    drop(Folder::create(&path(&folder), &mut start(&device), None).expect("room"));
    let mut other = (*set()).clone();
    other.train.pictures[1234] ^= 1;
    let resumed = open(&path(&folder)).expect("a run").resume(Arc::new(other), device.clone());
    let message = resumed.err().expect("refused").to_string();
    assert!(message.contains("not those"), "{message}");
    assert!(open(&path(&folder)).expect("a run").resume(set(), device).is_ok());
}

/// A data set that came to be called by its maker's words is the same; one with its classes in another order is not.
#[test]
fn classes_that_are_called_otherwise_are_known_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let device = cpu();
    drop(Folder::create(&path(&folder), &mut start(&device), None).expect("room"));
    let resume = |change: fn(&mut DataSet)| {
        let mut set = (*set()).clone();
        change(&mut set);
        open(&path(&folder)).expect("a run").resume(Arc::new(set), device.clone())
    };
    assert!(resume(|set| set.classes.swap(1, 2)).is_err());
    assert!(resume(|set| (set.classes[1], set.train.pictures[1234]) = ("one".into(), 77)).is_err());
    let (mut run, mut kept) = resume(|set| set.classes[1] = "one".into()).expect("the same pictures");
    // From here on they are known by their new names.
    kept.checkpoint(&mut run).expect("room");
    drop(kept);
    assert!(resume(|set| set.classes[1] = "one".into()).is_ok());
}

/// A checkpoint that cannot be written leaves the one before, and the next attempt succeeds.
#[test]
fn a_checkpoint_that_fails_costs_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let device = cpu();
    let mut run = start(&device);
    let mut kept = Folder::create(&path(&folder), &mut run, None).expect("room");
    // No file can grow where a folder is.
    let growing = replace::partial(&path(&folder).join(checkpoint::FILE));
    fs::create_dir(&growing).expect("room");
    train(&mut run, 3);
    let message = kept.checkpoint(&mut run).expect_err("refused").to_string();
    assert!(message.contains("cannot be written"), "{message}");
    assert_eq!(Checkpoint::open(&path(&folder)).expect("the one before").record.step, 0);
    fs::remove_dir(&growing).expect("it is empty");
    train(&mut run, 4);
    kept.checkpoint(&mut run).expect("room");
    assert_eq!(Checkpoint::open(&path(&folder)).expect("a new one").record.step, 4);
}

/// Every byte of the header flipped, and the file cut anywhere: a sentence or a run, never a panic.
#[test]
fn broken_checkpoints_are_refused_with_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, device, set) = (path(&folder), cpu(), set());
    let mut run = start(&device);
    let mut kept = Folder::create(&path, &mut run, None).expect("room");
    train(&mut run, 6);
    kept.checkpoint(&mut run).expect("room");
    drop(kept);
    let file = path.join(checkpoint::FILE);
    let bytes = fs::read(&file).expect("a checkpoint");
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    let tried = |bytes: &[u8]| {
        fs::write(&file, bytes).expect("room");
        let opened = open(&path).map_err(|error| error.to_string());
        let resumed = opened.and_then(|stored| {
            // Numbers of pictures and batches that only this test would have to wait for.
            let experiment = &stored.experiment;
            if experiment.data != self::experiment().data || experiment.train.batch > 40 {
                return Err("another experiment, which this test need not wait for".into());
            }
            stored.resume(set.clone(), device.clone()).map_err(|error| error.to_string())
        });
        resumed.map(drop)
    };
    assert_eq!(tried(&bytes), Ok(()));
    for len in [0, 7, 8, 9, header - 1, header, bytes.len() - 1] {
        assert!(tried(&bytes[..len]).is_err());
    }
    for place in (0..header).step_by(7) {
        for bit in [0, 5] {
            let mut broken = bytes.clone();
            broken[place] ^= 1 << bit;
            if let Err(message) = tried(&broken) {
                assert!(message.len() < 1000 && message.len() > 20, "{message}");
            }
        }
    }
    let text = String::from_utf8_lossy(&bytes[8..header]).into_owned();
    let with = |from: &str, to: &str| {
        assert!(text.contains(from), "{text}");
        let text = text.replacen(from, to, 1);
        tried(&[&(text.len() as u64).to_le_bytes()[..], text.as_bytes(), &bytes[header..]].concat())
    };
    for (from, to, words) in [
        (r#""checkpoint":"1""#, r#""checkpoint":"2""#, "of version 2"),
        (r#""checkpoint":"1""#, r#""chequepoint":"1""#, "holds weights alone"),
        (r#"\"step\":6"#, r#"\"step\":7"#, "tells of 6 steps"),
        (r#"\"step\":6"#, r#"\"step\":-6"#, "cannot be gone on with"),
        (
            "optimiser.0.layers.0.weight",
            "optimiser.0.layers.9.weight",
            "missing: `optimiser.0.layers.0.weight`",
        ),
        ("optimiser = ", "optimizer = ", "cannot be gone on with"),
    ] {
        let message = with(from, to).expect_err("refused");
        assert!(message.contains(words), "`{words}` is not in: {message}");
    }
}

/// Weights that were given to a run are those that it goes back to, in the folder as well; drawn ones are drawn again.
#[test]
fn a_run_goes_back_to_the_weights_that_it_began_with() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut run = start(&cpu());
    train(&mut run, 7);
    run.begin_here().expect("weights");
    run.reset().expect("a start");
    let begun = everything(&mut run);
    let mut kept = Folder::create(&path(&folder), &mut run, None).expect("room");
    train(&mut run, 3);
    kept.checkpoint(&mut run).expect("room");
    drop((run, kept));
    let stored = open(&path(&folder)).expect("a run");
    let (mut run, kept) = stored.resume(set(), cpu()).expect("goes on");
    run.reset().expect("a start");
    assert!(everything(&mut run) == begun);
    assert!(everything(&mut start(&cpu())) != begun, "they are not those of the seed");
    drop((run, kept));
    fs::remove_file(path(&folder).join(super::start::FILE)).expect("it is there");
    let lost = open(&path(&folder)).expect("a run").resume(set(), cpu());
    let message = lost.map(drop).expect_err("refused").to_string();
    assert!(message.contains("start.safetensors"), "{message}");
}
