//! A folder of pictures with any number of tags to each, told by a table `tags.csv` beside them:
//!
//! ```csv
//! file,ball,box,ring
//! 0001.png,1,0,0
//! 0002.png,1,0,1
//! ```
//!
//! The first line names the tags behind the column of the files; every further line has a picture, by its path
//! from the folder in which the table lies, and 1 or 0 for each tag. Columns are set apart by commas; what holds a
//! comma stands in double quotes, in which a quote is written twice (RFC 4180). There is either one table, and some
//! of its pictures are put aside for testing, or one in `train` and one in `test`, with the same first line.

use super::decode::{cause, decode_all, is_picture};
use super::error::{DataError, MAX_BYTES, count};
use super::folder::{self, common_extent, entries, layout, shuffle};
use super::{
    DataSet, Labels, MAX_CLASSES, MAX_NAME, Prospect, Split, Tags, folder_name, n_held_out, percent,
    split_at_random,
};
use crate::experiment::LabelKind;
use crate::experiment::figures::{self, counted};
use crate::experiment::words::shortened;
use crate::tensor::Extent;
use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

pub const FILE: &str = "tags.csv";

/// Bytes of a table: a bound against a file that only bears the name.
const MAX_TABLE: u64 = 256 << 20;

/// Pictures that all have one size keep it up to this side.
const MAX_OWN_SIDE: usize = 64;

/// Whether a table of tags lies in the folder, or among its pictures for training.
pub fn is_in(path: &Path) -> bool {
    path.join(FILE).is_file() || half(path, folder::TRAIN).is_some_and(|part| part.join(FILE).is_file())
}

/// A folder whose tables have been read and whose pictures have been looked at. Their size is as in a
/// [folder of classes](folder::Found); the order and, where one table names all pictures, the share `hold_out` of them
/// that is put aside for testing are drawn by `seed`.
pub(super) struct Found {
    path: PathBuf,
    tables: Vec<Table>,
    extent: Extent,
    size_note: Option<String>,
}

impl Found {
    /// Reads the tables and the headers of the pictures.
    ///
    /// # Errors
    /// A table with a line that is not as it should be, or that names a picture which is not there; tables for
    /// training and testing with other tags; a picture with a damaged header; too many pictures.
    pub fn look(path: &Path, size: Option<[usize; 2]>) -> Result<Self, DataError> {
        let tables = tables(path)?;
        let rows: Vec<&Row> = tables.iter().flat_map(|table| &table.rows).collect();
        let paths: Vec<&Path> = rows.iter().map(|row| row.picture.as_path()).collect();
        let (extent, size_note) = common_extent(&paths, size, MAX_OWN_SIDE)?;
        let bytes = (rows.len() * extent.len()) as u64;
        if bytes > MAX_BYTES {
            let remedy = "use fewer pictures or a smaller `data.size`";
            return Err(DataError::TooLarge { path: path.to_owned(), bytes, remedy });
        }
        Ok(Self { path: path.to_owned(), tables, extent, size_note })
    }

    /// What the set will hold.
    pub fn prospect(&self, hold_out: f32) -> Prospect {
        let [train, test] = match &self.tables[..] {
            [train, test] => [train.rows.len(), test.rows.len()],
            tables => {
                let all = tables.iter().map(|table| table.rows.len()).sum();
                let test = n_held_out(all, hold_out);
                [all - test, test]
            }
        };
        Prospect {
            name: folder_name(&self.path),
            extent: self.extent,
            labels: LabelKind::Tags,
            classes: self.tables.first().map(|table| table.tags.clone()),
            train,
            test,
        }
    }

    /// Decodes the pictures.
    ///
    /// # Errors
    /// A picture that will not decode, or none that is left for testing.
    pub fn read(self, hold_out: f32, seed: u64) -> Result<DataSet, DataError> {
        let Self { path, tables, extent, size_note } = self;
        let mut notes: Vec<String> = Vec::new();
        let mut parts = Vec::new();
        for table in &tables {
            notes.extend(table.unnamed()?);
            let mut split = table.decode(extent)?;
            shuffle(&mut split, extent, seed);
            parts.push(split);
        }
        notes.extend(size_note);
        let (train, test) = match <[Split; 2]>::try_from(parts) {
            Ok([train, test]) => (train, test),
            Err(mut parts) => {
                notes.push(format!("{} of the pictures were put aside for testing.", percent(hold_out)));
                split_at_random(parts.remove(0), extent, hold_out, seed)
            }
        };
        if test.is_empty() {
            let remedy = "name two pictures or more, so that one is left for testing";
            return Err(layout(&path, format!("its {FILE} names a single picture"), remedy));
        }
        let classes = tables.into_iter().next().map(|table| table.tags).unwrap_or_default();
        Ok(DataSet { name: folder_name(&path), extent, classes, train, test, clean: None, notes })
    }
}

