use std::collections::HashMap;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::container::little_endian;
use super::*;
use crate::data::Normalisation;
use crate::experiment::layers::{Linear, PermutePixels};
use crate::experiment::{Kind, Layer, Network, presets};
use crate::tensor::Extent;

const EXTENT: Extent = Extent::new(3, 32, 32);

fn graph() -> Graph {
    let network = presets::build("resnet-20", EXTENT, 3).expect("a preset");
    Graph::classifier(&network, 3).expect("a possible net")
}

fn about() -> About {
    About {
        experiment: Some("title = \"Mine\"\n".into()),
        input: Some(EXTENT),
        classes: Some(["cat", "dog", "hen"].map(String::from).to_vec()),
        normalisation: Some(
            Normalisation::with_channel_means(&[0.5, 0.25, 0.1], vec![2.0; 3], EXTENT)
                .permuted(Some(u64::MAX)),
        ),
    }
}

/// A folder, and in it a file of weights of [`graph`].
fn written() -> (tempfile::TempDir, PathBuf, Numbers) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    let numbers = Numbers::initial(&graph(), &Train::default(), 3);
    write(&path, &graph(), &numbers, &about()).expect("room");
    (folder, path, numbers)
}

/// A file with these tensors and metadata.
fn file(tensors: &[(&str, &[usize])], metadata: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    let zeros = |shape: &[usize]| vec![0; 4 * shape.iter().product::<usize>()];
    let bytes: Vec<Vec<u8>> = tensors.iter().map(|(_, shape)| zeros(shape)).collect();
    let views = tensors.iter().zip(&bytes).map(|((name, shape), bytes)| {
        (name.to_string(), TensorView::new(Dtype::F32, shape.to_vec(), bytes).expect("a tensor"))
    });
    let metadata: HashMap<String, String> =
        metadata.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    std::fs::write(&path, safetensors::serialize(views, Some(metadata)).expect("bytes")).expect("room");
    (folder, path)
}

#[test]
fn what_is_written_is_read() {
    let (_folder, path, numbers) = written();
    let mut file = WeightsFile::open(&path).expect("a file of weights");
    assert_eq!(file.about, about());
    assert_eq!(file.numbers(&graph()).expect("the net's numbers"), numbers);
}

/// A mean for each pixel of a large picture does not fit into what is read again: nothing is written.
#[test]
fn more_than_can_be_told_is_refused_beforehand() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    // Of equal ones only the means of the channels would be told.
    let mean = (0..3 * 1200 * 1200).map(|i| [0.123_456_79, 0.234_567_9][i % 2]).collect();
    let normalisation = Normalisation { mean, scale: vec![1.0; 3], permute: None };
    let about =
        About { normalisation: Some(normalisation), input: Some(Extent::new(3, 1200, 1200)), ..about() };
    let numbers = Numbers::initial(&graph(), &Train::default(), 3);
    let message = write(&path, &graph(), &numbers, &about).unwrap_err().to_string();
    assert!(message.contains("MiB, and no more than 32.0 MiB may be. Use `data.normalise"), "{message}");
    assert!(std::fs::read_dir(folder.path()).expect("the folder").next().is_none(), "nothing is left behind");
}

/// What others read is just what we write; and a second writing differs in no byte.
#[test]
fn the_file_is_safetensors_and_always_the_same() {
    let (_folder, path, numbers) = written();
    let (_other, again, _) = written();
    let bytes = std::fs::read(path).expect("the file");
    assert!(bytes == std::fs::read(again).expect("the file"), "the same weights are other bytes");
    let file = SafeTensors::deserialize(&bytes).expect("safetensors");
    assert_eq!(file.len(), tensors(&graph()).len());
    let first = file.tensor("layers.0.weight").expect("the first convolution");
    assert_eq!((first.dtype(), first.shape()), (Dtype::F32, &[16, 3, 3, 3][..]));
    assert_eq!(first.data(), &little_endian(&numbers.parameters[0])[..]);
    let begin = 8 + u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes"));
    assert_eq!(begin % 8, 0, "numbers are where they can be mapped");
}

/// Everything at once, in PyTorch's own order of words, and no longer than a person reads.
#[test]
fn what_is_missing_extra_and_of_another_shape_is_listed() {
    let (_folder, path) = file(
        &[
            ("layers.0.weight", &[16, 3, 5, 5]),
            ("layers.1.weight", &[16]),
            ("layers.1.num_batches_tracked", &[]),
            ("fc.bias", &[10]),
        ],
        &[],
    );
    let message = WeightsFile::open(&path).and_then(|mut f| f.numbers(&graph())).unwrap_err().to_string();
    let n_tensors = tensors(&graph()).len();
    for words in [
        "missing: `layers.1.bias`, ",
        &format!(" and {} more; ", n_tensors - 2 - 4),
        "extra: `fc.bias`; ",
        "of another shape or type: `layers.0.weight` (16×3×5×5 there, 16×3×3×3 here)",
    ] {
        assert!(message.contains(words), "`{words}` is not in: {message}");
    }
    assert!(message.len() < 600, "{message}");
}

