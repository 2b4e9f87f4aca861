//! What the processor leaves to the window while it trains: threads that compute give way to the one that draws, and
//! between two steps the worker rests while a frame is being drawn, within a share of the time that can be set. Neither
//! changes what is computed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The share that is left at the beginning.
pub const SHARE: f64 = 0.1;

/// The largest that can be left.
pub const MOST_SHARE: f64 = 0.5;

/// What a rest can be at most: a window that draws for longer is not waited for.
const MOST_REST: Duration = Duration::from_millis(40);

/// Tells the worker when frames are being drawn. Neither side waits for the other.
#[derive(Clone)]
pub struct Frames {
    begin: Instant,
    /// Nanoseconds from `begin` to where the frame that was begun last is thought to end.
    end: Arc<AtomicU64>,
}

impl Default for Frames {
    fn default() -> Self {
        Self { begin: Instant::now(), end: Arc::default() }
    }
}

impl Frames {
    /// A frame begins, which will take about so long.
    pub fn begin(&self, takes: Duration) {
        self.begin_at(Instant::now(), takes);
    }

    fn begin_at(&self, now: Instant, takes: Duration) {
        let end = now.duration_since(self.begin) + takes;
        self.end.store(u64::try_from(end.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// What is left of the frame that is being drawn; nothing where none is.
    fn left(&self, now: Instant) -> Duration {
        let end = Duration::from_nanos(self.end.load(Ordering::Relaxed));
        end.saturating_sub(now.duration_since(self.begin))
    }
}

/// The worker's side: what it may rest.
pub struct Reserve {
    pub frames: Frames,
    share: f64,
    /// What has been worked for and not been rested yet.
    saved: Duration,
}

impl Default for Reserve {
    fn default() -> Self {
        Self { frames: Frames::default(), share: SHARE, saved: Duration::ZERO }
    }
}

impl Reserve {
    /// Of the time in which it trains, this share is the window's where it needs it.
    pub fn set(&mut self, share: f64) {
        self.share = if share.is_finite() { share.clamp(0.0, MOST_SHARE) } else { SHARE };
        self.saved = Duration::ZERO;
    }

    /// Whether there is anything to leave.
    pub fn is_some(&self) -> bool {
        self.share > 0.0
    }

    /// Time has been spent on computing; how long to rest now, for the sake of the frame that is being drawn.
    pub fn rest_after(&mut self, worked: Duration, now: Instant) -> Duration {
        let earned = worked.mul_f64(self.share / (1.0 - self.share));
        self.saved = (self.saved + earned).min(MOST_REST);
        let rest = self.frames.left(now).min(self.saved);
        self.saved -= rest;
        rest
    }
}

/// Lets all threads that compute give way to those that do something for a person. The first in a process to ask for
/// this, before anything is computed, is heard.
pub fn lower_pool() {
    let _ = rayon::ThreadPoolBuilder::new().start_handler(|_| lower_thread()).build_global();
}

/// Lets the thread that calls this give way: of a processor that two want, it gets a fourth where Linux shares it out.
/// The other systems put the threads of the window in front before all others by themselves.
pub fn lower_thread() {
    #[cfg(target_os = "linux")]
    {
        /// Beside a thread at 0, one at 5 weighs 335 to 1024 (`sched_prio_to_weight` in the kernel).
        const NICENESS: libc::c_int = 5;
        // SAFETY: it takes numbers only. Without a thread's number it speaks of the one that calls; where the system
        // refuses, all stays as it was.
        unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// What is rested in `n` steps of 5 ms, by a clock of its own, beside a window that begins a frame of `takes` every
    /// `every`; and the longest time that a frame had to share.
    fn rested(share: f64, n: u32, every: Duration, takes: Duration) -> (Duration, Duration, Duration) {
        let mut reserve = Reserve::default();
        reserve.set(share);
        let begin = Instant::now();
        let (mut now, mut rested, mut shared) = (begin, Duration::ZERO, Duration::ZERO);
        let mut next = begin;
        for _ in 0..n {
            let end_of_step = now + 5 * MS;
            while next <= end_of_step {
                reserve.frames.begin_at(next, takes);
                shared = shared.max((end_of_step - next).min(takes));
                next += every;
            }
            now = end_of_step;
            let rest = reserve.rest_after(5 * MS, now);
            (now, rested) = (now + rest, rested + rest);
        }
        (rested, now - begin, shared)
    }

    #[test]
    fn where_nothing_is_drawn_nothing_is_rested() {
        let (rested, ..) = rested(0.5, 1000, Duration::from_secs(3600), Duration::ZERO);
        assert_eq!(rested, Duration::ZERO);
    }

    #[test]
    fn frames_have_the_processor_from_the_end_of_the_step_and_no_longer() {
        let (rested, whole, shared) = rested(0.2, 2000, 50 * MS, 8 * MS);
        assert!(shared <= 5 * MS, "{shared:?}");
        let share = rested.as_secs_f64() / whole.as_secs_f64();
        assert!((0.05..0.16).contains(&share), "at most 8 of 50, which is less than is left: {share}");
    }

    #[test]
    fn a_window_that_always_draws_gets_its_share_and_no_more() {
        for share in [0.05, 0.1, 0.5] {
            let (rested, whole, _) = rested(share, 4000, 16 * MS, 16 * MS);
            let got = rested.as_secs_f64() / whole.as_secs_f64();
            assert!((got - share).abs() < 0.01, "{got} of {share}");
        }
    }

    #[test]
    fn what_was_saved_up_is_not_spent_at_once() {
        let mut reserve = Reserve::default();
        reserve.set(0.5);
        let now = Instant::now();
        assert_eq!(reserve.rest_after(Duration::from_secs(100), now), Duration::ZERO);
        reserve.frames.begin_at(now, Duration::from_secs(10));
        assert_eq!(reserve.rest_after(Duration::ZERO, now), MOST_REST);
        assert_eq!(reserve.rest_after(Duration::ZERO, now), Duration::ZERO);
    }

    #[test]
    fn a_share_that_cannot_be_is_none_that_is_believed() {
        let mut reserve = Reserve::default();
        reserve.set(f64::NAN);
        assert_eq!(reserve.share, SHARE);
        reserve.set(7.0);
        assert_eq!(reserve.share, MOST_SHARE);
        reserve.set(0.0);
        assert!(!reserve.is_some());
        assert_eq!(reserve.rest_after(Duration::from_secs(1), Instant::now()), Duration::ZERO);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_thread_gives_way_alone() {
        let niceness = || unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
        let before = niceness();
        let lowered = std::thread::spawn(move || {
            lower_thread();
            unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) }
        });
        assert_eq!(lowered.join().unwrap(), 5.max(before));
        assert_eq!(niceness(), before);
    }
}
