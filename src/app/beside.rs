//! Answers that take longer than a frame: each is found in a thread beside the window, one at a time, and the last
//! one stays until the next is there.

use std::sync::mpsc::{Receiver, channel};

/// The last question that was answered, and the one that is being answered.
pub struct Beside<Question, Answer> {
    asked: Option<(Question, Receiver<Answer>)>,
    last: Option<(Question, Answer)>,
}

impl<Question, Answer> Default for Beside<Question, Answer> {
    fn default() -> Self {
        Self { asked: None, last: None }
    }
}

impl<Question: Clone + PartialEq + Send + 'static, Answer: Send + 'static> Beside<Question, Answer> {
    /// The newest answer there is, which may be to an earlier question; none before the first.
    pub fn answer(
        &mut self,
        ctx: &egui::Context,
        question: &Question,
        find: fn(&Question) -> Answer,
    ) -> Option<&(Question, Answer)> {
        if let Some((_, receiver)) = &self.asked
            && let Ok(answer) = receiver.try_recv()
        {
            self.last = self.asked.take().map(|(question, _)| (question, answer));
        }
        let is_known = self.last.as_ref().is_some_and(|(known, _)| known == question);
        if self.asked.is_none() && !is_known {
            self.ask(ctx, question, find);
        }
        self.last.as_ref()
    }

    fn ask(&mut self, ctx: &egui::Context, question: &Question, find: fn(&Question) -> Answer) {
        let (sender, receiver) = channel();
        let (own, ctx) = (question.clone(), ctx.clone());
        let work = move || {
            // The page may have been left meanwhile; then nobody waits for it.
            let _ = sender.send(find(&own));
            ctx.request_repaint();
        };
        // Where the system gives no thread now, it is asked for one again in the next frame.
        if std::thread::Builder::new().name("beside".into()).spawn(work).is_ok() {
            self.asked = Some((question.clone(), receiver));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn the_last_question_is_answered_in_the_end() {
        let ctx = egui::Context::default();
        let mut beside = Beside::default();
        let double = |x: &u32| 2 * x;
        assert_eq!(beside.answer(&ctx, &1, double), None);
        let begin = Instant::now();
        loop {
            let found = beside.answer(&ctx, &5, double);
            assert!(found.is_none_or(|(question, answer)| *answer == 2 * question));
            if found == Some(&(5, 10)) {
                break;
            }
            assert!(begin.elapsed() < Duration::from_secs(10), "no answer");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
