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