#[test]
fn files_that_are_no_weights_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    let (_other, whole, _) = written();
    let whole = std::fs::read(whole).expect("the file");
    let endless = [&u64::MAX.to_le_bytes()[..], b"{}"].concat();
    let absurd =
        br#"{"layers.0.weight":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}"#;
    let absurd = [&(absurd.len() as u64).to_le_bytes()[..], absurd, &[0; 4]].concat();
    for bytes in [&b""[..], b"PK", &endless, &absurd, &whole[..whole.len() - 1], &whole[..100]] {
        std::fs::write(&path, bytes).expect("room");
        let refused = WeightsFile::open(&path).map(|_| ()).unwrap_err();
        assert!(matches!(refused, WeightsError::Format { .. }), "{refused}");
        assert!(refused.to_string().len() < 400, "{refused}");
    }
}

#[test]
fn metadata_that_cannot_be_are_refused() {
    for (metadata, words) in [
        (vec![("input", "[3, 0, 32]")], "a side of `input`"),
        (vec![("input", "[4096, 4096, 4096]")], "pictures of more than 67108864 numbers"),
        (
            vec![("input", "[1, 2, 2]"), ("normalisation_mean", "[0]"), ("normalisation_scale", "[0]")],
            "divides by nothing",
        ),
        (vec![("input", "wide")], "`input` cannot be understood"),
        (vec![("classes", "[]")], "`classes` must be"),
        (
            vec![("input", "[1, 2, 2]"), ("normalisation_mean", "[1, 2]"), ("normalisation_scale", "[1]")],
            "not for pictures of 1×2×2",
        ),
        (
            vec![("input", "[1, 2, 2]"), ("normalisation_mean", "[1e39]"), ("normalisation_scale", "[1]")],
            "normalisation",
        ),
    ] {
        let (_folder, path) = file(&[], &metadata);
        let message = WeightsFile::open(&path).map(|_| ()).unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn pictures_of_another_kind_are_refused() {
    let (_folder, path, _) = written();
    let file = WeightsFile::open(&path).expect("a file of weights");
    let classes = about().classes.expect("classes");
    assert!(file.expect_pictures(EXTENT, &classes).is_ok());
    let grey = file.expect_pictures(Extent::new(1, 32, 32), &classes).unwrap_err().to_string();
    assert!(grey.contains("for pictures of 3×32×32, those here are 1×32×32"), "{grey}");
    let fewer = file.expect_pictures(EXTENT, &classes[1..]).unwrap_err().to_string();
    assert!(fewer.contains("it tells apart cat, dog, hen, the pictures here are of dog, hen"), "{fewer}");
}

/// A car that is called an automobile is still one; what matters is the order.
#[test]
fn classes_may_have_other_names_but_no_other_places() {
    let (_folder, path, _) = written();
    let file = WeightsFile::open(&path).expect("a file of weights");
    let names = |names: [&str; 3]| names.map(String::from).to_vec();
    let fits = |classes| file.expect_pictures(EXTENT, &names(classes)).is_ok();
    assert!(fits(["cat", "dog", "chicken"]));
    assert!(!fits(["cat", "hen", "dog"]), "the labels mean others");
    assert!(!fits(["cat", "chicken", "dog"]));
    assert!(!fits(["cat", "hound", "chicken"]), "most of them are others");
    assert_eq!(file.renamed(&names(["cat", "dog", "hen"])), None);
    let note = file.renamed(&names(["cat", "dog", "chicken"])).expect("a note");
    assert!(note.contains("other names for some classes (hen for chicken)"), "{note}");
}

/// Other programs are told of the permutation; here it follows from the experiment, and must be the same.
#[test]
fn a_permutation_is_written_and_must_be_the_same() {
    let graph = |seed: usize| {
        let kinds = [Kind::PermutePixels(PermutePixels { seed }), Kind::Linear(Linear::default())];
        let network = Network { input: EXTENT, layers: kinds.map(Layer::new).to_vec() };
        Graph::new(&network).expect("a possible net")
    };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    let numbers = Numbers::initial(&graph(1), &Train::default(), 3);
    write(&path, &graph(1), &numbers, &About::default()).expect("room");
    let mut file = WeightsFile::open(&path).expect("a file of weights");
    assert_eq!(file.container.header.info("layers.0.permutation").expect("a permutation").shape, [32 * 32]);
    assert_eq!(file.numbers(&graph(1)).expect("the net's numbers"), numbers);
    let other = file.numbers(&graph(2)).unwrap_err().to_string();
    assert!(other.contains("`layers.0.permutation` is not the one"), "{other}");
}

proptest::proptest! {
    /// Weights come from anywhere: whatever is in the file, it is read or refused.
    #[test]
    fn no_damage_makes_it_panic(at in 0usize..20_000, bytes in proptest::collection::vec(0u8..=255, 1..24)) {
        let (_folder, path, _) = written();
        let mut file = std::fs::read(&path).expect("the file");
        let at = at % file.len();
        let end = (at + bytes.len()).min(file.len());
        file[at..end].copy_from_slice(&bytes[..end - at]);
        std::fs::write(&path, file).expect("room");
        if let Ok(mut file) = WeightsFile::open(&path)
            && let Ok(numbers) = file.numbers(&graph())
        {
            proptest::prop_assert!(numbers.parameters.iter().flatten().all(|x| x.is_finite()));
        }
    }
}
