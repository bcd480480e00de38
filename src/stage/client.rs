//! A program that runs beside the subject: plain data.

use serde::{Deserialize, Serialize};

use super::Plan;

/// A program that runs beside the subject, outside of its tree, as a client of it. It is a run of its own, with a record of its
/// own, and never a survivor of the subject.
///
/// `{address}` in its arguments and variables stands for the subject's address on the loopback, such as `127.0.0.1:8080`. When the
/// subject has ended it has a settling period of the subject's to end as well; then it is ended.
///
/// ```
/// use exeunt::stage::{Action, Client, Plan};
/// use exeunt::{Subject, secs};
///
/// let mut plan = Plan::new("sh");
/// plan.args = ["-c", "echo beside; exit 3"].map(Into::into).into();
/// let record = Subject::new("sleep")
///     .arg("0.5")
///     .timeout(secs(10))
///     .action(Action::client(Client::new("other", plan)))
///     .run()?;
/// record.assert().success().leaves_nothing_behind();
/// let other = record.client("other").expect("it ran");
/// other.assert().code(3).line("beside");
/// # Ok::<(), exeunt::RunError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Client {
    /// Its name. Events have it: `client load starts`, `client load ends`.
    pub name: String,
    /// What it is.
    pub plan: Plan,
}

impl Client {
    /// A client of this name.
    #[must_use]
    pub fn new(name: impl Into<String>, plan: Plan) -> Self {
        let name = name.into();
        Self { name, plan }
    }
}
