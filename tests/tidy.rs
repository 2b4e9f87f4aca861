//! The house rules that a machine can check: who may import whom, who alone knows what, ops beside their
//! shaders, nothing left lying about.

use std::fs;
use std::path::{Path, PathBuf};

/// The modules in reading order: each may import those before it, never one behind.
const ORDER: [&str; 12] = [
    "tensor",
    "experiment",
    "graph",
    "data",
    "engine",
    "train",
    "export",
    "inspect",
    "session",
    "lessons",
    "cli",
    "app",
];

/// Crates that one module alone knows.
const ALONE: [(&str, &[&str]); 11] = [
    ("wgpu", &["engine"]),
    ("clap", &["cli", "main"]),
    ("egui", &["app"]),
    ("eframe", &["app"]),
    ("rfd", &["app"]),
    ("safetensors", &["train"]),
    ("prost", &["export"]),
    // The window writes its curves as PNG.
    ("image", &["data", "app"]),
    ("plotters", &["app"]),
    ("ratex_parser", &["app"]),
    ("ratex_render", &["app"]),
];

/// Imports against the order that are known and explained; the list only shrinks.
const EXCEPTIONS: [(&str, &str, &str); 0] = [];

fn files_under(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return found };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_under(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<(PathBuf, String)> {
    let files = files_under(&root().join("src"), "rs");
    assert!(files.len() > 30, "the sources are found");
    files.into_iter().map(|path| (path.clone(), fs::read_to_string(path).expect("a source file"))).collect()
}

/// The top-level module that a source file belongs to.
fn module_of(path: &Path) -> String {
    let inside = path.strip_prefix(root().join("src")).expect("a path under src");
    let first = inside.components().next().expect("a file").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_string()
}

#[test]
fn modules_import_only_those_above_them() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let module = module_of(&path);
        let Some(own) = ORDER.iter().position(|name| *name == module) else { continue };
        for below in &ORDER[own + 1..] {
            let is_known = EXCEPTIONS.iter().any(|(from, to, _)| *from == module && to == below);
            let lines = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
            for (number, line) in lines {
                let grouped = line.contains("use crate::{") && line.contains(below);
                if !is_known && (line.contains(&format!("crate::{below}")) || grouped) {
                    wrong.push(format!("{}:{}: {module} imports {below}", path.display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_module_is_in_the_order() {
    for (path, _) in sources() {
        let module = module_of(&path);
        assert!(
            ORDER.contains(&module.as_str()) || ["lib", "main"].contains(&module.as_str()),
            "{module} has no place in the reading order"
        );
    }
}

#[test]
fn what_one_module_alone_knows_stays_there() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let module = module_of(&path);
        for (name, allowed) in ALONE {
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            let is_used = code
                .clone()
                .any(|line| line.contains(&format!("use {name}::")) || line.contains(&format!(" {name}::")));
            if is_used && !allowed.contains(&module.as_str()) {
                wrong.push(format!("{}: {module} uses {name}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_op_has_a_shader_of_its_name() {
    for op in files_under(&root().join("src/engine/ops"), "rs") {
        let stem = op.file_stem().expect("a file").to_string_lossy().into_owned();
        // `gpu` is the part of an op that hands its shader out.
        let is_part = op.parent().is_some_and(|folder| folder.ends_with("tests")) || stem == "gpu";
        if is_part || ["mod", "testing", "tests"].contains(&stem.as_str()) {
            continue;
        }
        let shader = root().join("shaders").join(format!("{stem}.wgsl"));
        assert!(shader.exists(), "the op {stem} has no shaders/{stem}.wgsl");
    }
}

/// A file that no module names is compiled by nobody and tested by nobody.
#[test]
fn every_source_file_is_part_of_the_program() {
    let sources = sources();
    for (path, _) in &sources {
        let stem = path.file_stem().expect("a file").to_string_lossy().into_owned();
        if ["mod", "lib", "main"].contains(&stem.as_str()) {
            continue;
        }
        let folder = path.parent().expect("a folder");
        // Named in mod.rs, lib.rs or main.rs beside it, or in the file of its folder's name.
        let above = folder.with_extension("rs");
        let is_named = sources.iter().any(|(other, text)| {
            let is_parent = *other == above || (other.parent() == Some(folder) && other != path);
            is_parent
                && text.lines().any(|line| {
                    line.ends_with(&format!("mod {stem};"))
                        || line.trim() == format!("#[path = \"{stem}.rs\"]")
                })
        });
        assert!(is_named, "{} is in no module", path.display());
    }
}

#[test]
fn nothing_is_left_lying_about() {
    let shaders = files_under(&root().join("shaders"), "wgsl");
    let shaders = shaders.into_iter().map(|path| (path.clone(), fs::read_to_string(path).expect("a shader")));
    for (path, text) in sources().into_iter().chain(shaders) {
        for (number, line) in text.lines().enumerate() {
            for leftover in ["TODO", "FIXME", "todo!(", "unimplemented!(", "dbg!("] {
                assert!(!line.contains(leftover), "{}:{}: {leftover}", path.display(), number + 1);
            }
        }
    }
}
