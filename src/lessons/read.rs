//! From the files of a lesson to the lesson, with every name in it looked up.

use std::collections::BTreeSet;

use super::check::{Bounds, Check};
use super::fact::Fact;
use super::files::{Files, SETTINGS, TEXT};
use super::prediction::{Answer, Choice, Prediction};
use super::quantities::Measure;
use super::setup::Setup;
use super::text::{self, Piece, Placed};
use super::{Lesson, setups};
use crate::experiment::Problem;
use crate::experiment::file::Lock;
use crate::experiment::file::node::{Document, Node};
use crate::experiment::words::{remedy, shortened};

const TOP: [&str; 9] =
    ["number", "title", "summary", "minutes", "lock", "short", "experiments", "predictions", "checks"];
/// The most experiments, predictions or checks of a lesson.
pub(super) const MOST: usize = 64;

/// Reads a lesson.
///
/// # Errors
/// The first thing that is wrong, with its file and line: in the settings, in one of the experiments, in the
/// text, or a name in one of them that there is not.
pub fn read(name: &str, files: Files) -> Result<Lesson, Problem> {
    let settings = files.text(SETTINGS)?;
    let in_settings = |problem: Problem| place(&files, SETTINGS, problem);
    let mut lesson = read_settings(name, settings, &files).map_err(in_settings)?;
    let in_text = |problem: Problem| place(&files, TEXT, problem);
    let placed = text::pieces(files.text(TEXT)?).map_err(in_text)?;
    check_text(&lesson, &files, &placed).map_err(in_text)?;
    check_all_placed(&lesson, &placed).map_err(|problem| place(&files, SETTINGS, problem))?;
    lesson.pieces = placed.into_iter().map(|placed| placed.piece).collect();
    lesson.files = files;
    Ok(lesson)
}

/// The complaint in its file, unless it names one already.
fn place(files: &Files, name: &str, problem: Problem) -> Problem {
    if problem.file.is_some() { problem } else { problem.in_file(&files.root.join(name)) }
}

fn read_settings(name: &str, text: &str, files: &Files) -> Result<Lesson, Problem> {
    let document = Document::parse(text)?;
    let entries = document.entries();
    let mut lesson = Lesson {
        name: name.to_string(),
        number: None,
        title: String::new(),
        summary: String::new(),
        minutes: 0,
        lock: Lock::default(),
        setups: setups::read(&entries, files)?,
        predictions: Vec::new(),
        checks: Vec::new(),
        pieces: Vec::new(),
        files: Files::default(),
    };
    for entry in &entries {
        match entry.name {
            "number" => lesson.number = Some(entry.count(0..=999)?),
            "title" => lesson.title = line(entry)?,
            "summary" => lesson.summary = line(entry)?,
            "minutes" => lesson.minutes = entry.count(1..=600)?,
            "lock" => lesson.lock = lock(entry)?,
            "predictions" => lesson.predictions = each(entry, prediction)?,
            "checks" => lesson.checks = each(entry, check)?,
            "experiments" | "short" => {}
            _ => return Err(entry.unknown("a lesson", &TOP)),
        }
    }
    for (is_missing, key, example) in [
        (lesson.title.is_empty(), "title", "title = \"A first convnet\""),
        (lesson.summary.is_empty(), "summary", "summary = \"What it shows, in a sentence.\""),
        (lesson.minutes == 0, "minutes", "minutes = 20"),
    ] {
        if is_missing {
            return Err(Problem::new(format!("`{key}` is missing. Write on top: {example}")));
        }
    }
    check_names(&lesson)?;
    check_facts(&entries, &lesson)?;
    Ok(lesson)
}

/// A text of one line and of bounded length.
fn line(node: &Node<'_>) -> Result<String, Problem> {
    let expected = "a text in quotes of one line and 300 characters at most";
    let text = node.string(expected)?;
    match text.is_empty() || text.contains('\n') || text.chars().count() > 300 {
        true => Err(node.wrong(expected)),
        false => Ok(text.to_string()),
    }
}

