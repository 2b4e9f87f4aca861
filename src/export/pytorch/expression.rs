//! Python expressions that make modules, and how a person would lay them out.

use crate::experiment::layers::Merge;

/// An expression that makes a module, or an argument of one.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// A number that may differ between blocks of one build, and then becomes an argument of their class.
    Setting(Setting),
    /// `nn.Conv2d(3, 16, kernel_size=3)`.
    Call { name: String, arguments: Vec<Argument> },
    /// `[a, b]`.
    List(Vec<Expression>),
    /// Branches from one input that meet; [`blocks`](super::blocks) makes classes of them.
    Block(Box<Block>),
    /// `*[body for _ in range(times)]`: the same so many times in a row, each with weights of its own.
    Repeated { body: Box<Expression>, times: usize },
}

/// Branches from one input that meet.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    pub merge: Merge,
    /// What people call such a block.
    pub title: &'static str,
    /// One module for each.
    pub branches: Vec<Expression>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    pub role: Role,
    /// In Python's words: `3`, `(3, 5)`, `False`, or the name of an argument.
    pub value: String,
}

/// What a number is, which decides the name of the argument that it may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Channels or numbers that come in.
    In,
    /// Channels or numbers that go out.
    Out,
    /// Whatever the keyword says.
    Named(&'static str),
}

/// One argument of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    pub keyword: Option<String>,
    pub value: Expression,
    /// The value that need not be written.
    pub default: Option<String>,
    /// What stands behind it in a call that takes several lines.
    pub comment: Option<String>,
}

/// The longest line.
const WIDTH: usize = 100;

impl Expression {
    pub fn call(name: impl Into<String>, arguments: Vec<Argument>) -> Self {
        Self::Call { name: name.into(), arguments }
    }

    /// A call of modules, one behind the other.
    pub fn sequential(modules: Vec<Self>) -> Self {
        Self::call("nn.Sequential", modules.into_iter().map(Argument::plain).collect())
    }

    /// On one line, comments left out.
    pub fn in_line(&self) -> String {
        match self {
            Self::Setting(setting) => setting.value.clone(),
            Self::Call { name, arguments } => {
                let written = arguments.iter().filter(|argument| argument.is_written());
                let all: Vec<String> =
                    written.map(|argument| argument.prefix() + &argument.value.in_line()).collect();
                format!("{name}({})", all.join(", "))
            }
            Self::List(items) => {
                format!("[{}]", items.iter().map(Self::in_line).collect::<Vec<_>>().join(", "))
            }
            Self::Block(block) => block.list().in_line(),
            Self::Repeated { body, times } => format!("*[{} for _ in range({times})]", body.in_line()),
        }
    }

    /// As part of a program: begun at `column` of a line that is indented by `indent`, with `after` characters
    /// to come behind it; on one line if it fits, else what it holds one below the other.
    pub fn laid_out(&self, indent: usize, column: usize, after: usize) -> String {
        let line = self.in_line();
        if !self.has_comments() && column + line.chars().count() + after <= WIDTH {
            return line;
        }
        let (inner, outer) = (" ".repeat(indent + 4), " ".repeat(indent));
        match self {
            Self::Setting(_) => line,
            Self::Call { name, arguments } => match &arguments[..] {
                [] => line,
                // A list alone keeps its brackets with those of the call.
                [
                    Argument {
                        value: value @ (Self::List(_) | Self::Repeated { .. }), comment: None, ..
                    },
                ] => {
                    format!("{name}({})", value.laid_out(indent, column + name.len() + 1, after + 1))
                }
                _ => {
                    let written = arguments.iter().filter(|argument| argument.is_written());
                    let lines: String = written.map(|argument| argument.line(indent + 4)).collect();
                    format!("{name}(\n{lines}{outer})")
                }
            },
            Self::List(items) => {
                let item = |item: &Self| format!("{inner}{},\n", item.laid_out(indent + 4, indent + 4, 1));
                format!("[\n{}{outer}]", items.iter().map(item).collect::<String>())
            }
            Self::Block(block) => block.list().laid_out(indent, column, after),
            Self::Repeated { body, times } => {
                let body = body.laid_out(indent + 4, indent + 4, 0);
                format!("*[\n{inner}{body}\n{inner}for _ in range({times})\n{outer}]")
            }
        }
    }

