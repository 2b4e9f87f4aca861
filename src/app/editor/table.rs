//! All layers of the net as a table, before anything runs: every repetition a row of its own. Sorted by any column,
//! and written as text or CSV.

use std::cmp::Ordering;

use super::tree;
use crate::app::format;
use crate::experiment::{LayerId, Network};
use crate::graph::advice::Advice;
use crate::graph::{Goal, LayerReport, ReceptiveField, Survey, Total};
use crate::tensor::Extent;

/// One layer, or one repetition of it.
#[derive(Clone, Debug)]
pub struct Row {
    /// Where it stands in the file, `layers.3.0.2`.
    pub path: String,
    pub layer: LayerId,
    pub title: &'static str,
    /// `(C, H, W)`.
    pub output: Extent,
    pub parameters: u64,
    /// For one picture.
    pub multiply_adds: u64,
    /// Of its output for one picture, in 32-bit numbers.
    pub activation_bytes: u64,
    pub field: ReceptiveField,
    /// What is probably not meant about it, in a sentence each.
    pub advice: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    Path,
    Layer,
    Output,
    Parameters,
    MultiplyAdds,
    Activations,
    Field,
    Stride,
    Offset,
    Advice,
}

#[derive(Clone, Debug)]
pub struct Table {
    /// In the order in which they are shown.
    pub rows: Vec<Row>,
    pub total: Total,
    pub input: Extent,
    /// By what they are sorted, and whether the largest comes first; in the order of the net where by nothing.
    pub sorted: Option<(Column, bool)>,
    /// In the order of the net.
    ordered: Vec<Row>,
}

impl Column {
    pub const ALL: [Self; 10] = [
        Self::Path,
        Self::Layer,
        Self::Output,
        Self::Parameters,
        Self::MultiplyAdds,
        Self::Activations,
        Self::Field,
        Self::Stride,
        Self::Offset,
        Self::Advice,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Self::Path => "place",
            Self::Layer => "layer",
            Self::Output => "output",
            Self::Parameters => "parameters",
            Self::MultiplyAdds => "multiply-adds",
            Self::Activations => "activations",
            Self::Field => "sees",
            Self::Stride => "stride",
            Self::Offset => "offset",
            Self::Advice => "advice",
        }
    }

    /// What stands in it, in a sentence.
    pub fn help(self) -> &'static str {
        match self {
            Self::Path => "Where the layer stands in the experiment file, and in the names of its weights.",
            Self::Layer => "What kind of layer it is.",
            Self::Output => "Shape of what the layer gives for one picture: channels × height × width.",
            Self::Parameters => "Learned numbers.",
            Self::MultiplyAdds => {
                "Multiplications with addition for one picture, in convolutions and fully connected layers."
            }
            Self::Activations => {
                "What the layer's output takes of memory for one picture, in 32-bit numbers."
            }
            Self::Field => {
                "Receptive field: height × width of the part of the picture that one output depends on."
            }
            Self::Stride => "By how many pixels of the picture the fields of neighbouring outputs lie apart.",
            Self::Offset => {
                "Row and column of the picture at which the first output's field begins; negative in the padding."
            }
            Self::Advice => "What is probably not meant.",
        }
    }

    /// Whether it holds numbers, which are ranged right and sorted from the largest.
    pub fn is_number(self) -> bool {
        !matches!(self, Self::Path | Self::Layer | Self::Advice)
    }

    /// What stands in a row, for a person.
    pub fn text(self, row: &Row) -> String {
        let unless_zero = |n: u64| if n == 0 { "–".into() } else { format::count(n) };
        match self {
            Self::Path => row.path.clone(),
            Self::Layer => row.title.into(),
            Self::Output => row.output.to_string(),
            Self::Parameters => unless_zero(row.parameters),
            Self::MultiplyAdds => unless_zero(row.multiply_adds),
            Self::Activations => format::bytes(row.activation_bytes),
            Self::Field => pair(row.field.size, "×"),
            Self::Stride => pair(row.field.stride.map(|stride| stride.to_string()), "×"),
            Self::Offset => pair(row.field.offset.map(|offset| offset.to_string().replace('-', "−")), ", "),
            Self::Advice => row.advice.join(" "),
        }
    }

    fn compare(self, a: &Row, b: &Row) -> Ordering {
        let both = |of: fn(&Row) -> [f64; 2]| {
            let [a, b] = [of(a), of(b)];
            (a[0] * a[1]).total_cmp(&(b[0] * b[1]))
        };
        match self {
            // As the net is built, which the rows come in.
            Self::Path => Ordering::Equal,
            Self::Layer => a.title.cmp(b.title),
            Self::Output => a.output.len().cmp(&b.output.len()),
            Self::Parameters => a.parameters.cmp(&b.parameters),
            Self::MultiplyAdds => a.multiply_adds.cmp(&b.multiply_adds),
            Self::Activations => a.activation_bytes.cmp(&b.activation_bytes),
            Self::Field => both(|row| row.field.size.map(|side| side as f64)),
            Self::Stride => both(|row| row.field.stride.map(|stride| stride.mean())),
            Self::Offset => a.field.offset.cmp(&b.field.offset),
            Self::Advice => a.advice.len().cmp(&b.advice.len()),
        }
    }
}