/// A table as it was read.
struct Table {
    path: PathBuf,
    tags: Vec<String>,
    rows: Vec<Row>,
}

struct Row {
    picture: PathBuf,
    /// Those that the picture has, by their place in the first line.
    tags: Vec<usize>,
}

/// The one table, or that for training and that for testing.
fn tables(path: &Path) -> Result<Vec<Table>, DataError> {
    if path.join(FILE).is_file() {
        return Ok(vec![Table::read(path.join(FILE))?]);
    }
    let train = half(path, folder::TRAIN).unwrap_or_else(|| path.join("train"));
    let Some(test) = half(path, folder::TEST) else {
        let remedy =
            "put pictures to test on and their tags.csv into `test`, or one tags.csv for all beside `train`";
        return Err(layout(path, "it has no folder `test` beside `train`", remedy));
    };
    if !test.join(FILE).is_file() {
        let remedy = format!("it is to tell the tags of the pictures in `{}`", test.display());
        return Err(DataError::Missing { path: test.join(FILE), remedy });
    }
    let tables = [Table::read(train.join(FILE))?, Table::read(test.join(FILE))?];
    if tables[0].tags != tables[1].tags {
        let what = format!("its first line is another than that of `{}`", tables[0].path.display());
        let remedy = "name the same tags in the same order in both";
        return Err(DataError::Damaged { path: tables[1].path.clone(), what, remedy });
    }
    Ok(tables.into())
}

/// The sub-folder that goes by the first of these names.
fn half(path: &Path, names: &[&str]) -> Option<PathBuf> {
    names.iter().map(|name| path.join(name)).find(|part| part.is_dir())
}

impl Table {
    fn read(path: PathBuf) -> Result<Self, DataError> {
        let unreadable = DataError::unreadable(&path);
        let len = match std::fs::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(cause) => return Err(unreadable(cause)),
        };
        if len > MAX_TABLE {
            let what = format!("it has more than {}", figures::bytes(MAX_TABLE));
            return Err(damaged(&path, what, "choose a folder with a smaller table of tags"));
        }
        let text = std::fs::read(&path).map_err(unreadable)?;
        let Ok(text) = String::from_utf8(text) else {
            return Err(damaged(&path, "it is no text in UTF-8".into(), "save it anew as CSV in UTF-8"));
        };
        Self::parse(path, text.strip_prefix('\u{feff}').unwrap_or(&text))
    }

    fn parse(path: PathBuf, text: &str) -> Result<Self, DataError> {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let mut lines = lines.map(|(i, line)| (i + 1, line));
        let Some((number, first)) = lines.next() else {
            let remedy = "write `file` and the names of the tags into its first line";
            return Err(damaged(&path, "it is empty".into(), remedy));
        };
        let tags = tag_names(&path, number, first)?;
        let mut table = Self { path, tags, rows: Vec::new() };
        let mut seen = HashSet::new();
        for (number, line) in lines {
            let row = table.row(number, line)?;
            if !seen.insert(row.picture.clone()) {
                let what = format!("line {number} names `{}` once more", row.picture.display());
                return Err(damaged(&table.path, what, "write one line for each picture"));
            }
            table.rows.push(row);
        }
        if table.rows.is_empty() {
            let remedy = "write a line for each picture: its file, and 1 or 0 for each tag";
            return Err(damaged(&table.path, "it names no picture".into(), remedy));
        }
        Ok(table)
    }

    fn row(&self, number: usize, line: &str) -> Result<Row, DataError> {
        let refuse = |what: String, remedy| damaged(&self.path, format!("line {number} {what}"), remedy);
        let columns = columns(line).map_err(|(what, remedy)| refuse(what.into(), remedy))?;
        let (file, numbers) = columns.split_first().map_or(("", &[][..]), |(file, rest)| (file, rest));
        if numbers.len() != self.tags.len() {
            let what = format!("has {} columns and the first line {}", columns.len(), self.tags.len() + 1);
            return Err(refuse(what, "give each picture 1 or 0 for each tag"));
        }
        let mut tags = Vec::new();
        for (k, number) in numbers.iter().enumerate() {
            match number.as_str() {
                "1" => tags.push(k),
                "0" => {}
                other => {
                    let (other, tag) = (shortened(other), shortened(&self.tags[k]));
                    let what = format!("has `{other}` for `{tag}`");
                    return Err(refuse(what, "write 1 where the picture has the tag and 0 where it has not"));
                }
            }
        }
        Ok(Row { picture: self.picture(number, file)?, tags })
    }

    /// Where a picture lies of which line `number` says this.
    fn picture(&self, number: usize, file: &str) -> Result<PathBuf, DataError> {
        let refuse = |what: String, remedy| damaged(&self.path, format!("line {number} {what}"), remedy);
        let is_inside = Path::new(file).components().all(|part| matches!(part, Component::Normal(_)));
        if file.is_empty() || !is_inside {
            let what = format!("names `{}`, which is no file below its folder", shortened(file));
            return Err(refuse(what, "give the path of a picture from the folder in which the table lies"));
        }
        let picture = self.folder().join(file);
        if !picture.is_file() {
            let table = self.path.display();
            let remedy = format!("line {number} of `{table}` names it; put it there or take the line away");
            return Err(DataError::Missing { path: picture, remedy });
        }
        if !is_picture(&picture) {
            let what = format!("names `{}`, which is no picture", shortened(file));
            return Err(refuse(what, "name PNG, JPEG, WebP, GIF or BMP files"));
        }
        Ok(picture)
    }

    /// The pictures and their tags in the order of the rows.
    fn decode(&self, extent: Extent) -> Result<Split, DataError> {
        let paths: Vec<&Path> = self.rows.iter().map(|row| row.picture.as_path()).collect();
        let (pictures, causes) = decode_all(&paths, extent);
        if let Some((row, Some(error))) = self.rows.iter().zip(causes).find(|(_, cause)| cause.is_some()) {
            return Err(DataError::Picture { path: row.picture.clone(), cause: cause(&error) });
        }
        let tags = Tags::new(self.tags.len(), self.rows.iter().map(|row| row.tags.clone()));
        Ok(Split { pictures, labels: Labels::Tags(tags) })
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// What to say of pictures that lie beside the table and are not in it.
    fn unnamed(&self) -> Result<Option<String>, DataError> {
        let named: HashSet<&Path> = self.rows.iter().map(|row| row.picture.as_path()).collect();
        let files = entries(self.folder())?.1;
        let left: Vec<&PathBuf> =
            files.iter().filter(|file| is_picture(file) && !named.contains(file.as_path())).collect();
        Ok(left.first().map(|example| match left.len() {
            1 => format!("`{}` is not in {FILE} and was left out.", example.display()),
            n => format!(
                "{} pictures that are not in {FILE} were left out, `{}` among them.",
                count(n),
                example.display()
            ),
        }))
    }
}

