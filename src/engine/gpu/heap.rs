//! How much memory a graphics card has left for this program. wgpu has no word for it; Vulkan, beneath it, has.

/// Bytes of the card's own memory that can still be had, others' use of it allowed for where the driver tells. None
/// where the adapter is not Vulkan's.
#[cfg(not(target_vendor = "apple"))]
pub fn left(adapter: &wgpu::Adapter) -> Option<u64> {
    use ash::{ext, vk};

    // SAFETY: the handles are used while what they belong to is held by `adapter`, and nothing is destroyed.
    unsafe {
        let adapter = adapter.as_hal::<wgpu::hal::api::Vulkan>()?;
        let (instance, device) = (adapter.shared_instance().raw_instance(), adapter.raw_physical_device());
        let told = instance.get_physical_device_memory_properties(device);
        let heaps = &told.memory_heaps[..told.memory_heap_count as usize];
        let is_own = |heap: &vk::MemoryHeap| heap.flags.contains(vk::MemoryHeapFlags::DEVICE_LOCAL);
        let own = (0..heaps.len()).filter(|&i| is_own(&heaps[i])).max_by_key(|&i| heaps[i].size)?;

        let extensions = instance.enumerate_device_extension_properties(device).unwrap_or_default();
        let tells_budget = extensions
            .iter()
            .any(|extension| extension.extension_name_as_c_str() == Ok(ext::memory_budget::NAME));
        if !tells_budget || adapter.shared_instance().instance_api_version() < vk::API_VERSION_1_1 {
            return Some(heaps[own].size);
        }
        let mut budget = vk::PhysicalDeviceMemoryBudgetPropertiesEXT::default();
        let mut asked = vk::PhysicalDeviceMemoryProperties2::default().push_next(&mut budget);
        instance.get_physical_device_memory_properties2(device, &mut asked);
        Some(budget.heap_budget[own].saturating_sub(budget.heap_usage[own]))
    }
}

/// Metal's adapters do not tell.
#[cfg(target_vendor = "apple")]
pub fn left(_: &wgpu::Adapter) -> Option<u64> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use crate::engine::gpu::{adapter, twin};

    /// The software driver's memory is the computer's: some of it is left, and not more than there is.
    #[test]
    fn a_vulkan_adapter_tells_what_is_left() {
        let Some(device) = twin::gpu() else { return };
        let adapter = adapter::find(device.info()).expect("the adapter that was opened");
        let left = super::left(&adapter).expect("Vulkan tells");
        assert!(left > 1 << 20, "{left} bytes");
        if device.info().is_software {
            let meminfo = std::fs::read_to_string("/proc/meminfo").expect("Linux tells");
            let total = meminfo.lines().next().and_then(|line| line.split_whitespace().nth(1));
            let total: u64 = total.expect("a number").parse().expect("a number");
            assert!(left <= total << 10, "{left} bytes of {total} KiB");
        }
    }
}
