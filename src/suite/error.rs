//! What is wrong with a suite, and on which line.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

/// A suite that cannot be run.
///
/// Shown, it points at the line.
#[derive(Debug, Clone)]
pub struct SuiteError(Box<Inner>);

#[derive(Debug, Clone)]
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
        let nothing = Source {
            path: path.into(),
            text: String::new(),
        };
        Self::new(&nothing, format!("could not set up the suite: {error}"))
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

impl std::error::Error for SuiteError {}

/// The text of a suite, and where it came from.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl Source {
    pub(crate) fn read(path: &Path) -> Result<Self, SuiteError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Self {
                path: path.into(),
                text,
            }),
            Err(error) => {
                let nothing = Self {
                    path: path.into(),
                    text: String::new(),
                };
                Err(SuiteError::new(
                    &nothing,
                    format!("could not read the suite: {error}"),
                ))
            }
        }
    }
}
