//! Which devices there are, and how one of them is opened.

use std::sync::Arc;

use super::{Device, DeviceChoice, DeviceInfo, DeviceKind, EngineError, cpu, gpu};

/// All devices of this machine, the CPU first.
pub fn devices() -> Vec<DeviceInfo> {
    let mut devices = vec![cpu::Cpu::new().info().clone()];
    devices.extend(gpu::adapters());
    devices
}

/// Opens the device on which a run was computed, with the [kernels](Device::kernels) of then as far as they are a
/// choice. Drivers may have changed since, and threads do not matter.
///
/// # Errors
/// It is not there any more.
pub fn open_again(recorded: &DeviceInfo, kernels: &str) -> Result<Arc<dyn Device>, EngineError> {
    if recorded.kind == DeviceKind::Cpu {
        return Ok(Arc::new(cpu::Cpu::new()));
    }
    let adapters = gpu::adapters();
    let same = adapters.iter().find(|adapter| *adapter == recorded);
    let Some(adapter) = same.or_else(|| adapters.iter().find(|adapter| adapter.name == recorded.name)) else {
        return Err(unknown_device(&recorded.name, &adapters));
    };
    let products = gpu::Products::ALL.into_iter().find(|products| kernels.starts_with(products.name()));
    Ok(Arc::new(gpu::Gpu::open_with(adapter, products.unwrap_or(gpu::Products::Tiled))?))
}

fn unknown_device(wanted: &str, adapters: &[DeviceInfo]) -> EngineError {
    let names = adapters.iter().map(|adapter| format!("`{}`", adapter.name));
    let known = std::iter::once("`cpu`".to_string()).chain(names).collect::<Vec<_>>().join(", ");
    EngineError::UnknownDevice { wanted: wanted.into(), known }
}

/// Opens a device.
///
/// # Errors
/// No such device, or it could not be opened. `Auto` falls back to the CPU and cannot fail.
pub fn open(choice: &DeviceChoice) -> Result<Arc<dyn Device>, EngineError> {
    open_by(choice, gpu::Gpu::open)
}

/// [`open`], with all measured that makes a graphics processor quicker, however long it takes; what is found is kept
/// for all times.
///
/// # Errors
/// As of [`open`].
pub fn open_measuring(choice: &DeviceChoice) -> Result<Arc<dyn Device>, EngineError> {
    open_by(choice, gpu::Gpu::open_measuring)
}

fn open_by(
    choice: &DeviceChoice,
    open: impl Fn(&DeviceInfo) -> Result<gpu::Gpu, EngineError>,
) -> Result<Arc<dyn Device>, EngineError> {
    let open_gpu = |adapter: &DeviceInfo| open(adapter).map(|gpu| Arc::new(gpu) as Arc<dyn Device>);
    let adapters = || gpu::adapters();
    match choice {
        DeviceChoice::Cpu => Ok(Arc::new(cpu::Cpu::new())),
        DeviceChoice::Auto => {
            let hardware = adapters().into_iter().find(|adapter| !adapter.is_software);
            Ok(hardware
                .and_then(|adapter| open_gpu(&adapter).ok())
                .unwrap_or_else(|| Arc::new(cpu::Cpu::new())))
        }
        DeviceChoice::Gpu => {
            let adapters = adapters();
            let hardware = adapters.iter().find(|adapter| !adapter.is_software);
            open_gpu(hardware.or(adapters.first()).ok_or(EngineError::NoGpu)?)
        }
        DeviceChoice::Named(wanted) => {
            let adapters = adapters();
            let adapter = adapters.iter().find(|adapter| is_called(adapter, wanted));
            open_gpu(adapter.ok_or_else(|| unknown_device(wanted, &adapters))?)
        }
    }
}

/// Whether a device's name has all these words in it, upper and lower case alike.
fn is_called(device: &DeviceInfo, words: &str) -> bool {
    let name = device.name.to_lowercase();
    name.contains(&words.to_lowercase())
        || words.split_whitespace().all(|word| name.contains(&word.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Products of 16 bits are taken by those alone who ask for them.
    #[test]
    fn a_device_is_found_by_the_words_of_its_name() {
        let device = |name: &str| DeviceInfo {
            kind: DeviceKind::Gpu,
            name: name.into(),
            detail: String::new(),
            is_software: false,
        };
        let devices =
            ["Radeon", "Arc A770", "Radeon, 16-bit products", "Arc A770, 16-bit products"].map(device);
        let found = |words: &str| devices.iter().position(|device| is_called(device, words));
        assert_eq!(
            ["radeon", "770", "16-bit", "arc 16-bit", "Arc A770, 16-bit products", "arc nvidia"].map(found),
            [Some(0), Some(1), Some(2), Some(3), Some(3), None]
        );
    }
}
