//! `convscope devices`.

use serde_json::json;

use super::{Failure, text};
use crate::engine::{self, DeviceChoice};

#[derive(clap::Args)]
pub struct DevicesArguments {
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &DevicesArguments) -> Result<(), Failure> {
    let devices = engine::devices();
    let auto = engine::open(&DeviceChoice::Auto)?.info().clone();
    if arguments.json {
        text::print_json(&json!({ "devices": devices, "auto": auto.name }));
        return Ok(());
    }
    for device in &devices {
        let mark = if *device == auto { "→" } else { " " };
        let software =
            if device.is_software { " (a software driver: slower than the CPU used directly)" } else { "" };
        text::print_line(&format!("{mark} {}: {}{software}", device.name, device.detail));
    }
    text::print_line("→ is what `auto` takes.");
    Ok(())
}