impl Table {
    /// Of a net and what is said of it; up to where it goes wrong, if it does.
    pub fn new(network: &Network, goal: &Goal, advice: &[Advice]) -> Self {
        let survey = Survey::of(network, goal);
        let row = |report: LayerReport| {
            let kind = tree::find(&network.layers, report.layer).map(|layer| &layer.kind);
            let said = advice.iter().filter(|advice| advice.layer == Some(report.layer));
            Row {
                title: kind.map_or(report.kind, |kind| kind.title()),
                output: report.output,
                parameters: report.parameters,
                multiply_adds: report.multiply_adds,
                activation_bytes: 4 * report.output.len() as u64,
                field: report.receptive_field,
                advice: said.map(|advice| advice.what.clone()).collect(),
                layer: report.layer,
                path: report.path,
            }
        };
        let ordered: Vec<Row> = survey.layers.into_iter().map(row).collect();
        Self { rows: ordered.clone(), total: survey.total, input: network.input, sorted: None, ordered }
    }

    /// Sorts by a column; numbers from the largest. Once more turns the order round, and then back to that of the
    /// net.
    pub fn sort(&mut self, by: Column) {
        let first = by.is_number() || by == Column::Advice;
        self.sorted = match self.sorted {
            _ if by == Column::Path => None,
            Some((column, descends)) if column == by => (descends == first).then_some((by, !first)),
            _ => Some((by, first)),
        };
        self.rows = self.ordered.clone();
        if let Some((column, descends)) = self.sorted {
            // Stable: equal rows stay in the order of the net.
            self.rows.sort_by(|a, b| match descends {
                true => column.compare(b, a),
                false => column.compare(a, b),
            });
        }
    }

    /// What stands below the rows.
    pub fn total_text(&self, column: Column) -> String {
        match column {
            Column::Path => "total".into(),
            Column::Parameters => format::count(self.total.parameters),
            Column::MultiplyAdds => format::count(self.total.multiply_adds),
            Column::Activations => format::bytes(self.total.activation_bytes),
            _ => String::new(),
        }
    }

    /// In columns that line up in a font of equally wide letters.
    pub fn text(&self) -> String {
        let titles = Column::ALL.map(|column| column.title().to_string());
        let cells = |row: &Row| Column::ALL.map(|column| column.text(row));
        let total = Column::ALL.map(|column| self.total_text(column));
        let lines: Vec<[String; Column::ALL.len()]> =
            [titles].into_iter().chain(self.rows.iter().map(cells)).chain([total]).collect();
        let widths: Vec<usize> = (0..Column::ALL.len())
            .map(|i| lines.iter().map(|line| line[i].chars().count()).max().unwrap_or(0))
            .collect();
        let line = |line: &[String; Column::ALL.len()]| {
            let cells =
                Column::ALL.iter().zip(line).zip(&widths).map(|((column, cell), &width)| {
                    match column.is_number() {
                        true => format!("{cell:>width$}"),
                        false => format!("{cell:<width$}"),
                    }
                });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_string() + "\n"
        };
        lines.iter().map(line).collect()
    }

