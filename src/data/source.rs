//! The way from what an experiment names to pictures in memory, in two steps: first they are found, which tells at
//! once what there will be; then they are made or decoded, which may take minutes.

use super::catalogue::{BUILT_IN, Published, names, published};
use super::decode::is_picture;
use super::error::DataError;
use super::known::{FASHION_MNIST, Known, MNIST};
use super::procedural::{self, Procedural};
use super::{
    DataSet, HOLD_OUT, MAX_SIDE, Split, cifar, folder, folder_name, idx, masks, noise, permute, resize, tags,
};
use crate::experiment::words::nearest;
use crate::experiment::{Data, Experiment, LabelKind, Loss};
use crate::graph::Goal;
use crate::tensor::Extent;
use std::path::{Path, PathBuf};

/// Opens the pictures that an experiment asks for: a data set by name, or the path of one.
///
/// Its seed makes the pictures of a built-in set, divides a folder of pictures into its two parts and draws the
/// labels that are made wrong.
///
/// # Errors
/// A name or path that leads nowhere, files that are absent or damaged, more pictures asked for than there
/// are, label noise towards a class that there is not; each with a sentence for the user.
pub fn open(experiment: &Experiment) -> Result<DataSet, DataError> {
    Source::find(experiment)?.read()
}

/// What a data set will hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Prospect {
    pub name: String,
    /// Shape of every picture, `(C, H, W)`.
    pub extent: Extent,
    pub labels: LabelKind,
    /// Names of the classes or tags; none where they are known only when all labels have been read.
    pub classes: Option<Vec<String>>,
    /// Pictures to learn from, and to test on; fewer where some turn out to be unreadable.
    pub train: usize,
    pub test: usize,
}

/// Pictures that have been found and not yet made or decoded.
pub struct Source<'a> {
    experiment: &'a Experiment,
    kind: Kind,
    prospect: Prospect,
}

