//! What several of the whole-program tests need.

use std::sync::Arc;

use convscope::engine::{self, Device, DeviceChoice, EngineError};

/// A graphics processor, by software where there is no other; where there is none at all the tests are left out,
/// except on the machines that decide on changes.
pub fn gpu() -> Option<Arc<dyn Device>> {
    match engine::open(&DeviceChoice::Gpu) {
        Ok(device) => Some(device),
        Err(EngineError::NoGpu) => {
            assert!(std::env::var_os("CI").is_none(), "no Vulkan driver; Debian has mesa-vulkan-drivers");
            println!("left out: there is no Vulkan driver on this machine");
            None
        }
        Err(error) => panic!("{error}"),
    }
}
