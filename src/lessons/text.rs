//! The text of a lesson in pieces: Markdown, and between it what the program draws or asks.
//!
//! A piece is a fenced block whose first word is one of those below, or a picture that has a paragraph of its
//! own. All other blocks are code to be read, and stay in the Markdown.
//!
//! ````markdown
//! ```run convnet mlp
//! ```
//! ```predict winner
//! ```
//! ```check gap
//! ```
//! ```live curves
//! of = ["convnet", "mlp"]
//! ```
//! ```hint Where to look
//! Markdown again.
//! ```
//! ```stage gap
//! ```
//! ```step
//! ```
//! ![LeNet](lenet.png)
//! ````

use super::live::Live;
use crate::experiment::Problem;
use crate::experiment::words::{nearest, shortened};

#[derive(Clone, Debug)]
pub enum Piece {
    Markdown(String),
    /// A picture from a file of the lesson, with what it shows.
    Figure {
        file: String,
        caption: String,
    },
    /// The button that sets the table: opens these experiments as runs side by side.
    Run(Vec<String>),
    Predict(String),
    Checks(Vec<String>),
    Live(Live),
    /// What helps, folded until it is asked for.
    Hint {
        title: String,
        text: String,
    },
    /// What follows is shown once these predictions are made and these checks hold.
    Stage(Vec<String>),
    /// What follows is the next step of a presentation.
    Step,
}

/// A piece and the line of the text where it begins, counted from 1.
#[derive(Clone, Debug)]
pub struct Placed {
    pub line: usize,
    pub piece: Piece,
}

/// The first words of blocks that are pieces.
const WORDS: [&str; 7] = ["run", "predict", "check", "live", "hint", "stage", "step"];
const MOST_PIECES: usize = 400;

/// Cuts a text into pieces.
///
/// # Errors
/// A block that does not end, lacks a name or holds what it should not; with its line.
pub fn pieces(text: &str) -> Result<Vec<Placed>, Problem> {
    let mut cutter = Cutter::default();
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let Some(fence) = fence(line) else {
            cutter.line(at + 1, line);
            continue;
        };
        let info = line.trim()[fence.len()..].trim();
        let mut body = Vec::new();
        let mut is_closed = false;
        for (_, inner) in lines.by_ref() {
            is_closed =
                inner.trim_end().trim_start_matches(' ').trim_matches(fence.as_bytes()[0] as char).is_empty()
                    && inner.trim().len() >= fence.len();
            if is_closed {
                break;
            }
            body.push(inner);
        }
        if !is_closed {
            let message = format!("The block that begins here has no end. Close it by a line of `{fence}`.");
            return Err(Problem::new(message).at_line(at + 1));
        }
        cutter.block(at + 1, &fence, info, &body.join("\n"))?;
    }
    cutter.end_markdown();
    match cutter.pieces.len() {
        0 => Err(Problem::new("The text is empty.")),
        n if n > MOST_PIECES => Err(Problem::new(format!(
            "The text has {n} pieces; {MOST_PIECES} are the most. Split the lesson."
        ))),
        _ => Ok(cutter.pieces),
    }
}

/// Where the steps of a presentation begin, by the places of their first pieces: at the blocks that say so, or, where
/// there is none, at the headings.
pub fn steps(pieces: &[Piece]) -> Vec<usize> {
    let of = |is_it: fn(&Piece) -> bool| -> Vec<usize> {
        let begin = pieces.iter().enumerate().filter(|(_, piece)| is_it(piece)).map(|(place, _)| place);
        std::iter::once(0).chain(begin.filter(|place| *place > 0)).collect()
    };
    match pieces.iter().any(|piece| matches!(piece, Piece::Step)) {
        true => of(|piece| matches!(piece, Piece::Step)),
        false => of(|piece| matches!(piece, Piece::Markdown(text) if text.starts_with("## "))),
    }
}

