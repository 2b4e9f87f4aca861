use super::*;
use crate::experiment::Data;
use tempfile::TempDir;

fn spec(source: impl Into<String>) -> Data {
    Data { source: source.into(), ..Data::default() }
}

/// A folder of data sets with one record in each file of CIFAR-10.
fn folder_with_cifar(sub_folder: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join(sub_folder)).unwrap();
    for name in cifar::FILES_10 {
        std::fs::write(folder.path().join(sub_folder).join(name), [3; 3073]).unwrap();
    }
    folder
}

fn open(data: &Data) -> Result<DataSet, DataError> {
    super::open(&Experiment { data: data.clone(), ..Experiment::default() })
}

fn message(spec: Data) -> String {
    open(&spec).unwrap_err().to_string()
}

#[test]
fn built_in_sets_are_made_in_the_number_asked_for() {
    let spec = Data { train: Some(30), test: Some(20), ..spec("glyphs") };
    let set = open(&spec).unwrap();
    assert_eq!((set.train.len(), set.test.len(), set.classes.len()), (30, 20, 10));
    assert_eq!(set.train.pictures.len(), 30 * set.extent.len());
}

#[test]
fn more_pictures_than_there_are_is_an_error_with_both_numbers() {
    let folder = folder_with_cifar(".");
    let path = folder.path().display().to_string();
    assert_eq!(
        message(Data { train: Some(60_000), ..spec(&path) }),
        "`data.train` asks for 60,000 pictures, but CIFAR-10 has 5: ask for 1 to 5, or leave it out for all of them."
    );
    assert!(message(Data { test: Some(0), ..spec(&path) }).starts_with("`data.test` asks for 0 pictures"));
    assert!(message(Data { train: Some(usize::MAX), ..spec("shapes") }).contains("ask for 1 to 500,000"));
    let set = open(&Data { train: Some(2), ..spec(&path) }).unwrap();
    assert_eq!((set.train.len(), set.train.pictures.len(), set.test.len()), (2, 2 * 3072, 1));
}

#[test]
fn named_sets_are_found_in_their_folder_or_right_there() {
    let cifar = published("cifar-10").unwrap();
    let (deep, flat) = (folder_with_cifar("cifar-10-batches-bin"), folder_with_cifar("."));
    let find = |named: &TempDir, own: &TempDir| {
        cifar.find_in(Some(named.path().to_owned()), Some(own.path().to_owned())).unwrap()
    };
    assert_eq!(find(&deep, &flat), deep.path().join("cifar-10-batches-bin"), "the named folder comes first");
    assert_eq!(find(&flat, &deep), flat.path());
    let nothing = tempfile::tempdir().unwrap();
    assert_eq!(find(&nothing, &flat), flat.path(), "then the program's own");
}

#[test]
fn an_absent_set_says_where_to_put_which_files() {
    let mnist = published("mnist").unwrap();
    let absent =
        |named: Option<&str>| mnist.find_in(named.map(PathBuf::from), Some("/own".into())).unwrap_err();
    assert_eq!(
        absent(Some("/named")).to_string(),
        "MNIST is not on this computer: fetch it with `convscope data get mnist`, or put \
         train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte (gzipped or not) into `/named/mnist`."
    );
    assert!(absent(None).to_string().ends_with(
        "into `/own/mnist`, or set the environment variable CONVSCOPE_DATA to the folder that holds them."
    ));
}

#[test]
fn the_two_sets_with_the_same_file_names_are_told_apart_by_the_folder() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("Fashion");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join(idx::FILES[0]), "").unwrap();
    let find = |name| published(name).unwrap().find_in(Some(folder.clone()), None);
    assert!(find("mnist").is_err() && find("fashion-mnist").is_ok());
}

#[test]
fn unknown_names_and_paths_are_told_the_nearest_way() {
    assert!(message(spec("fashion-minst")).contains("(did you mean `fashion-mnist`?)"));
    assert!(message(spec("MNIST")).contains("(did you mean `mnist`?)"));
    let far = message(spec("elephants"));
    assert!(
        !far.contains("did you mean")
            && far.contains("choose `glyphs`, `shapes`, `scenes`, `scene-masks`, `rings`"),
        "{far}"
    );
    assert!(message(spec("no/such/folder")).contains("`no/such/folder` is missing: check the path"));
    let folder = tempfile::tempdir().unwrap();
    for (name, expected) in [("a.png", "a single picture"), ("a.tar", "a file of another kind")] {
        let path = folder.path().join(name);
        std::fs::write(&path, "").unwrap();
        assert!(message(spec(path.display().to_string())).contains(expected));
    }
}

#[test]
fn the_list_names_every_set_once() {
    let names: Vec<_> = list().into_iter().map(|entry| entry.name).collect();
    assert_eq!(
        names,
        [
            "glyphs",
            "shapes",
            "scenes",
            "scene-masks",
            "rings",
            "spirals",
            "mnist",
            "fashion-mnist",
            "cifar-10",
            "cifar-100"
        ]
    );
}

#[test]
fn info_counts_what_is_there() {
    let folder = folder_with_cifar(".");
    let data = spec(folder.path().display().to_string());
    let experiment = Experiment { data, ..Experiment::default() };
    let contents = info(&experiment).unwrap().contents.unwrap();
    assert_eq!(contents.classes[3], ClassCount { name: "cat".into(), train: 5, test: 1 });
    assert_eq!((contents.notes.len(), contents.channels.len()), (2, 3));
    assert!((contents.channels[0].mean - 3.0 / 255.0).abs() < 1e-12 && contents.channels[0].deviation == 0.0);
}

/// Opens a published set from the folder that `CONVSCOPE_DATA` names, if it is there.
fn real(name: &str) -> Option<DataSet> {
    let Some(folder) = std::env::var_os(FOLDER_VARIABLE) else {
        println!("Left out: the test on the real files of {name}, as {FOLDER_VARIABLE} is not set.");
        return None;
    };
    if published(name).unwrap().find_in(Some(folder.into()), None).is_err() {
        println!("Left out: the test on the real files of {name}, as they are not in the folder.");
        return None;
    }
    Some(open(&spec(name)).unwrap())
}

/// The statistics are those that everybody normalises with.
#[test]
fn real_files_have_the_published_statistics() {
    let check = |name: &str, expected: [(f64, f64); 3]| {
        let Some(set) = real(name) else { return };
        assert_eq!(
            [set.train.len(), published(name).unwrap().known.counts[0]].iter().min(),
            Some(&set.train.len())
        );
        for (found, (mean, deviation)) in channel_moments(&set.train, set.extent).iter().zip(expected) {
            let is_near = |a: f64, b: f64| (a - b).abs() < 1e-4;
            assert!(is_near(found.mean, mean) && is_near(found.deviation, deviation), "{name}: {found:?}");
        }
    };
    check("mnist", [(0.1307, 0.3081); 3]);
    check("fashion-mnist", [(0.2860, 0.3530); 3]);
    check("cifar-10", [(0.4914, 0.2470), (0.4822, 0.2435), (0.4465, 0.2616)]);
}
