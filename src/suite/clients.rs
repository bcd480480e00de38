//! Programs that run beside the subject, as a suite file says it.

use toml::Spanned;

use super::error::SuiteError;
use super::file::{ClientSpec, End};
use super::placeholder;
use super::resolve::Reader;
use crate::expect::{Expectation, ExpectedEnd, Pattern};
use crate::record::Exit;
use crate::stage::{Action, Client, Plan};

/// What can stand in the words of a client.
pub(super) const WORDS: &[&str] = &["scenario", "implementation", "root", "address"];

impl Reader<'_> {
    pub(super) fn client(
        &self,
        spec: &Spanned<ClientSpec>,
        expand: impl Fn(&str) -> String,
    ) -> Result<Action, SuiteError> {
        let own = spec.get_ref();
        let mut words = own.command.get_ref().iter().map(Spanned::get_ref);
        let Some(program) = words.next() else {
            return Err(self
                .error("a command without words")
                .at(own.command.span(), "name a program"));
        };
        let mut plan = Plan::new(expand(program));
        plan.args = words.map(|word| expand(word).into()).collect();
        let variables = own.env.iter();
        let variables =
            variables.map(|(name, value)| (name.into(), expand(value.get_ref()).into()));
        plan.environment.extend(variables);
        let directory = own.directory.as_deref().unwrap_or_default();
        plan.directory = self.root().join(directory);
        plan.bounds = self.bounds(false);
        let action = Action::client(Client::new(own.name.get_ref(), plan));
        self.when(action, &own.on, own.after, own.when)
    }

    /// Clients have names of their own, and words that can be understood.
    pub(super) fn check_clients(&self) -> Result<(), SuiteError> {
        let mut seen = std::collections::BTreeSet::new();
        for spec in &self.scenario.clients {
            let own = spec.get_ref();
            let name = own.name.get_ref();
            if name.is_empty() || name.contains(char::is_whitespace) {
                return Err(self
                    .error(format!("`{name}` cannot be the name of a client"))
                    .at(own.name.span(), "it is empty or has white space"));
            }
            if !seen.insert(name) {
                return Err(self
                    .error(format!("two clients are named `{name}`"))
                    .at(own.name.span(), "choose another name"));
            }
            for word in own.command.get_ref().iter().chain(own.env.values()) {
                placeholder::check(word.get_ref(), WORDS).map_err(|why| {
                    self.error("a placeholder that is none")
                        .at(word.span(), why)
                })?;
            }
            let _sound = self.client(spec, str::to_owned)?;
        }
        Ok(())
    }
}

impl ClientSpec {
    /// What is expected of it: exit code 0, unless another end is said.
    pub(super) fn expectation(&self, end: Option<End>) -> Expectation {
        let end = end.map_or(ExpectedEnd::code(0), |end| Exit::from(end).into());
        let lines = |texts: &[String]| texts.iter().map(|text| Pattern::text(text)).collect();
        let mut expectation = Expectation::new().end(end);
        expectation.present = lines(&self.present);
        expectation.absent = lines(&self.absent);
        expectation
    }
}
