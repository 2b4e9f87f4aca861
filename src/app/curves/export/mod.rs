//! All curves that are shown, as a table, a picture or a drawing.

mod draw;
mod figure;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use plotters::prelude::SVGBackend;

use super::State;
use crate::session::{RunId, Snapshot};
use crate::train::curves::Curves;
use figure::Figure;

/// Size of a drawing in points.
const SIZE: (u32, u32) = (1200, 900);

/// What is to be written, on its own: a picture takes longer than a frame may.
pub struct Export {
    runs: Vec<(String, Arc<Curves>)>,
    figure: Figure,
}

impl State {
    /// What is shown now, ready to be written.
    pub fn export(&self, snapshot: &Snapshot, title: &str) -> Export {
        let curves = |id: RunId| {
            let of_run = snapshot.run_of(id).map(|run| run.curves.clone());
            of_run.or_else(|| Some(self.pins.all.iter().find(|pin| pin.id == id)?.curves.clone()))
        };
        let shown = self.runs.iter().filter(|run| !self.is_hidden(run.id));
        let named = shown.filter_map(|run| Some((run.name.clone(), curves(run.id)?)));
        let runs = named.filter(|(_, curves)| !curves.is_empty()).collect();
        Export { runs, figure: Figure::new(self, title) }
    }
}

impl Export {
    /// Writes the curves in the format that the ending of `path` names.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        let ending =
            path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
        let written = match ending.as_str() {
            "csv" => std::fs::write(path, self.table()).map_err(anyhow::Error::from),
            "png" => draw::picture(&self.figure).and_then(|picture| Ok(picture.save(path)?)),
            "svg" => draw::draw(SVGBackend::new(path, SIZE), &self.figure, 1),
            _ => Err(anyhow!("its name must end in .csv, .png or .svg")),
        };
        written.with_context(|| format!("The curves could not be written to {}", path.display()))
    }

    /// One line for each training step and each evaluation of each run, and one for each change on the way.
    fn table(&self) -> String {
        let mut text =
            String::from("run,split,step,epoch,pictures,multiply_adds,loss,error,rate,seconds,change\n");
        for (name, curves) in &self.runs {
            let name = quoted(name);
            let counts = |step: u64| {
                let n = curves.n_pictures(step);
                format!("{n},{}", u128::from(n) * u128::from(curves.multiply_adds))
            };
            // Writing to a string cannot fail.
            for r in curves.from(0) {
                let (counts, epoch) = (counts(r.step), r.epoch);
                let _ = writeln!(
                    text,
                    "{name},train,{},{epoch},{counts},{},{},{},{},",
                    r.step, r.loss, r.error, r.rate, r.seconds
                );
            }
            for t in &curves.tests {
                let (counts, epoch) = (counts(t.step), t.epoch);
                let _ = writeln!(
                    text,
                    "{name},test,{},{epoch},{counts},{},{},,{},",
                    t.step, t.loss, t.error, t.seconds
                );
            }
            for c in &curves.changes {
                let change = quoted(&format!("{} from {} to {}", c.what, c.from, c.to));
                let (counts, epoch) = (counts(c.step), c.epoch);
                let _ = writeln!(text, "{name},change,{},{epoch},{counts},,,,{},{change}", c.step, c.seconds);
            }
        }
        text
    }
}

/// A cell of a table, in quotes where it needs them.
fn quoted(cell: &str) -> String {
    match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tests::several;
    use crate::train::changes::Changed;

    fn state(snapshot: &Snapshot) -> State {
        let mut state = State::default();
        state.follow(snapshot);
        state
    }

    /// Two runs, one of them changed on the way, one whose name has a comma.
    fn snapshot() -> Snapshot {
        let mut snapshot = several("quickstart");
        snapshot.runs.truncate(2);
        snapshot.runs[1].name = "plain, slow".into();
        let mut curves = (*snapshot.runs[0].curves).clone();
        curves.batches = vec![(0, 32)];
        let (what, from, to) = ("rate".into(), "0.1".into(), "0.05".into());
        curves.changes.push(Changed { step: 100, epoch: 1.0, seconds: 1.0, what, from, to });
        snapshot.runs[0].curves = Arc::new(curves);
        snapshot
    }

    #[test]
    fn the_table_has_a_line_for_each_record_of_each_run() {
        let snapshot = snapshot();
        let table = state(&snapshot).export(&snapshot, "Title").table();
        let n_tests: usize = snapshot.runs.iter().map(|run| run.curves.tests.len()).sum();
        assert_eq!(table.lines().count(), 1 + 2 * 400 + n_tests + 1);
        assert!(
            table
                .lines()
                .nth(1)
                .is_some_and(|row| row.starts_with("residual,train,1,") && row.contains(",32,"))
        );
        assert!(table.contains("\"plain, slow\",train,400,"));
        assert!(table.contains("residual,change,100,1,3200,0,,,,1,rate from 0.1 to 0.05"), "{table}");
        let n_cells: Vec<usize> =
            table.lines().filter(|row| !row.contains('"')).map(|row| row.matches(',').count()).collect();
        assert!(n_cells.iter().all(|n| *n == 10), "every row has all cells");
    }

    #[test]
    fn every_format_is_written_with_all_that_is_shown() {
        let folder = tempfile::tempdir().expect("a folder");
        let snapshot = snapshot();
        let mut state = state(&snapshot);
        (state.settings.with_rate, state.settings.log_x, state.settings.log_y) = (true, true, true);
        let export = state.export(&snapshot, "Two runs");
        for name in ["curves.csv", "curves.png", "curves.SVG"] {
            let path = folder.path().join(name);
            export.write(&path).expect("room");
            assert!(std::fs::metadata(&path).expect("a file").len() > 1000, "{name}");
        }
        let svg = std::fs::read_to_string(folder.path().join("curves.SVG")).expect("a drawing");
        for words in ["error (%)", "loss", "rate", "Two runs", "residual", "plain, slow", "rate 0.05"] {
            assert!(svg.contains(words), "`{words}` is not in the drawing");
        }
        state.set_hidden(snapshot.runs[1].id, true);
        let table = state.export(&snapshot, "One run").table();
        assert!(!table.contains("plain"), "what is hidden is left out");
        let error = export.write(Path::new("/nowhere/at/all.csv")).expect_err("no such folder");
        assert!(error.to_string().contains("/nowhere/at/all.csv"));
        let empty = Snapshot { runs: Vec::new(), current: None, ..snapshot };
        let mut nothing = State::default();
        nothing.follow(&empty);
        assert!(nothing.export(&empty, "Nothing yet").write(&folder.path().join("empty.svg")).is_ok());
    }
}