    /// For other programs: plain numbers, one to a column.
    pub fn csv(&self) -> String {
        let row = |row: &Row| {
            let (Extent { channels, height, width }, field) = (row.output, row.field);
            let [[field_height, field_width], [top, left]] =
                [field.size.map(|side| side as i64), field.offset];
            let [down, right] = field.stride;
            format!(
                "{},{},{channels},{height},{width},{},{},{},{field_height},{field_width},{down},{right},{top},{left},{}\n",
                row.path,
                quoted(row.title),
                row.parameters,
                row.multiply_adds,
                row.activation_bytes,
                quoted(&row.advice.join(" ")),
            )
        };
        CSV_TITLES.to_string() + &self.rows.iter().map(row).collect::<String>()
    }
}

const CSV_TITLES: &str = "place,layer,channels,height,width,parameters,multiply_adds,activation_bytes,field_height,\
                          field_width,stride_down,stride_right,offset_top,offset_left,advice\n";

/// A cell that may have a comma in it (RFC 4180).
fn quoted(text: &str) -> String {
    match text.contains([',', '"', '\n']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.into(),
    }
}

/// Two numbers, or one where they are equal: vertical and horizontal.
fn pair<T: PartialEq + std::fmt::Display>([vertical, horizontal]: [T; 2], between: &str) -> String {
    if vertical == horizontal { vertical.to_string() } else { format!("{vertical}{between}{horizontal}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::presets;
    use crate::graph::advice;

    fn table(preset: &str) -> Table {
        let network = presets::build(preset, Extent::new(3, 32, 32), 10).expect("a preset");
        Table::new(&network, &Goal::classes(10), &[])
    }

    /// He et al. 2015, Table 6: 0.27 million parameters.
    #[test]
    fn every_repetition_is_a_row_and_they_add_up() {
        let table = table("resnet-20");
        let parameters: u64 = table.rows.iter().map(|row| row.parameters).sum();
        assert_eq!((parameters, table.total.parameters), (269_722, 269_722));
        let n_convolutions = table.rows.iter().filter(|row| row.title == "Convolution").count();
        assert_eq!(n_convolutions, 19);
        assert_eq!(table.rows[3].path, "layers.3.0.0.branches.0.0");
    }

    #[test]
    fn it_is_sorted_from_the_largest_then_the_smallest_then_as_the_net_is_built() {
        let mut table = table("lenet");
        let paths = |table: &Table| table.rows.iter().map(|row| row.path.clone()).collect::<Vec<_>>();
        let built = paths(&table);
        table.sort(Column::Parameters);
        assert!(table.rows.is_sorted_by_key(|row| std::cmp::Reverse(row.parameters)));
        assert_eq!(table.rows[0].title, "Fully connected");
        table.sort(Column::Parameters);
        assert!(table.rows.is_sorted_by_key(|row| row.parameters));
        table.sort(Column::Parameters);
        assert_eq!(paths(&table), built);
        table.sort(Column::Field);
        table.sort(Column::Path);
        assert_eq!(paths(&table), built);
    }

    #[test]
    fn it_is_written_for_people_and_for_programs() {
        let table = table("quickstart");
        let text = table.text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), table.rows.len() + 2);
        assert!(lines[0].starts_with("place     layer") && lines[1].contains("Convolution"), "{text}");
        // 3 channels of 5×5 for 8 filters, and 8 biases, over 28×28 places.
        assert!(
            lines[1].contains("8×28×28") && lines[1].contains("608") && lines[1].contains("470,400"),
            "{text}"
        );
        let csv = table.csv();
        let n_columns = |line: &str| line.split(',').count();
        assert!(csv.lines().all(|line| n_columns(line) == n_columns(CSV_TITLES)), "{csv}");
        assert!(csv.contains("layers.0,Convolution,8,28,28,608,470400,25088,5,5,1,1,0,0,\n"), "{csv}");
    }

    #[test]
    fn advice_is_told_in_its_row() {
        let file = "[network]\nlayers = [{ conv = 8 }, 'batch-norm', 'relu', { linear = 10 }]";
        let experiment = crate::experiment::file::parse(file).expect("a file");
        let network = experiment.network.network(Extent::new(3, 32, 32), 10).expect("it fits");
        let goal = Goal::classes(10);
        let advice = advice::advise(&network, &goal, &experiment.train);
        let mut table = Table::new(&network, &goal, &advice);
        table.sort(Column::Advice);
        assert_eq!((table.rows[0].path.as_str(), table.rows[0].advice.len()), ("layers.0", 1));
        assert!(table.csv().contains("Its bias is useless: a batch normalisation follows.\n"));
    }
}
