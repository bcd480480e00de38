//! What is wrong with a suite, and on which line.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

/// A suite that cannot be run.
///
/// Shown, it points at the line.
#[derive(Clone)]
pub struct SuiteError(Box<Inner>);

#[derive(Clone)]
struct Inner {
    path: PathBuf,
    source: String,
    message: String,
    label: String,
    span: Option<Range<usize>>,
    help: Option<String>,
}

impl SuiteError {
    pub(crate) fn new(file: &Source, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            path: file.path.clone(),
            source: file.text.clone(),
            message: message.into(),
            label: String::new(),
            span: None,
            help: None,
        }))
    }

    /// The text is not TOML, or has not the shape of a suite.
    pub(crate) fn unread(source: &Source, error: &toml::de::Error) -> Self {
        let message = error.message();
        let mut wrong = Self::new(source, message);
        let Some(span) = error.span() else {
            return wrong;
        };
        if let Some(meant) = meant(message) {
            wrong = wrong.help(format!("perhaps `{meant}` is meant"));
        }
        if let Some((_, instead)) = RENAMED
            .iter()
            .find(|(old, _)| message.starts_with(&format!("unknown field `{old}`")))
        {
            wrong = wrong.help(*instead);
        }
        if source.text[span.clone()].starts_with("[scenario]") {
            wrong = wrong.help("there may be several scenarios: write `[[scenario]]`");
        }
        wrong.at(span, "")
    }

    pub(crate) fn at(mut self, span: Range<usize>, label: impl Into<String>) -> Self {
        self.0.span = Some(span);
        self.0.label = label.into();
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// The machine did not give what is needed.
    #[cfg(feature = "libtest")]
    pub(crate) fn setup(path: &Path, error: &std::io::Error) -> Self {
        let nothing = Source::new(path, String::new());
        Self::new(&nothing, format!("could not set up the suite: {error}"))
    }

    /// The file that is wrong.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// The line that is wrong, counted from 1. `None` if the file as a whole is.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        let span = self.0.span.as_ref()?;
        Some(line(&self.0.source, span.start))
    }

    /// With ANSI styles.
    #[must_use]
    pub fn styled(&self) -> String {
        self.render(&Renderer::styled())
    }

    fn render(&self, renderer: &Renderer) -> String {
        let Inner {
            path,
            source,
            message,
            label,
            span,
            help,
        } = &*self.0;
        let path = path.display().to_string();
        let mut group = Group::with_title(Level::ERROR.primary_title(message));
        if let Some(span) = span {
            // A span that ends with its line would be drawn on the next one too.
            let end = source[span.clone()].trim_end().len() + span.start;
            let annotation = AnnotationKind::Primary.span(span.start..end).label(label);
            group = group.element(Snippet::source(source).path(&path).annotation(annotation));
        } else {
            group = group.element(Origin::path(&path));
        }
        if let Some(help) = help {
            group = group.element(Level::HELP.message(help));
        }
        renderer.render(&[group])
    }
}

/// Keys that people try, and what is meant.
const RENAMED: [(&str, &str); 4] = [
    (
        "once",
        "`once = \"parked\"` is now written `when = \"blocked\"`",
    ),
    ("cwd", "the directory of a subject is its `directory`"),
    ("counts", "how often a line comes is its `count`"),
    ("sources", "where a promise stands is its `source`"),
];

/// Of the names that serde expected instead of an unknown one, the one that is spelt like it.
fn meant(message: &str) -> Option<&str> {
    let mut names = message.split('`').skip(1).step_by(2);
    let unknown = message.starts_with("unknown ").then(|| names.next())??;
    let similar = names.map(|name| (distance(unknown, name), name));
    let (distance, name) = similar.min()?;
    (distance <= 2 && distance < unknown.len()).then_some(name)
}

/// How many letters must be changed, added or left out.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

impl fmt::Display for SuiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(&Renderer::plain()))
    }
}

// A test that returns `Result<(), SuiteError>` shows this: it must be readable, and not show the whole suite.
impl fmt::Debug for SuiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for SuiteError {}

/// The number of the line in which a byte is, counted from 1.
fn line(text: &str, byte: usize) -> usize {
    text[..byte].matches('\n').count() + 1
}

/// The text of a suite, and where it came from.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    /// Where each line but the first begins: a place is looked for in every case of a suite.
    lines: OnceLock<Vec<usize>>,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({})", self.path.display())
    }
}

impl Source {
    /// The number of the line in which a byte is, counted from 1.
    pub(crate) fn line(&self, byte: usize) -> usize {
        let starts = self.lines.get_or_init(|| {
            let ends = self.text.match_indices('\n');
            ends.map(|(end, _)| end + 1).collect()
        });
        starts.partition_point(|start| *start <= byte) + 1
    }

    fn new(path: &Path, text: String) -> Self {
        Self {
            path: path.into(),
            text,
            lines: OnceLock::new(),
        }
    }

    pub(crate) fn read(path: &Path) -> Result<Self, SuiteError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Self::new(path, text)),
            Err(error) => {
                let nothing = Self::new(path, String::new());
                Err(SuiteError::new(
                    &nothing,
                    format!("could not read the suite: {error}"),
                ))
            }
        }
    }
}