/// Keys of an experiment, or whole tables of them.
fn lock(node: &Node<'_>) -> Result<Lock, Problem> {
    let expected = "a list of an experiment's keys and tables, [\"network\", \"train.optimiser\"]";
    let mut lock = Lock::default();
    for item in node.list().ok_or_else(|| node.wrong(expected))? {
        lock.add(item.string(expected)?).map_err(|problem| item.problem(problem.message))?;
    }
    Ok(lock)
}

/// A sentence or several.
fn sentences(node: &Node<'_>) -> Result<String, Problem> {
    let expected = "a text in quotes of 2,000 characters at most";
    let text = node.string(expected)?;
    if text.chars().count() > 2000 { Err(node.wrong(expected)) } else { Ok(text.to_string()) }
}

/// Reads each table in a table.
fn each<T>(node: &Node<'_>, read: fn(&Node<'_>) -> Result<T, Problem>) -> Result<Vec<T>, Problem> {
    let entries = node.table(format!("a table of tables, `[{}.name]`", node.name))?;
    match entries.len() > MOST {
        true => Err(node.problem(format!("There are more than {MOST} {}. Split the lesson.", node.name))),
        false => entries.iter().map(read).collect(),
    }
}

fn check(node: &Node<'_>) -> Result<Check, Problem> {
    let entries = node.table("a table with `says`, `fact` and a bound")?;
    let (mut says, mut fact, mut look) = (String::new(), None, String::new());
    let (mut short, mut full, mut of_four, mut bounds) = (None, None, 4, Vec::new());
    let inner = |entry: &Node<'_>| Bounds::read(&entry.table("a table of bounds, { at-most = 0.5 }")?);
    for entry in &entries {
        match entry.name {
            "says" => says = line(entry)?,
            "fact" => fact = Some(Fact::read(entry)?),
            "look" => look = sentences(entry)?,
            "short" => short = Some(inner(entry)?),
            "full" => full = Some(inner(entry)?),
            "of-four" => of_four = entry.count(1..=4)?,
            name if Bounds::is_key(name) => bounds.push(*entry),
            _ => {
                let known = ["says", "fact", "look", "short", "full", "of-four", "at-least", "at-most"];
                return Err(entry.unknown("a check", &known));
            }
        }
    }
    let lacks = |what: &str| Err(node.problem(format!("The check `{}` lacks {what}.", node.name)));
    let bounds = Bounds::read(&bounds)?;
    let Some(fact) = fact else {
        return lacks("`fact`, what is measured: fact = { test-error = \"convnet\" }");
    };
    if says.is_empty() {
        return lacks("`says`, its claim in a sentence");
    }
    if bounds.is_empty() {
        return lacks("a bound: at-most = 0.1");
    }
    Ok(Check { name: node.name.into(), says, fact, bounds, short, full, look, of_four })
}

fn prediction(node: &Node<'_>) -> Result<Prediction, Problem> {
    let entries = node.table("a table with `ask` and `choices`, `number` or `curve`")?;
    let (mut ask, mut then) = (String::new(), "What did the prediction leave out?".to_string());
    let mut answers = Vec::new();
    for entry in &entries {
        match entry.name {
            "ask" => ask = line(entry)?,
            "then" => then = line(entry)?,
            "number" => answers.push(Answer::Number(Fact::read(entry)?)),
            "curve" => answers.push(curve(entry)?),
            "choices" => answers.push(choices(entry)?),
            _ => {
                return Err(entry.unknown("a prediction", &["ask", "then", "choices", "number", "curve"]));
            }
        }
    }
    if ask.is_empty() {
        return Err(node.problem(format!("The prediction `{}` lacks `ask`, the question.", node.name)));
    }
    match answers.len() {
        1 => Ok(Prediction { name: node.name.into(), ask, answer: answers.remove(0), then }),
        _ => Err(node.problem(format!(
            "The prediction `{}` needs one of `choices`, `number` and `curve`.",
            node.name
        ))),
    }
}

