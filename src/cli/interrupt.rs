//! Ctrl-C, and the request to end that a system sends before it goes down: heard once and answered when the work at
//! hand allows it; a second time it ends the program as ever.
//!
//! The standard library has no word for it. The declarations below are those of the C library and of Windows, against
//! which every program is linked anyway.

use std::sync::atomic::{AtomicBool, Ordering};

static CAME: AtomicBool = AtomicBool::new(false);

/// Whether the program has been asked to end since [`watch`].
pub fn came() -> bool {
    CAME.load(Ordering::Relaxed)
}

#[cfg(unix)]
mod system {
    use std::ffi::{c_int, c_void};
    use std::sync::atomic::Ordering;

    const SIGINT: c_int = 2;
    const SIGTERM: c_int = 15;

    unsafe extern "C" {
        /// Without a handler the signal does what it does unless told otherwise.
        fn signal(number: c_int, handler: Option<extern "C" fn(c_int)>) -> *const c_void;
    }

    extern "C" fn note(number: c_int) {
        super::CAME.store(true, Ordering::Relaxed);
        // SAFETY: a handler may call `signal` (POSIX.1-2008, 2.4.3), and to set what was there before is sound.
        unsafe { signal(number, None) };
    }

    pub fn watch() {
        for number in [SIGINT, SIGTERM] {
            // SAFETY: the handler does nothing but what a handler may: it stores into an atomic, and calls `signal`.
            unsafe { signal(number, Some(note)) };
        }
    }
}

#[cfg(windows)]
mod system {
    use std::sync::atomic::Ordering;

    #[link(name = "kernel32")]
    unsafe extern "system" {
        fn SetConsoleCtrlHandler(handler: Option<extern "system" fn(u32) -> i32>, add: i32) -> i32;
    }

    /// Whether that was all there is to do.
    extern "system" fn note(_event: u32) -> i32 {
        i32::from(!super::CAME.swap(true, Ordering::Relaxed))
    }

    pub fn watch() {
        // SAFETY: the handler does nothing but store into an atomic.
        unsafe { SetConsoleCtrlHandler(Some(note), 1) };
    }
}

#[cfg(not(any(unix, windows)))]
mod system {
    pub fn watch() {}
}

/// From now on the first request to end is noted only.
pub fn watch() {
    system::watch();
}
