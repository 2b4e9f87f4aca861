//! How the experiments of a lesson are read.
//!
//! ```toml
//! [short]                                   # in the short form all experiments of the lesson are cut to this
//! data.train = 400
//!
//! [experiments.convnet]
//! file = "convnet.toml"                     # or: shipped = "lenet-glyphs", from = "…", preset = "resnet-50"
//! set = { train.epochs = 2 }                # differences, written as in an experiment
//! full = { data.source = "mnist" }          # differences of the full form
//! short = { steps = 5 }                     # and of the short one; `steps` ends a run early
//! vary = [{ key = "train.rate", values = [0.01, 0.1] }]
//! ```

use super::files::Files;
use super::read::MOST;
use super::setup::{Axis, Cell, Form, Setup};
use crate::data::catalogue;
use crate::experiment::file::node::Node;
use crate::experiment::words::{remedy, shortened};
use crate::experiment::{Experiment, NetworkChoice, Problem, file, presets, shipped};

/// The most runs of one grid.
const MOST_CELLS: usize = 256;
const MOST_STEPS: usize = 10_000_000;
/// How long a chain of `from` may be.
const LONGEST_CHAIN: usize = 8;
const KEYS: [&str; 9] = ["file", "shipped", "from", "preset", "set", "short", "full", "steps", "vary"];
const SOURCES: [&str; 4] = ["file", "shipped", "from", "preset"];

/// Reads all experiments from the entries at the top of the settings.
pub(super) fn read(top: &[Node<'_>], files: &Files) -> Result<Vec<Setup>, Problem> {
    let short = top.iter().find(|entry| entry.name == "short");
    let Some(table) = top.iter().find(|entry| entry.name == "experiments") else { return Ok(Vec::new()) };
    let all = table.table("a table of tables, `[experiments.name]`")?;
    if all.len() > MOST {
        return Err(table.problem(format!("There are more than {MOST} experiments. Split the lesson.")));
    }
    all.iter().map(|node| Reader { all: &all, files, short }.setup(node)).collect()
}

struct Reader<'a> {
    all: &'a [Node<'a>],
    files: &'a Files,
    short: Option<&'a Node<'a>>,
}

impl Reader<'_> {
    fn setup(&self, node: &Node<'_>) -> Result<Setup, Problem> {
        let mut axes = Vec::new();
        for entry in node.table(example())? {
            match entry.name {
                "vary" => axes = read_axes(&entry)?,
                name if KEYS.contains(&name) => {}
                _ => return Err(entry.unknown("an experiment of a lesson", &KEYS)),
            }
        }
        let mut forms = Vec::new();
        for form in [Form::Quick, Form::Short, Form::Full] {
            let (experiment, steps) = self.experiment(node, form)?;
            forms.push(grid(node, &axes, &experiment, steps)?);
        }
        let [quick, short, full] = <[Vec<Cell>; 3]>::try_from(forms).expect("three forms were made");
        let preset = entry(node, "preset").and_then(|preset| preset.as_str().map(str::to_string));
        Ok(Setup::new(node.name.to_string(), preset, axes, [quick, short, full]))
    }

    /// The experiment in a form: where it comes from, then what each link of the chain sets, then what each
    /// changes in this form, the lesson's own first.
    fn experiment(&self, node: &Node<'_>, form: Form) -> Result<(Experiment, Option<u64>), Problem> {
        let chain = self.chain(node)?;
        let mut experiment = self.source(&chain[0])?;
        let mut steps = None;
        for link in &chain {
            if let Some(set) = entry(link, "set") {
                file::overlay(&mut experiment, &set)?;
            }
            if let Some(count) = entry(link, "steps") {
                steps = Some(count.count(1..=MOST_STEPS)? as u64);
            }
        }
        let changes = |key| chain.iter().filter_map(move |link| entry(link, key));
        let changes: Vec<Node<'_>> = match form {
            Form::Quick => Vec::new(),
            Form::Short => self.short.copied().into_iter().chain(changes("short")).collect(),
            Form::Full => changes("full").collect(),
        };
        for change in &changes {
            overlay_with_steps(&mut experiment, &mut steps, change)?;
        }
        check_pictures(node, &experiment)?;
        Ok((experiment, steps))
    }

    /// The experiment and those that it is made from, the first one first.
    fn chain<'b>(&'b self, node: &Node<'b>) -> Result<Vec<Node<'b>>, Problem> {
        let mut chain = vec![*node];
        while let Some(from) = entry(&chain[0], "from") {
            if chain.len() == LONGEST_CHAIN {
                let message = format!(
                    "`{}` is made from itself, or by more than {LONGEST_CHAIN} steps. Begin the chain with a `file`.",
                    node.name
                );
                return Err(from.problem(message));
            }
            let name = from.string("the name of another experiment of the lesson, in quotes")?;
            let others = self.all.iter().map(|other| other.name);
            let Some(base) = self.all.iter().find(|other| other.name == name) else {
                let asked = shortened(name);
                return Err(from.problem(format!(
                    "There is no experiment `{asked}` in the lesson{}",
                    remedy(name, others)
                )));
            };
            chain.insert(0, *base);
        }
        Ok(chain)
    }

    fn source(&self, node: &Node<'_>) -> Result<Experiment, Problem> {
        let given: Vec<Node<'_>> = SOURCES.iter().filter_map(|key| entry(node, key)).collect();
        let [source] = given.as_slice() else {
            return Err(node.problem(format!("`{}` needs one of {}.", node.name, example())));
        };
        let name = source.string("a name in quotes")?;
        match source.name {
            "file" => {
                self.files.find(name).map_err(|message| source.problem(message))?;
                let in_file = |problem: Problem| problem.in_file(&self.files.root.join(name));
                file::parse(self.files.text(name)?).map_err(in_file)
            }
            "shipped" => shipped::get(name).ok_or_else(|| {
                let asked = shortened(name);
                source.problem(format!("No experiment `{asked}` ships{}", remedy(name, shipped::names())))
            }),
            _ => {
                presets::check(name).map_err(|problem| source.problem(problem.message))?;
                Ok(Experiment { network: NetworkChoice::Preset(name.into()), ..Experiment::default() })
            }
        }
    }
}