/// The names in the first line, behind the column of the files.
fn tag_names(path: &Path, number: usize, line: &str) -> Result<Vec<String>, DataError> {
    let refuse = |what: String, remedy| damaged(path, format!("line {number} {what}"), remedy);
    let mut names = columns(line).map_err(|(what, remedy)| refuse(what.into(), remedy))?;
    names.remove(0);
    if names.is_empty() {
        let remedy = match line.contains([';', '\t']) {
            true => "set its columns apart by commas",
            false => "write `file` and behind it, with commas, the name of each tag",
        };
        return Err(refuse("names no tag".into(), remedy));
    }
    if names.len() > MAX_CLASSES {
        let what = format!("names {}", counted(names.len() as u64, "tag"));
        return Err(refuse(what, "use at most 1,000 tags"));
    }
    let mut seen = HashSet::new();
    for (k, name) in names.iter().enumerate() {
        if name.is_empty() {
            return Err(refuse(format!("has no name in column {}", k + 2), "name each tag"));
        }
        if name.chars().count() > MAX_NAME {
            let what = format!("has a name that is too long, `{}`", shortened(name));
            return Err(refuse(what, "names may have 255 characters"));
        }
        if !seen.insert(name) {
            return Err(refuse(format!("names `{}` twice", shortened(name)), "name each tag once"));
        }
    }
    Ok(names)
}

/// The columns of a line, without the blanks around them: one at least. Where that cannot be said, what is wrong
/// and what to do.
fn columns(line: &str) -> Result<Vec<String>, (&'static str, &'static str)> {
    const UNCLOSED: (&str, &str) = ("has a quote that does not end", "close it on the same line");
    let mut columns = Vec::new();
    let mut rest = line.trim();
    loop {
        let column = match rest.strip_prefix('"') {
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (column, behind) = rest.split_at(end);
                rest = behind;
                column.trim_end().to_owned()
            }
            Some(quoted) => {
                let (column, behind) = unquoted(quoted).ok_or(UNCLOSED)?;
                rest = behind.trim_start();
                column
            }
        };
        columns.push(column);
        match rest.strip_prefix(',') {
            Some(behind) => rest = behind.trim_start(),
            None if rest.is_empty() => return Ok(columns),
            None => return Err(("goes on behind a quote", "put a comma between columns")),
        }
    }
}

/// What stands up to the quote that ends it, a doubled one being one of the text, and the rest behind.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut column = String::new();
    let mut rest = text;
    loop {
        let end = rest.find('"')?;
        column.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(behind) => {
                column.push('"');
                rest = behind;
            }
            None => return Some((column.trim().to_owned(), rest)),
        }
    }
}

fn damaged(path: &Path, what: String, remedy: &'static str) -> DataError {
    DataError::Damaged { path: path.to_owned(), what, remedy }
}

#[cfg(test)]
#[path = "tags_tests.rs"]
mod tests;
