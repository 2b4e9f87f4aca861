//! Tells a peer which version of its framework it is built with: what Cargo.lock says.

use std::path::Path;

fn main() {
    let name = std::env::var("CARGO_PKG_NAME").unwrap_or_default();
    let framework = match name.as_str() {
        "peer-candle" => "candle-core",
        _ => name.trim_start_matches("peer-"),
    };
    let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let lock = std::fs::read_to_string(Path::new(&folder).join("Cargo.lock")).unwrap_or_default();
    let mut after = lock.lines().skip_while(|line| *line != format!("name = \"{framework}\""));
    let version = after.nth(1).and_then(|line| line.strip_prefix("version = ")).unwrap_or("\"unknown\"");
    println!("cargo::rustc-env=PEER_VERSION={}", version.trim_matches('"'));
    println!("cargo::rerun-if-changed=Cargo.lock");
}
