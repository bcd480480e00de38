//! Binaries of cargo packages.

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::command::{Failure, Tools};
use crate::record::Stream;
use crate::suite::CargoBuild;

/// Builds binaries of a package. Cargo itself says where they are, whatever its configuration.
pub(super) fn build(
    cargo: &CargoBuild,
    bins: &[String],
    timeout: Duration,
    tools: Tools<'_, '_>,
) -> Result<Vec<(String, PathBuf)>, Failure> {
    let record = tools.run(&tools.build_plan(&words(cargo, bins), timeout))?;
    let out = record.output(Stream::Stdout).unwrap_or_default();
    let artifacts = out
        .lines()
        .filter_map(|line| serde_json::from_str::<Artifact>(line).ok());
    Ok(artifacts
        .filter_map(|a| Some((a.target.name, a.executable?)))
        .collect())
}

/// The command that builds them.
pub(super) fn words(cargo: &CargoBuild, bins: &[String]) -> Vec<String> {
    let program = env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let format = "--message-format=json-render-diagnostics";
    [program, "build".into(), format.into()]
        .into_iter()
        .chain(what(cargo, bins))
        .collect()
}

/// The command by which a person builds one.
pub(super) fn by_hand(cargo: &CargoBuild, bin: &str) -> String {
    format!("cargo build {}", what(cargo, &[bin.to_owned()]).join(" "))
}

/// Which binaries, and how they are built.
fn what(cargo: &CargoBuild, bins: &[String]) -> Vec<String> {
    let mut words = vec!["--package".into(), cargo.package.clone()];
    if let Some(profile) = &cargo.profile {
        words.extend(["--profile".into(), profile.clone()]);
    }
    if !cargo.features.is_empty() {
        words.extend(["--features".into(), cargo.features.join(",")]);
    }
    words.extend(bins.iter().flat_map(|bin| ["--bin".into(), bin.clone()]));
    words
}

/// The part that matters of a message of `cargo build --message-format=json`.
#[derive(Deserialize)]
struct Artifact {
    target: Target,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profile_and_features_are_passed_on() {
        let cargo = CargoBuild {
            package: "worker".into(),
            profile: Some("release".into()),
            features: vec!["a".into(), "b".into()],
        };
        let words = words(&cargo, &["x".into(), "y".into()]);
        assert_eq!(
            words[1..].join(" "),
            "build --message-format=json-render-diagnostics --package worker --profile release --features a,b --bin x --bin y"
        );
    }
}