fn example() -> &'static str {
    "`file`, `shipped`, `from` and `preset`, such as { file = \"convnet.toml\" }"
}

fn entry<'a>(node: &Node<'a>, key: &str) -> Option<Node<'a>> {
    node.entries()?.into_iter().find(|entry| entry.name == key)
}

/// Changes keys of the experiment, and where it ends.
fn overlay_with_steps(
    experiment: &mut Experiment,
    steps: &mut Option<u64>,
    node: &Node<'_>,
) -> Result<(), Problem> {
    let entries = node.table("a table of an experiment's keys, such as { train.epochs = 1 }")?;
    for entry in &entries {
        match entry.name {
            "steps" => *steps = Some(entry.count(1..=MOST_STEPS)? as u64),
            _ => file::overlay_entry(experiment, entry)?,
        }
    }
    Ok(())
}

/// A lesson takes its pictures from the catalogue: a path would lead out of its folder.
fn check_pictures(node: &Node<'_>, experiment: &Experiment) -> Result<(), Problem> {
    let source = &experiment.data.source;
    let names: Vec<&str> = catalogue::names().collect();
    match names.contains(&source.as_str()) {
        true => Ok(()),
        false => Err(node.problem(format!(
            "`{}` takes its pictures from `{}`: a lesson takes them from the catalogue, not from a path{}",
            node.name,
            shortened(source),
            remedy(source, names)
        ))),
    }
}

fn read_axes(node: &Node<'_>) -> Result<Vec<Axis>, Problem> {
    let expected = "a list of 1 to 3 tables, [{ key = \"train.rate\", values = [0.01, 0.1] }]";
    let items = node.list().filter(|items| (1..=3).contains(&items.len()));
    items.ok_or_else(|| node.wrong(expected))?.iter().map(read_axis).collect()
}

fn read_axis(node: &Node<'_>) -> Result<Axis, Problem> {
    let expected = "a table with `key` and `values`, { key = \"train.rate\", values = [0.01, 0.1] }";
    let mut axis = Axis { key: String::new(), values: Vec::new() };
    for entry in node.table(expected)? {
        match entry.name {
            "key" => axis.key = entry.string("a key such as \"train.rate\"")?.to_string(),
            "values" => {
                let wrong = || {
                    entry.wrong("a list of 1 to 64 values as an experiment has them, such as 0.1, \"he\" or { name = \"he\", scale = 2 }")
                };
                let items = entry.list().filter(|items| (1..=64).contains(&items.len())).ok_or_else(wrong)?;
                axis.values = items.iter().map(Node::plain_text).collect::<Option<_>>().ok_or_else(wrong)?;
            }
            _ => return Err(entry.unknown("`vary`", &["key", "values"])),
        }
    }
    match axis.key.is_empty() || axis.values.is_empty() {
        true => Err(node.wrong(expected)),
        false => Ok(axis),
    }
}

/// All runs of a grid, the last key varied fastest.
fn grid(
    node: &Node<'_>,
    axes: &[Axis],
    experiment: &Experiment,
    steps: Option<u64>,
) -> Result<Vec<Cell>, Problem> {
    let n_cells = axes.iter().map(|axis| axis.values.len()).product::<usize>();
    if n_cells > MOST_CELLS {
        return Err(node.problem(format!("A grid of {n_cells} runs is more than the {MOST_CELLS} allowed.")));
    }
    let mut cells = vec![Cell { values: Vec::new(), experiment: experiment.clone(), steps }];
    for axis in axes {
        let mut next = Vec::new();
        for cell in &cells {
            for value in &axis.values {
                let mut cell = cell.clone();
                cell.values.push(value.clone());
                cell.experiment.set(&axis.key, value).map_err(|problem| node.problem(problem.message))?;
                check_pictures(node, &cell.experiment)?;
                next.push(cell);
            }
        }
        cells = next;
    }
    Ok(cells)
}