    fn has_comments(&self) -> bool {
        let own = match self {
            Self::Call { arguments, .. } => arguments.iter().any(|argument| argument.comment.is_some()),
            _ => false,
        };
        own || self.parts().into_iter().any(Self::has_comments)
    }

    /// The expressions right inside.
    pub fn parts(&self) -> Vec<&Self> {
        match self {
            Self::Setting(_) => Vec::new(),
            Self::Call { arguments, .. } => arguments.iter().map(|argument| &argument.value).collect(),
            Self::List(items) => items.iter().collect(),
            Self::Block(block) => block.branches.iter().collect(),
            Self::Repeated { body, .. } => vec![body],
        }
    }

    /// [`Expression::parts`], open for writing.
    pub fn parts_mut(&mut self) -> Vec<&mut Self> {
        match self {
            Self::Setting(_) => Vec::new(),
            Self::Call { arguments, .. } => {
                arguments.iter_mut().map(|argument| &mut argument.value).collect()
            }
            Self::List(items) => items.iter_mut().collect(),
            Self::Block(block) => block.branches.iter_mut().collect(),
            Self::Repeated { body, .. } => vec![body],
        }
    }

    /// The settings in it, in the order of reading.
    pub fn settings(&self) -> Vec<&Setting> {
        match self {
            Self::Setting(setting) => vec![setting],
            other => other.parts().into_iter().flat_map(Self::settings).collect(),
        }
    }

    /// [`Expression::settings`], open for writing.
    pub fn settings_mut(&mut self) -> Vec<&mut Setting> {
        match self {
            Self::Setting(setting) => vec![setting],
            other => other.parts_mut().into_iter().flat_map(Self::settings_mut).collect(),
        }
    }

    /// The expression with all settings taken out: equal for two of the same build.
    pub fn build(&self) -> Self {
        let mut build = self.clone();
        build.settings_mut().into_iter().for_each(|setting| setting.value.clear());
        build
    }
}

impl Block {
    /// `nn.ModuleList([…])`.
    pub fn list(&self) -> Expression {
        let branches = Expression::List(self.branches.clone());
        Expression::call("nn.ModuleList", vec![Argument::plain(branches)])
    }
}

impl Argument {
    pub fn plain(value: Expression) -> Self {
        Self { keyword: None, value, default: None, comment: None }
    }

    /// A number of channels that comes in or goes out, by its place.
    pub fn channels(role: Role, n: usize) -> Self {
        Self::plain(Expression::Setting(Setting { role, value: n.to_string() }))
    }

    /// `keyword=value`.
    pub fn named(keyword: &'static str, value: impl Into<String>) -> Self {
        let setting = Setting { role: Role::Named(keyword), value: value.into() };
        Self { keyword: Some(keyword.into()), ..Self::plain(Expression::Setting(setting)) }
    }

    /// `keyword=value`, left out where the value is the default.
    pub fn optional(keyword: &'static str, value: impl Into<String>, default: impl Into<String>) -> Self {
        Self { default: Some(default.into()), ..Self::named(keyword, value) }
    }

    fn is_written(&self) -> bool {
        match (&self.value, &self.default) {
            (Expression::Setting(setting), Some(default)) => setting.value != *default,
            _ => true,
        }
    }

    fn prefix(&self) -> String {
        self.keyword.as_ref().map(|keyword| format!("{keyword}=")).unwrap_or_default()
    }