fn curve(node: &Node<'_>) -> Result<Answer, Problem> {
    let expected = "what curves tell, such as { test-error = \"convnet\" }";
    match Fact::read(node)? {
        Fact::Measured(quantity) if matches!(quantity.kind.measure, Measure::Curves(_)) => {
            Ok(Answer::Curve(quantity))
        }
        _ => Err(node.wrong(expected)),
    }
}

fn choices(node: &Node<'_>) -> Result<Answer, Problem> {
    let expected = "a list of 2 to 8 choices, [{ says = \"…\", fact = { … }, at-least = … }, …]";
    let items = node.list().filter(|items| (2..=8).contains(&items.len()));
    let items = items.ok_or_else(|| node.wrong(expected))?;
    items.iter().map(choice).collect::<Result<_, _>>().map(Answer::Choice)
}

fn choice(node: &Node<'_>) -> Result<Choice, Problem> {
    if node.as_str().is_some() {
        return Ok(Choice { says: line(node)?, fact: None, bounds: Bounds::default() });
    }
    let (mut says, mut fact, mut bounds) = (String::new(), None, Vec::new());
    for entry in node.table("a text, or a table with `says`, `fact` and a bound")? {
        match entry.name {
            "says" => says = line(&entry)?,
            "fact" => fact = Some(Fact::read(&entry)?),
            name if Bounds::is_key(name) => bounds.push(entry),
            _ => return Err(entry.unknown("a choice", &["says", "fact", "at-least", "at-most"])),
        }
    }
    let bounds = Bounds::read(&bounds)?;
    match (says.is_empty(), fact.is_some() == bounds.is_empty()) {
        (true, _) => Err(node.problem("A choice lacks `says`.")),
        (_, true) => Err(node.problem("A choice needs both `fact` and a bound, or neither.")),
        _ => Ok(Choice { says, fact, bounds }),
    }
}

/// Predictions and checks are spoken of by one set of names.
fn check_names(lesson: &Lesson) -> Result<(), Problem> {
    let mut seen = BTreeSet::new();
    for name in names(lesson) {
        if !seen.insert(name) {
            let name = shortened(name);
            return Err(Problem::new(format!(
                "`{name}` is both a prediction and a check. Give one of them another name."
            )));
        }
    }
    Ok(())
}

/// Names of predictions and checks.
fn names(lesson: &Lesson) -> impl Iterator<Item = &str> {
    let predictions = lesson.predictions.iter().map(|prediction| prediction.name.as_str());
    predictions.chain(lesson.checks.iter().map(|check| check.name.as_str()))
}

