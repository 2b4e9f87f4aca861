//! Which shape of tiles is the quickest for each product on one device, as far as it was measured, and whether Winograd's
//! algorithm gains there; kept in a file in the user's cache folder, so that it is measured once. The shape changes no
//! bit of a result (see `tile.wgsl`), so a run need not remember what was chosen for it; the algorithm does, and is
//! among the [kernels](crate::engine::Device::kernels) that a run goes on with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::product::Shape;
use super::shaders;
use crate::engine::DeviceInfo;

/// What is known of one device.
pub struct Tiles {
    is_software: bool,
    /// The shape of all tiles, whatever is known.
    shape: Option<&'static Shape>,
    known: Mutex<Known>,
    /// Where it is kept, if anywhere.
    path: Option<PathBuf>,
    head: Head,
}

#[derive(Default)]
struct Known {
    /// The quickest shape for each product.
    tiles: BTreeMap<String, &'static Shape>,
    /// Whether 3×3 windows are computed quicker by Winograd's algorithm.
    winograd: Option<bool>,
}

/// What must be the same for a measurement to hold.
#[derive(Clone, PartialEq, serde::Serialize, serde::Deserialize)]
struct Head {
    /// The adapter, its backend and its driver.
    adapter: String,
    driver: String,
    /// Digest of all shaders.
    shaders: String,
}

/// The file: shapes by their names, for each product.
#[derive(serde::Serialize, serde::Deserialize)]
struct Stored {
    #[serde(flatten)]
    head: Head,
    winograd: Option<bool>,
    tiles: BTreeMap<String, String>,
}

/// The user's folder for what can be found out again.
pub fn folder() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "ConvScope").map(|folders| folders.cache_dir().join("tiles"))
}

impl Tiles {
    /// What the folder's file on this device tells. One that is damaged, or tells of another driver or of other shaders,
    /// tells nothing and is overwritten in time.
    pub fn new(info: &DeviceInfo, folder: Option<&Path>) -> Self {
        let shaders = format!("{:016x}", shaders::digest());
        let head = Head { adapter: info.name.clone(), driver: info.detail.clone(), shaders };
        let path = folder.map(|folder| folder.join(file_name(&info.name)));
        let known = path.as_deref().and_then(|path| read(path, &head)).unwrap_or_default();
        Self { is_software: info.is_software, shape: None, known: Mutex::new(known), path, head }
    }

    /// The same with all tiles of one shape, if one is given.
    pub fn all_of(self, shape: Option<&'static Shape>) -> Self {
        Self { shape, ..self }
    }

    pub fn is_software(&self) -> bool {
        self.is_software
    }

    /// The quickest shape for a product, if it was measured.
    pub fn known(&self, key: &str) -> Option<&'static Shape> {
        self.shape.or_else(|| self.lock().tiles.get(key).copied())
    }

    /// Whether Winograd's algorithm gains here, if it was measured.
    pub fn winograd(&self) -> Option<bool> {
        self.lock().winograd
    }

    /// Keeps what was found, here and in the file. Where that cannot be written, it is measured again another time.
    pub fn learn(&self, found: Vec<(String, &'static Shape)>) {
        self.lock().tiles.extend(found);
        self.keep();
    }

    pub fn learn_winograd(&self, gains: bool) {
        self.lock().winograd = Some(gains);
        self.keep();
    }

    fn keep(&self) {
        let Some(path) = &self.path else { return };
        // Another program may have found out something else meanwhile.
        let mut all = read(path, &self.head).unwrap_or_default();
        {
            let own = self.lock();
            all.tiles.extend(own.tiles.iter().map(|(key, shape)| (key.clone(), *shape)));
            all.winograd = own.winograd.or(all.winograd);
        }
        let _ = self.write(path, &all);
    }

    /// Replaces the file in one go: who reads it meanwhile finds the old one or the new one.
    fn write(&self, path: &Path, all: &Known) -> std::io::Result<()> {
        let tiles = all.tiles.iter().map(|(key, shape)| (key.clone(), shape.name.to_string())).collect();
        let stored = Stored { head: self.head.clone(), winograd: all.winograd, tiles };
        let text = serde_json::to_vec_pretty(&stored)?;
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        let growing = path.with_extension(format!("{}.part", std::process::id()));
        std::fs::write(&growing, text)?;
        std::fs::rename(&growing, path).inspect_err(|_| drop(std::fs::remove_file(&growing)))
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file's content, if it is sound and of this device, driver and program.
fn read(path: &Path, head: &Head) -> Option<Known> {
    // Far more than all products of many nets take; a file that is no longer ours is not read whole.
    const MOST_BYTES: u64 = 16 << 20;
    if std::fs::metadata(path).ok()?.len() > MOST_BYTES {
        return None;
    }
    let stored: Stored = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    let shapes = stored.tiles.into_iter().filter_map(|(key, name)| Some((key, Shape::named(&name)?)));
    (stored.head == *head).then(|| Known { tiles: shapes.collect(), winograd: stored.winograd })
}

/// A name for a file from that of an adapter: letters and digits are kept.
fn file_name(adapter: &str) -> String {
    let stem: String = adapter.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    format!("{stem}.json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::DeviceKind;
    use crate::engine::gpu::product::SHAPES;

    fn info(driver: &str) -> DeviceInfo {
        let (name, detail) = ("A card (2 GiB)".to_string(), driver.to_string());
        DeviceInfo { kind: DeviceKind::Gpu, name, detail, is_software: false }
    }

    #[test]
    fn what_was_found_is_known_again_and_no_other_driver_s() {
        let folder = tempfile::tempdir().unwrap();
        let open = |driver| Tiles::new(&info(driver), Some(folder.path()));
        let tiles = open("1");
        assert_eq!(tiles.known("a"), None);
        tiles.learn(vec![("a".into(), &SHAPES[2])]);
        assert_eq!(tiles.known("a"), Some(&SHAPES[2]));
        assert_eq!(open("1").known("a"), Some(&SHAPES[2]));
        assert_eq!(open("2").known("a"), None);
        // Two programs at once lose nothing of each other.
        let [one, other] = [open("1"), open("1")];
        one.learn(vec![("b".into(), &SHAPES[1])]);
        one.learn_winograd(true);
        other.learn(vec![("c".into(), &SHAPES[3])]);
        let all = open("1");
        assert_eq!(["a", "b", "c"].map(|key| all.known(key)), [2, 1, 3].map(|i| Some(&SHAPES[i])));
        assert_eq!((all.winograd(), open("2").winograd()), (Some(true), None));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left lying about");
    }

    #[test]
    fn a_damaged_file_tells_nothing_and_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("A-card--2-GiB-.json");
        let open = || Tiles::new(&info("1"), Some(folder.path()));
        open().learn(vec![("a".into(), &SHAPES[1])]);
        let sound = std::fs::read_to_string(&path).unwrap();
        let cut = &sound[..sound.len() / 2];
        let foreign = sound.replace(SHAPES[1].name, "100x100");
        for damaged in ["", "{}", cut, foreign.as_str(), "\u{0}\u{1}"] {
            std::fs::write(&path, damaged).unwrap();
            assert_eq!(open().known("a"), None, "{damaged}");
            open().learn(vec![("a".into(), &SHAPES[4])]);
            assert_eq!(open().known("a"), Some(&SHAPES[4]), "{damaged}");
        }
    }

    #[test]
    fn where_nothing_can_be_written_all_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let tiles = Tiles::new(&info("1"), Some(&file));
        tiles.learn(vec![("a".into(), &SHAPES[1])]);
        assert_eq!(tiles.known("a"), Some(&SHAPES[1]));
    }
}
