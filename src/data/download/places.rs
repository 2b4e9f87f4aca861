//! Where the published data sets are to be had, and by what they are known to be complete.
//!
//! The MD5 sums are those that the authors publish: on the page of CIFAR, in the readme of Fashion-MNIST, and for
//! MNIST those that torchvision carries. The SHA-256 sums are of the files that have these MD5 sums; those of the
//! two archives of CIFAR are in TensorFlow's list of checksums.

use std::path::PathBuf;

use super::{Member, Offer, Remote};
use crate::data::cifar;

/// Of a file, in the order of the fields of [`Remote`].
type Listed = (&'static str, u64, &'static str, &'static str);

/// LeCun's own page no longer hands out the files to programs, but is asked first; then the copy that torchvision
/// uses.
const MNIST_PLACES: [&str; 2] =
    ["http://yann.lecun.com/exdb/mnist/", "https://ossci-datasets.s3.amazonaws.com/mnist/"];

#[rustfmt::skip]
const MNIST: [Listed; 4] = [
    ("train-images-idx3-ubyte.gz", 9_912_422, "f68b3c2dcbeaaa9fbdd348bbdeb94873",
     "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
    ("train-labels-idx1-ubyte.gz", 28_881, "d53e105ee54ea40749a09fcbcd1e9432",
     "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
    ("t10k-images-idx3-ubyte.gz", 1_648_877, "9fb629c4189551a2d022fa330f9573f3",
     "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
    ("t10k-labels-idx1-ubyte.gz", 4_542, "ec29112dd5afa0611ce80d1b7f02629c",
     "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
];

const FASHION_PLACES: [&str; 1] = ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"];

#[rustfmt::skip]
const FASHION_MNIST: [Listed; 4] = [
    ("train-images-idx3-ubyte.gz", 26_421_880, "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
     "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
    ("train-labels-idx1-ubyte.gz", 29_515, "25c81989df183df01b3e8a0aad5dffbe",
     "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
    ("t10k-images-idx3-ubyte.gz", 4_422_102, "bef4ecab320f06d8554ea6380940ec79",
     "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
    ("t10k-labels-idx1-ubyte.gz", 5_148, "bb300cfdad3c16e7a12a480ee83cd310",
     "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
];

const CIFAR_PLACES: [&str; 1] = ["https://www.cs.toronto.edu/~kriz/"];

const CIFAR_10: [Listed; 1] = [(
    "cifar-10-binary.tar.gz",
    170_052_171,
    "c32a1d4ab5d03f1284b67883e8d87530",
    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
)];

const CIFAR_100: [Listed; 1] = [(
    "cifar-100-binary.tar.gz",
    168_513_733,
    "03b5dce01913d631647c71ecec9e9cb8",
    "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
)];

/// What can be fetched under the name of a data set, into `folder`; none of the built-in ones.
pub fn offer(name: &str, folder: PathBuf) -> Option<Offer> {
    let (title, places, files, members) = match name {
        "mnist" => ("MNIST", &MNIST_PLACES[..], &MNIST[..], vec![]),
        "fashion-mnist" => ("Fashion-MNIST", &FASHION_PLACES[..], &FASHION_MNIST[..], vec![]),
        "cifar-10" => {
            ("CIFAR-10", &CIFAR_PLACES[..], &CIFAR_10[..], members(&cifar::FILES_10, [30_730_000; 6]))
        }
        "cifar-100" => (
            "CIFAR-100",
            &CIFAR_PLACES[..],
            &CIFAR_100[..],
            members(&cifar::FILES_100, [153_700_000, 30_740_000]),
        ),
        _ => return None,
    };
    let remote = |&(name, bytes, md5, sha256): &Listed| Remote {
        name: name.into(),
        bytes,
        md5: md5.into(),
        sha256: sha256.into(),
    };
    Some(Offer {
        title: title.into(),
        places: places.iter().map(|&place| place.to_owned()).collect(),
        files: files.iter().map(remote).collect(),
        members,
        folder,
    })
}

fn members<const N: usize>(names: &[&str; N], bytes: [u64; N]) -> Vec<Member> {
    names.iter().zip(bytes).map(|(&name, bytes)| Member { name: name.into(), bytes }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::idx;

    fn offered(name: &str) -> Offer {
        offer(name, PathBuf::from("here")).unwrap()
    }

    #[test]
    fn sizes_and_places_are_told_beforehand() {
        assert_eq!(offered("mnist").bytes(), 11_594_722);
        assert_eq!(offered("fashion-mnist").bytes(), 30_878_645);
        assert_eq!(offered("mnist").hosts(), "yann.lecun.com, else ossci-datasets.s3.amazonaws.com");
        assert_eq!(offered("cifar-10").hosts(), "www.cs.toronto.edu");
        assert!(offer("glyphs", PathBuf::new()).is_none(), "what is made here is fetched nowhere");
    }

    #[test]
    fn what_is_fetched_is_what_is_read() {
        for name in ["mnist", "fashion-mnist"] {
            let files = offered(name).files;
            assert!(files.iter().zip(idx::FILES).all(|(file, read)| file.name == format!("{read}.gz")));
        }
        // Records of 1 or 2 labels and 3,072 pixels.
        let pictures =
            |name: &str, len: u64| offered(name).members.iter().map(|m| m.bytes).sum::<u64>() / len;
        assert_eq!([pictures("cifar-10", 3073), pictures("cifar-100", 3074)], [60_000; 2]);
    }

    /// Against the files themselves, where they are.
    #[test]
    fn the_checksums_are_those_of_the_published_files() {
        let Some(root) = std::env::var_os(crate::data::catalogue::FOLDER_VARIABLE).map(PathBuf::from) else {
            println!("Left out: the test on MNIST's files, as CONVSCOPE_DATA is not set.");
            return;
        };
        for name in ["mnist", "fashion-mnist"] {
            for file in offered(name).files {
                let path = root.join(name).join(&file.name);
                let Ok(there) = std::fs::metadata(&path) else { continue };
                assert_eq!(there.len(), file.bytes, "{}", path.display());
                let sums = crate::data::download::transfer::checksums(&path, &Default::default()).unwrap();
                assert_eq!(sums, [file.md5, file.sha256], "{}", path.display());
            }
        }
    }
}