/// Whether the experiments that facts speak of are there, grids only where runs are summed up.
fn check_facts(entries: &[Node<'_>], lesson: &Lesson) -> Result<(), Problem> {
    let at = |table: &str, name: &str| {
        let tables = entries.iter().find(|entry| entry.name == table).and_then(Node::entries);
        tables.unwrap_or_default().into_iter().find(|entry| entry.name == name)
    };
    let complain = |table: &str, name: &str, message: String| match at(table, name) {
        Some(node) => node.problem(message),
        None => Problem::new(message),
    };
    for check in &lesson.checks {
        for fact in check.facts() {
            check_fact(lesson, fact).map_err(|message| complain("checks", &check.name, message))?;
        }
    }
    for prediction in &lesson.predictions {
        for fact in &prediction.facts() {
            check_fact(lesson, fact).map_err(|message| complain("predictions", &prediction.name, message))?;
        }
    }
    Ok(())
}

fn check_fact(lesson: &Lesson, fact: &Fact) -> Result<(), String> {
    for quantity in fact.quantities() {
        let Some(setup) = lesson.setup(&quantity.of) else {
            let names = lesson.setups.iter().map(|setup| setup.name.as_str());
            let asked = shortened(&quantity.of);
            return Err(format!(
                "There is no experiment `{asked}` in the lesson{}",
                remedy(&quantity.of, names)
            ));
        };
        if setup.preset.is_some() && quantity.needs_run() {
            return Err(format!(
                "`{}` is a net by its preset, which is looked at and not run: `{}` cannot be measured on it.",
                setup.name, quantity.kind.name
            ));
        }
    }
    let is_over_grid = matches!(fact, Fact::Count(..) | Fact::Over(..) | Fact::WhereLeast(..));
    match fact {
        Fact::Ratio(pair) | Fact::Difference(pair) => {
            return pair.iter().try_for_each(|fact| check_fact(lesson, fact));
        }
        Fact::WhereLeast(quantity, key) => check_axis(lesson, &quantity.of, key)?,
        _ => {}
    }
    let grid = fact.quantities().into_iter().find(|of| lesson.setup(&of.of).is_some_and(Setup::is_grid));
    match grid {
        Some(quantity) if !is_over_grid => Err(format!(
            "`{}` is a grid of runs: sum it up by `count`, `least`, `most`, `mean`, `median` or `where-least`.",
            quantity.of
        )),
        _ => Ok(()),
    }
}

fn check_axis(lesson: &Lesson, setup: &str, key: &str) -> Result<(), String> {
    let axes = lesson.setup(setup).map_or(&[][..], |setup| &setup.axes);
    match axes.iter().any(|axis| axis.key == key) {
        true => Ok(()),
        false => Err(format!("`{}` is not varied in `{setup}`.", shortened(key))),
    }
}

/// Whether all that the text names is there.
fn check_text(lesson: &Lesson, files: &Files, placed: &[Placed]) -> Result<(), Problem> {
    for Placed { line, piece } in placed {
        let found = match piece {
            Piece::Markdown(_) | Piece::Hint { .. } | Piece::Step => Ok(()),
            Piece::Figure { file, .. } => files.find(file).map(|_| ()),
            Piece::Run(names) => names.iter().try_for_each(|name| runnable(lesson, name)),
            Piece::Live(live) => live.setups().try_for_each(|name| known_setup(lesson, name)),
            Piece::Predict(name) => {
                known(name, "prediction", lesson.predictions.iter().map(|p| p.name.as_str()))
            }
            Piece::Checks(wanted) => wanted
                .iter()
                .try_for_each(|name| known(name, "check", lesson.checks.iter().map(|c| c.name.as_str()))),
            Piece::Stage(after) => {
                after.iter().try_for_each(|name| known(name, "prediction or check", names(lesson)))
            }
        };
        found.map_err(|message| Problem::new(message).at_line(*line))?;
    }
    Ok(())
}

fn known<'a>(name: &str, what: &str, there: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let there: Vec<&str> = there.collect();
    match there.contains(&name) {
        true => Ok(()),
        false => {
            Err(format!("There is no {what} `{}` in `{SETTINGS}`{}", shortened(name), remedy(name, there)))
        }
    }
}

fn known_setup(lesson: &Lesson, name: &str) -> Result<(), String> {
    known(name, "experiment", lesson.setups.iter().map(|setup| setup.name.as_str()))
}

fn runnable(lesson: &Lesson, name: &str) -> Result<(), String> {
    known_setup(lesson, name)?;
    match lesson.setup(name).is_some_and(|setup| setup.preset.is_some()) {
        true => Err(format!("`{name}` is a net by its preset, which is looked at and not run.")),
        false => Ok(()),
    }
}

/// A check or prediction that the text does not hold would never be seen.
fn check_all_placed(lesson: &Lesson, placed: &[Placed]) -> Result<(), Problem> {
    let mut unseen: BTreeSet<&str> = names(lesson).collect();
    for Placed { piece, .. } in placed {
        let seen = match piece {
            Piece::Predict(name) => std::slice::from_ref(name),
            Piece::Checks(names) => names,
            _ => &[],
        };
        unseen.retain(|name| !seen.iter().any(|seen| seen == name));
    }
    match unseen.first() {
        None => Ok(()),
        Some(name) => {
            let word = if lesson.check(name).is_some() { "check" } else { "predict" };
            Err(Problem::new(format!(
                "`{name}` does not stand in the text. Put a block ```{word} {name}``` where it belongs."
            )))
        }
    }
}
