//! Whether there is room, asked before memory is taken: the system hands out more than it has and then ends
//! the program.

use crate::engine::EngineError;

/// # Errors
/// `bytes` are more than the machine has left.
pub fn check(what: &str, bytes: u64) -> Result<(), EngineError> {
    match available() {
        Some(available) if bytes > available => Err(EngineError::OutOfMemory {
            what: what.into(),
            needed_mib: bytes >> 20,
            available_mib: available >> 20,
        }),
        _ => Ok(()),
    }
}

/// Bytes that can be had without pushing others out, where the system tells: Linux does.
fn available() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("MemAvailable:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib << 10)
}
