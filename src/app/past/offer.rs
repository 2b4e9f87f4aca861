//! What was open when the window was last closed, however it was closed: "go on?".

use egui::Ui;

use super::State;
use crate::app::bridge::{Desk, Request};
use crate::app::widgets::{self, Gravity};
use crate::app::{format, theme};
use crate::session::MOST_RUNS;
use crate::train::folder::{Past, PastState};

/// Those of the runs on the disk that a window had open when it ended, in their order there.
pub fn of(found: &[Past]) -> Vec<Past> {
    let can_be_had = |past: &&Past| {
        matches!(past.state, PastState::Finished | PastState::Interrupted) && past.open.is_some()
    };
    let mut offered: Vec<Past> = found.iter().filter(can_be_had).cloned().collect();
    offered.sort_by_key(|past| past.open.as_ref().map(|open| open.place));
    offered.truncate(MOST_RUNS - 1);
    offered
}

/// Offers them in a bar.
pub fn offer_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    if state.offer.is_empty() {
        return;
    }
    let text = sentence(&state.offer);
    let mut answer = None;
    widgets::message_ui(ui, Gravity::Note, &text, |ui| {
        ui.horizontal(|ui| {
            let go_on = ui.button("Go on");
            if go_on.on_hover_text("Opens them as they were; those that were training go on.").clicked() {
                answer = Some(true);
            }
            let leave = ui.button("Not now");
            if leave.on_hover_text("They stay in the list of past runs.").clicked() {
                answer = Some(false);
            }
        });
    });
    ui.add_space(theme::SMALL_GAP);
    if let Some(goes_on) = answer {
        let offered = std::mem::take(&mut state.offer);
        desk.requests.push(if goes_on { Request::GoOn(offered) } else { Request::PutAway(offered) });
    }
}

/// `When the window was closed, two runs were open: plain, step 1,200 of 4,680; residual, finished.`
fn sentence(offered: &[Past]) -> String {
    const MOST_NAMED: usize = 4;
    let runs = match offered.len() {
        1 => "this run was open".to_string(),
        n => format!("{n} runs were open"),
    };
    let mut told: Vec<String> = offered.iter().take(MOST_NAMED).map(told).collect();
    if offered.len() > MOST_NAMED {
        told.push(format!("and {} more", offered.len() - MOST_NAMED));
    }
    format!("When the window was closed, {runs}: {}.", told.join("; "))
}

fn told(past: &Past) -> String {
    let name = past.open.as_ref().map_or(&past.title, |open| &open.name);
    match past.state {
        PastState::Finished => format!("{name}, finished"),
        _ => format!("{name}, step {} of {}", format::count(past.step), format::count(past.n_steps)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::train::folder::Open;

    fn past(name: &str, place: usize, state: PastState) -> Past {
        let open = Open { name: name.into(), place, trains: true, ..Open::default() };
        Past {
            path: name.into(),
            title: "A title".into(),
            experiment: None,
            state,
            step: 1200,
            n_steps: 4680,
            error: None,
            test_error: None,
            bytes: 1,
            changed: SystemTime::UNIX_EPOCH,
            open: Some(open),
        }
    }

    #[test]
    fn what_was_open_is_offered_in_its_order_and_nothing_else() {
        let put_away = Past { open: None, ..past("put away", 0, PastState::Interrupted) };
        let found = [
            past("second", 1, PastState::Finished),
            put_away,
            past("elsewhere", 0, PastState::Running),
            past("first", 0, PastState::Interrupted),
        ];
        let offered = of(&found);
        assert_eq!(
            sentence(&offered),
            "When the window was closed, 2 runs were open: first, step 1,200 of 4,680; second, finished."
        );
        assert!(of(&found[1..3]).is_empty());
    }
}