    /// On a line or lines of its own.
    fn line(&self, indent: usize) -> String {
        let prefix = self.prefix();
        let comment = self.comment.as_ref().map(|comment| format!("  # {comment}")).unwrap_or_default();
        let (column, after) = (indent + prefix.len(), 1 + comment.chars().count());
        let value = self.value.laid_out(indent, column, after);
        format!("{}{prefix}{value},{comment}\n", " ".repeat(indent))
    }
}

/// A string as Python writes it, whatever is in it.
pub fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() || c as u32 > 0xffff => out.push_str(&format!("\\U{:08x}", c as u32)),
            c => out.push(c),
        }
    }
    out + "\""
}

/// A list of words, filling lines that begin at `indent`.
pub fn filled(words: &[String], indent: usize) -> String {
    let line = words.join(", ");
    if indent + line.chars().count() + 20 <= WIDTH {
        return format!("[{line}]");
    }
    let mut lines = vec![String::new()];
    for word in words {
        let last = lines.last().map_or(0, |last| last.chars().count());
        if last > 0 && indent + 4 + last + word.chars().count() + 2 > WIDTH {
            lines.push(String::new());
        }
        if let Some(last) = lines.last_mut() {
            last.push_str(if last.is_empty() { "" } else { " " });
            last.push_str(&format!("{word},"));
        }
    }
    let body: String = lines.iter().map(|line| format!("{}{line}\n", " ".repeat(indent + 4))).collect();
    format!("[\n{body}{}]", " ".repeat(indent))
}

/// A number as a person writes it: `0.1`, `1e-5`.
pub fn number(x: f32) -> String {
    if x != 0.0 && (x.abs() < 1e-3 || x.abs() >= 1e7) { format!("{x:e}") } else { format!("{x}") }
}

/// `3` for both directions, or `(3, 5)`.
pub fn pair([a, b]: [usize; 2]) -> String {
    if a == b { a.to_string() } else { format!("({a}, {b})") }
}

/// `True` or `False`.
pub fn flag(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conv() -> Expression {
        let (n_in, n_out) = (Argument::channels(Role::In, 3), Argument::channels(Role::Out, 16));
        let kernel = Argument::named("kernel_size", "3");
        Expression::call("nn.Conv2d", vec![n_in, n_out, kernel, Argument::optional("stride", "1", "1")])
    }

    #[test]
    fn what_fits_stands_on_one_line() {
        assert_eq!(conv().laid_out(4, 4, 0), "nn.Conv2d(3, 16, kernel_size=3)");
        let repeated = Expression::Repeated { body: Box::new(conv()), times: 3 };
        let all = Expression::sequential(vec![repeated]);
        assert_eq!(
            all.laid_out(8, 8, 0),
            "nn.Sequential(*[nn.Conv2d(3, 16, kernel_size=3) for _ in range(3)])"
        );
    }

    #[test]
    fn what_does_not_fit_stands_one_below_the_other() {
        let mut long = Expression::sequential(vec![conv(); 3]);
        if let Expression::Call { arguments, .. } = &mut long {
            arguments[2].comment = Some("(N, 16, 8, 8)".into());
        }
        let repeated = Expression::Repeated { body: Box::new(long), times: 2 };
        let expected = "\
nn.Sequential(*[
    nn.Sequential(
        nn.Conv2d(3, 16, kernel_size=3),
        nn.Conv2d(3, 16, kernel_size=3),
        nn.Conv2d(3, 16, kernel_size=3),  # (N, 16, 8, 8)
    )
    for _ in range(2)
])";
        assert_eq!(Expression::sequential(vec![repeated]).laid_out(0, 0, 0), expected);
    }

    /// Names of classes come from files; what is written must be one string, whatever they hold.
    #[test]
    fn strings_cannot_escape_their_quotes() {
        assert_eq!(quoted("a\"\\\n"), "\"a\\\"\\\\\\U0000000a\"");
    }
}