enum Kind {
    Made(&'static Procedural),
    Published(&'static Published, PathBuf),
    Folder(folder::Found),
    Tags(tags::Found),
    Masks(masks::Found),
    /// Files that are read as quickly as they are looked at.
    Read(DataSet),
}

impl Prospect {
    /// What a net must be made for to be trained on these pictures with this loss, where the classes are known.
    pub fn goal(&self, loss: Loss) -> Option<Goal> {
        Some(Goal { loss, labels: self.labels, n_classes: self.classes.as_ref()?.len() })
    }

    /// Bytes of all pictures and of what is known of their pixels.
    pub fn bytes(&self) -> u64 {
        self.bytes_of(self.train + self.test)
    }

    /// Bytes of so many of them.
    pub fn bytes_of(&self, n_pictures: usize) -> u64 {
        let of_pixels = if self.labels == LabelKind::Pixels { self.extent.area() } else { 0 };
        (n_pictures as u64).saturating_mul((self.extent.len() + of_pixels) as u64)
    }

    fn of(set: &DataSet) -> Self {
        Self {
            name: set.name.clone(),
            extent: set.extent,
            labels: set.train.labels.kind(),
            classes: Some(set.classes.clone()),
            train: set.train.len(),
            test: set.test.len(),
        }
    }
}

impl<'a> Source<'a> {
    /// Finds the pictures that an experiment asks for.
    ///
    /// # Errors
    /// Those of [`open`], but for damage behind the headers of files.
    pub fn find(experiment: &'a Experiment) -> Result<Self, DataError> {
        let spec = &experiment.data;
        let kind = Kind::find(experiment)?;
        let prospect = kind.prospect(spec)?.asked_for(spec)?;
        Ok(Self { experiment, kind, prospect })
    }

    /// What there will be.
    pub fn prospect(&self) -> &Prospect {
        &self.prospect
    }

    /// Makes or decodes the pictures, and does to them what the experiment asks for.
    ///
    /// # Errors
    /// Damaged files; pictures that turn out to be fewer than were asked for.
    pub fn read(self) -> Result<DataSet, DataError> {
        let Experiment { data, seed, train, .. } = self.experiment;
        let mut set = self.kind.read(data, *seed)?;
        if let Some(size) = data.size {
            resize::resize(&mut set, size);
        }
        noise::add(&mut set, &data.noise, train.loss.void(), *seed)?;
        if let Some(seed) = data.permute {
            permute::stir(&mut set, seed);
        }
        Ok(set)
    }
}

/// What a data set will hold, or, of a published one that is not on this computer, what it would.
///
/// # Errors
/// Those of [`open`], but for damage behind the headers of files and files that are absent.
pub fn prospect(experiment: &Experiment) -> Result<Prospect, DataError> {
    match Source::find(experiment) {
        Ok(source) if source.prospect.classes.is_none() => Ok(Prospect::of(&source.read()?)),
        Ok(source) => Ok(source.prospect),
        Err(absent @ DataError::Absent { .. }) => match published(&experiment.data.source) {
            Some(published) => published.prospect().asked_for(&experiment.data),
            None => Err(absent),
        },
        Err(error) => Err(error),
    }
}

impl Prospect {
    /// After all that an experiment asks for.
    fn asked_for(mut self, spec: &Data) -> Result<Self, DataError> {
        let cut = |n: &mut usize, asked, key| -> Result<(), DataError> {
            *n = n_asked(asked, *n, key, &self.name)?;
            Ok(())
        };
        let (mut train, mut test) = (self.train, self.test);
        cut(&mut train, spec.train, "data.train")?;
        cut(&mut test, spec.test, "data.test")?;
        (self.train, self.test) = (train, test);
        if let Some([height, width]) = spec.size.map(|size| size.map(|side| side.clamp(1, MAX_SIDE))) {
            self.extent = Extent::new(self.extent.channels, height, width);
            resize::check_size(&self)?;
        }
        if let (Some(to), Some(classes)) = (&spec.noise.to, &self.classes) {
            noise::class_of(to, classes, &self.name)?;
        }
        Ok(self)
    }
}

impl Kind {
    fn find(experiment: &Experiment) -> Result<Self, DataError> {
        let spec = &experiment.data;
        if let Some(set) = BUILT_IN.into_iter().find(|set| set.name == spec.source) {
            return Ok(Self::Made(set));
        }
        match published(&spec.source) {
            Some(published) => Ok(Self::Published(published, published.find()?)),
            None => Self::at_path(Path::new(&spec.source), spec, experiment.seed),
        }
    }

    /// The file or folder at `path` by what it holds.
    fn at_path(path: &Path, spec: &Data, seed: u64) -> Result<Self, DataError> {
        if !path.exists() {
            return Err(unknown(&spec.source));
        }
        if path.is_file() {
            return Self::at_file(path, spec, seed);
        }
        if idx::is_in(path) {
            return idx::open(path, known_by_folder(path)).map(Self::Read);
        }
        if cifar::is_ten_in(path) {
            return cifar::open_ten(path).map(Self::Read);
        }
        if cifar::is_hundred_in(path) {
            return cifar::open_hundred(path).map(Self::Read);
        }
        if tags::is_in(path) {
            return tags::Found::look(path, spec.size).map(Self::Tags);
        }
        if masks::is_in(path) {
            return masks::Found::look(path, spec.size).map(Self::Masks);
        }
        folder::Found::look(path, spec.size).map(Self::Folder)
    }

    fn at_file(path: &Path, spec: &Data, seed: u64) -> Result<Self, DataError> {
        if path.file_name().is_some_and(|name| name == tags::FILE) {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            return tags::Found::look(folder.unwrap_or(Path::new(".")), spec.size).map(Self::Tags);
        }
        if idx::is_named_like(path) {
            let folder = path.parent().unwrap_or(Path::new("."));
            return idx::open(folder, known_by_folder(folder)).map(Self::Read);
        }
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("bin")) {
            return cifar::open_file(path, hold_out(spec), seed).map(Self::Read);
        }
        let (what, remedy) = if is_picture(path) {
            ("a single picture", "choose the folder that holds a sub-folder of pictures for each class")
        } else {
            (
                "a file of another kind",
                "choose a file of MNIST (IDX) or CIFAR (.bin), or a folder of such files or of pictures, unpacked",
            )
        };
        Err(DataError::Layout { path: path.to_owned(), what: what.to_owned(), remedy })
    }

    /// What there is as it lies there; of a built-in set as many as are asked for.
    fn prospect(&self, spec: &Data) -> Result<Prospect, DataError> {
        Ok(match self {
            Self::Made(set) => {
                let [train, test] = set.counts;
                Prospect {
                    name: set.name.into(),
                    extent: set.extent,
                    labels: set.painter.labels(),
                    classes: Some(set.classes.iter().map(|&name| name.to_owned()).collect()),
                    train: n_made(spec.train, train, "data.train", set.name)?,
                    test: n_made(spec.test, test, "data.test", set.name)?,
                }
            }
            Self::Published(published, _) => published.prospect(),
            Self::Folder(found) => found.prospect(hold_out(spec)),
            Self::Tags(found) => found.prospect(hold_out(spec)),
            Self::Masks(found) => found.prospect(),
            Self::Read(set) => Prospect::of(set),
        })
    }

    /// As many of the pictures as are asked for, as they are.
    fn read(self, spec: &Data, seed: u64) -> Result<DataSet, DataError> {
        let mut set = match self {
            Self::Made(set) => {
                let train = n_made(spec.train, set.counts[0], "data.train", set.name)?;
                let test = n_made(spec.test, set.counts[1], "data.test", set.name)?;
                return Ok(set.make(seed, train, test));
            }
            Self::Published(published, folder) => (published.open)(&folder)?,
            Self::Folder(found) => found.read(hold_out(spec), seed)?,
            Self::Tags(found) => found.read(hold_out(spec), seed)?,
            Self::Masks(found) => found.read(seed)?,
            Self::Read(set) => set,
        };
        let (name, extent) = (set.name.clone(), set.extent);
        cut(&mut set.train, spec.train, extent, "data.train", &name)?;
        cut(&mut set.test, spec.test, extent, "data.test", &name)?;
        Ok(set)
    }
}

fn hold_out(spec: &Data) -> f32 {
    spec.hold_out.unwrap_or(HOLD_OUT)
}

/// IDX files do not say what they show, but people keep the two that everybody knows in folders so called.
fn known_by_folder(folder: &Path) -> Option<&'static Known> {
    let name = folder_name(folder).to_lowercase();
    [&MNIST, &FASHION_MNIST].into_iter().find(|known| known.name.to_lowercase() == name)
}

