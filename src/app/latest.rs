//! Work that takes longer than a frame may: done in a thread of its own, its latest result kept.

use std::sync::mpsc::{Receiver, TryRecvError, channel};

use egui::Context;

/// What was made for a key last, and what is being made. One piece of work at a time; whoever asks for another key
/// meanwhile gets it when the present work is done.
pub struct Latest<K, V> {
    made: Option<(K, V)>,
    under_way: Option<(K, Receiver<V>)>,
}

impl<K, V> Default for Latest<K, V> {
    fn default() -> Self {
        Self { made: None, under_way: None }
    }
}

impl<K: PartialEq + Clone, V: Send + 'static> Latest<K, V> {
    /// What was made last, with its key: for `key` if it is there already, else for an earlier one.
    pub fn get<W>(&mut self, ctx: &Context, key: &K, work: impl FnOnce() -> W) -> Option<&(K, V)>
    where
        W: FnOnce() -> V + Send + 'static,
    {
        if let Some((_, receiver)) = &self.under_way {
            let arrived = receiver.try_recv();
            if !matches!(arrived, Err(TryRecvError::Empty)) {
                let own = self.under_way.take().map(|(key, _)| key);
                self.made = own.zip(arrived.ok()).or(self.made.take());
            }
        }
        let is_made = self.made.as_ref().is_some_and(|(own, _)| own == key);
        if !is_made && self.under_way.is_none() {
            let (sender, receiver) = channel();
            let (work, ctx) = (work(), ctx.clone());
            let thread = move || {
                // The window may have been closed meanwhile; then nobody wants it.
                let _ = sender.send(work());
                ctx.request_repaint();
            };
            if std::thread::Builder::new().name("pictures to look at".into()).spawn(thread).is_ok() {
                self.under_way = Some((key.clone(), receiver));
            }
        }
        self.made.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_result_is_kept_until_the_next_is_there() {
        let (mut latest, ctx) = (Latest::default(), Context::default());
        let mut wait_for = |key: u32| {
            let begin = std::time::Instant::now();
            while latest.get(&ctx, &key, || move || key * 10).is_none_or(|made| made.0 != key) {
                assert!(begin.elapsed().as_secs() < 10, "it never comes");
                std::thread::yield_now();
            }
            latest.get(&ctx, &key, || move || 0).copied()
        };
        assert_eq!(wait_for(1), Some((1, 10)));
        assert_eq!(wait_for(2), Some((2, 20)));
        assert_eq!(latest.get(&ctx, &3, || || 30), Some(&(2, 20)), "the old one stands in");
    }
}