/// The marks that open a block on this line.
fn fence(line: &str) -> Option<String> {
    let trimmed = line.trim_start_matches(' ');
    let mark = trimmed.chars().next().filter(|mark| ['`', '~'].contains(mark))?;
    let n = trimmed.chars().take_while(|c| *c == mark).count();
    let rest = &trimmed[n..];
    // Three marks that close on the same line are code within a sentence.
    (n >= 3 && line.len() - trimmed.len() <= 3 && !rest.contains(mark)).then(|| mark.to_string().repeat(n))
}

#[derive(Default)]
struct Cutter {
    pieces: Vec<Placed>,
    markdown: String,
    begin: usize,
}

impl Cutter {
    fn line(&mut self, number: usize, line: &str) {
        if let Some((caption, file)) = figure(line) {
            self.push(number, Piece::Figure { file, caption });
            return;
        }
        // A section is a piece of its own: a step of a presentation may begin with it.
        if line.starts_with("## ") {
            self.end_markdown();
        }
        if self.markdown.is_empty() {
            self.begin = number;
        }
        self.markdown.push_str(line);
        self.markdown.push('\n');
    }

    fn end_markdown(&mut self) {
        let text = std::mem::take(&mut self.markdown);
        if !text.trim().is_empty() {
            self.pieces.push(Placed { line: self.begin, piece: Piece::Markdown(text) });
        }
    }

    fn push(&mut self, line: usize, piece: Piece) {
        self.end_markdown();
        self.pieces.push(Placed { line, piece });
    }

    fn block(&mut self, line: usize, fence: &str, info: &str, body: &str) -> Result<(), Problem> {
        let (word, rest) = info.split_once(char::is_whitespace).unwrap_or((info, ""));
        let names: Vec<String> =
            rest.split([' ', ',']).filter(|n| !n.is_empty()).map(str::to_string).collect();
        let wrong = |message: String| Err(Problem::new(message).at_line(line));
        if !WORDS.contains(&word) {
            if let Some(meant) = nearest(word, WORDS).filter(|_| !word.is_empty() && !names.is_empty()) {
                let word = shortened(word);
                return wrong(format!("There is no block `{word}`; did you mean `{meant}`?"));
            }
            for line_of_code in [&format!("{fence}{info}"), body, fence] {
                self.line(line, line_of_code);
            }
            return Ok(());
        }
        if !["live", "hint"].contains(&word) && !body.trim().is_empty() {
            return wrong(format!("A block `{word}` has nothing inside: its names stand behind the word."));
        }
        let piece = match (word, names.as_slice()) {
            ("hint", _) => {
                let title = if rest.is_empty() { "Hint".to_string() } else { rest.trim().to_string() };
                Piece::Hint { title, text: body.to_string() }
            }
            ("step", []) => Piece::Step,
            ("step", _) => return wrong("A block `step` has no name.".into()),
            (_, []) => {
                return wrong(format!("The block `{word}` lacks a name: write it behind the word."));
            }
            ("run", _) => Piece::Run(names),
            ("check", _) => Piece::Checks(names),
            ("stage", _) => Piece::Stage(names),
            ("predict", [name]) => Piece::Predict(name.clone()),
            ("live", [name]) => {
                let live = Live::read(name, body).map_err(|problem| {
                    let at = problem.line.map_or(line, |inner| line + inner);
                    problem.at_line(at)
                })?;
                Piece::Live(live)
            }
            _ => return wrong(format!("A block `{word}` has one name.")),
        };
        self.push(line, piece);
        Ok(())
    }
}

/// A picture that has a line of its own, `![caption](file)`.
fn figure(line: &str) -> Option<(String, String)> {
    let (caption, file) = line.trim().strip_prefix("![")?.strip_suffix(')')?.split_once("](")?;
    (!file.contains(['(', ')']) && !caption.contains('[')).then(|| (caption.to_string(), file.to_string()))
}
