//! Why a file cannot be written, and what to do about it.

use std::io::{Error, ErrorKind};
use std::path::Path;

/// The end of a sentence "… cannot be written: ", with the remedy behind it.
pub fn reason(path: &Path, error: &Error) -> String {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let missing = parent.filter(|parent| error.kind() == ErrorKind::NotFound && !parent.exists());
    match (missing, error.kind()) {
        (Some(folder), _) => {
            let folder = folder.display();
            format!(
                "there is no folder `{folder}`. Make it (`mkdir -p \"{folder}\"`), or choose another place."
            )
        }
        (None, ErrorKind::IsADirectory) => "it is a folder. Give the name of a file in it.".into(),
        (None, ErrorKind::AlreadyExists | ErrorKind::NotADirectory) => {
            "a file stands where a folder is wanted. Choose another place.".into()
        }
        (None, ErrorKind::PermissionDenied) => "you may not write there. Choose another place.".into(),
        _ => format!("{error}. Make room, or choose another place."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &Path) -> String {
        reason(path, &std::fs::File::create(path).expect_err("it cannot be written"))
    }

    #[test]
    fn a_folder_that_is_not_there_can_be_made() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("runs/first/weights.safetensors");
        let message = of(&path);
        let folder = root.path().join("runs/first");
        assert!(
            message.starts_with(&format!("there is no folder `{}`. Make it", folder.display())),
            "{message}"
        );
        assert!(!message.contains("room"), "{message}");
        assert!(of(root.path()).starts_with("it is a folder."));
    }

    #[test]
    fn where_there_is_no_room_it_is_to_be_made() {
        let error = Error::new(ErrorKind::StorageFull, "no space left");
        assert_eq!(reason(Path::new("x"), &error), "no space left. Make room, or choose another place.");
    }
}
