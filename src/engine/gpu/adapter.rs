//! Which graphics processors there are. They are enumerated here rather than by wgpu's own helper, which
//! panics where the environment names one that does not exist.

use std::sync::OnceLock;

use crate::engine::{DeviceInfo, DeviceKind};

/// How the name of an adapter ends whose products have operands of 16 bits: a device of its own to choose, which
/// nobody is given unasked.
const HALF: &str = ", 16-bit products";

/// All adapters that can compute, hardware before software; then those that can with operands of 16 bits.
pub fn adapters() -> Vec<DeviceInfo> {
    let adapters = enumerate();
    let halves = adapters.iter().filter(|adapter| adapter.features().contains(wgpu::Features::SHADER_F16));
    adapters.iter().map(describe).chain(halves.map(|adapter| as_half(describe(adapter)))).collect()
}

/// The adapter of this description.
pub fn find(wanted: &DeviceInfo) -> Option<wgpu::Adapter> {
    enumerate().into_iter().find(|adapter| {
        let own = describe(adapter);
        own == *wanted || as_half(own) == *wanted
    })
}

/// Whether products with operands of 16 bits were asked for.
pub fn is_half(info: &DeviceInfo) -> bool {
    info.name.ends_with(HALF)
}

/// The same adapter with operands of 16 bits, and what that costs: each is rounded to 11 binary digits, 2⁻¹² of it at
/// most, and of two factors the errors add up.
fn as_half(info: DeviceInfo) -> DeviceInfo {
    let detail =
        format!("{}; factors rounded to 16 bits, their product right to 5e-4, sums in 32 bits", info.detail);
    DeviceInfo { name: info.name + HALF, detail, ..info }
}

fn enumerate() -> Vec<wgpu::Adapter> {
    // Kept for good: drivers do not like being loaded and unloaded again and again.
    static INSTANCE: OnceLock<wgpu::Instance> = OnceLock::new();
    let instance = INSTANCE.get_or_init(|| {
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
        // OpenGL's compute shaders are too limited in buffers and in size.
        descriptor.backends &= wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12;
        wgpu::Instance::new(descriptor)
    });
    let mut adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
    adapters.retain(|adapter| {
        let capabilities = adapter.get_downlevel_capabilities();
        capabilities.flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS)
    });
    adapters.sort_by_key(|adapter| is_software(&adapter.get_info()));
    adapters
}

fn describe(adapter: &wgpu::Adapter) -> DeviceInfo {
    let info = adapter.get_info();
    let driver = [info.driver.as_str(), info.driver_info.as_str()];
    let driver: Vec<&str> = driver.into_iter().filter(|part| !part.is_empty()).collect();
    let backend = match info.backend {
        wgpu::Backend::Vulkan => "Vulkan",
        wgpu::Backend::Metal => "Metal",
        wgpu::Backend::Dx12 => "DirectX 12",
        _ => "other",
    };
    let detail = match driver.is_empty() {
        true => backend.to_string(),
        false => format!("{backend}, driver {}", driver.join(" ")),
    };
    DeviceInfo { kind: DeviceKind::Gpu, is_software: is_software(&info), name: info.name, detail }
}

fn is_software(info: &wgpu::AdapterInfo) -> bool {
    info.device_type == wgpu::DeviceType::Cpu
}