fn unknown(source: &str) -> DataError {
    if source.contains(['/', '\\', '.']) {
        let remedy = "check the path for typing mistakes; it counts from the folder you work in".into();
        return DataError::Missing { path: source.into(), remedy };
    }
    let meant = nearest(source, names());
    // Out of the list itself, whose names live for ever.
    let nearest = names().find(|&name| Some(name) == meant);
    let choices = names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    DataError::UnknownName { asked: source.to_owned(), nearest, choices }
}

/// How many pictures of a built-in set to make.
fn n_made(asked: Option<usize>, default: usize, key: &'static str, name: &str) -> Result<usize, DataError> {
    match asked {
        None => Ok(default),
        Some(_) => n_asked(asked, procedural::MAX_PICTURES, key, name),
    }
}

/// How many of the pictures that there are to take.
fn n_asked(
    asked: Option<usize>,
    available: usize,
    key: &'static str,
    name: &str,
) -> Result<usize, DataError> {
    match asked {
        None => Ok(available),
        Some(asked) if (1..=available).contains(&asked) => Ok(asked),
        Some(asked) => Err(DataError::Amount { key, asked, available, name: name.to_owned() }),
    }
}

/// Keeps the first pictures of a split, as many as were asked for.
fn cut(
    split: &mut Split,
    asked: Option<usize>,
    extent: Extent,
    key: &'static str,
    name: &str,
) -> Result<(), DataError> {
    let n = n_asked(asked, split.len(), key, name)?;
    split.truncate(extent, n);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(source: &str, change: impl FnOnce(&mut Data)) -> Experiment {
        let mut experiment = Experiment::default();
        experiment.data.source = source.into();
        change(&mut experiment.data);
        experiment
    }

    /// What is said beforehand is what then comes.
    fn keeps_its_word(experiment: &Experiment) {
        let source = Source::find(experiment).expect("it is there");
        let said = source.prospect().clone();
        let set = source.read().expect("it can be read");
        let found = Prospect::of(&set);
        assert_eq!(said.classes.as_ref().unwrap_or(&set.classes), &set.classes);
        assert_eq!(Prospect { classes: found.classes.clone(), ..said }, found);
    }

    #[test]
    fn what_is_made_is_known_before_it_is_made() {
        for source in ["glyphs", "scenes", "scene-masks", "rings"] {
            keeps_its_word(&of(source, |data| (data.train, data.test) = (Some(30), Some(20))));
        }
        let resized = of("shapes", |data| {
            (data.train, data.test, data.size) = (Some(3), Some(2), Some([40, 24]));
        });
        keeps_its_word(&resized);
        assert_eq!(Source::find(&resized).expect("it is there").prospect().bytes(), 5 * 3 * 40 * 24);
    }

    #[test]
    fn what_lies_in_a_folder_is_known_before_it_is_decoded() {
        let folder = tempfile::tempdir().expect("a folder");
        let picture = |name: String| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("room");
            image::RgbImage::new(9, 7).save(path).expect("room");
        };
        (0..7).for_each(|i| picture(format!("cats/{i}.png")));
        (0..2).for_each(|i| picture(format!("dogs/{i}.png")));
        let path = folder.path().display().to_string();
        keeps_its_word(&of(&path, |_| {}));
        keeps_its_word(&of(&path, |data| (data.hold_out, data.size) = (Some(0.5), Some([5, 5]))));
        // What does not fit is refused without decoding anything.
        let refused = |change: fn(&mut Data)| match Source::find(&of(&path, change)) {
            Err(error) => error.to_string(),
            Ok(_) => panic!("it is not there"),
        };
        assert!(refused(|data| data.train = Some(8)).contains("asks for 8 pictures, but"));
        let message = refused(|data| data.noise.to = Some("dgos".into()));
        assert!(
            message.contains("(did you mean `dogs`?)") && message.contains("`cats` and `dogs`"),
            "{message}"
        );
    }

    #[test]
    fn classes_that_only_labels_tell_are_read() {
        let folder = tempfile::tempdir().expect("a folder");
        for part in ["train", "test"] {
            let labels = format!("{part}annot");
            for name in [part, &labels] {
                std::fs::create_dir(folder.path().join(name)).expect("room");
            }
            image::RgbImage::new(4, 3).save(folder.path().join(part).join("1.png")).expect("room");
            let labels = folder.path().join(labels).join("1.png");
            image::GrayImage::from_pixel(4, 3, image::Luma([2])).save(labels).expect("room");
        }
        let experiment = of(&folder.path().display().to_string(), |_| {});
        assert_eq!(Source::find(&experiment).expect("it is there").prospect().classes, None);
        keeps_its_word(&experiment);
        assert_eq!(prospect(&experiment).expect("it is read").classes.map(|classes| classes.len()), Some(3));
    }
}
