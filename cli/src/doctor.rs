//! `exeunt doctor`: what this machine allows, and what follows.

use std::fs;
use std::io::Write;

use exeunt::record::{Clock, Finding, Record};
use exeunt::{Subject, secs};

use crate::exit_status::ExitStatus;
use crate::output;
use crate::problem::Problem;

/// What was found, and the sentence about it.
struct Answer {
    is_fine: bool,
    about: &'static str,
    text: String,
}

pub(crate) fn doctor() -> Result<ExitStatus, Problem> {
    let mut out = output::stdout();
    for answer in answers() {
        let mark = if answer.is_fine { "ok" } else { "no" };
        writeln!(out, "{mark}  {}: {}", answer.about, answer.text)?;
    }
    out.flush()?;
    Ok(ExitStatus::Held)
}

fn answers() -> [Answer; 6] {
    [
        subreaper(),
        ptrace(),
        seccomp(),
        yama(&read("/proc/sys/kernel/yama/ptrace_scope")),
        pressure(&read("/proc/pressure/cpu")),
        namespaces(
            &read("/proc/sys/user/max_user_namespaces"),
            &read("/proc/sys/kernel/unprivileged_userns_clone"),
        ),
    ]
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path)
        .ok()
        .map(|text| text.trim().to_owned())
}

fn tried(subject: Subject) -> Result<Record, String> {
    subject
        .timeout(secs(20))
        .run()
        .map_err(|error| format!("{error:?}"))
}

fn why(record: &Record) -> String {
    let mut findings = record.findings.iter();
    let why = findings.find_map(|finding| match finding {
        Finding::NotTraced { why } => Some(why.clone()),
        _ => None,
    });
    why.unwrap_or_else(|| "for a reason that is not known".into())
}

fn subreaper() -> Answer {
    let tried = tried(Subject::new("true"));
    Answer {
        is_fine: tried.is_ok(),
        about: "child subreaper",
        text: match tried {
            Ok(_) => "descendants stay in their run's tree, and none outlives it".into(),
            Err(error) => format!("no program can be run here: {error}"),
        },
    }
}

fn ptrace() -> Answer {
    let tried = tried(Subject::new("true").lives());
    let (is_fine, text) = match tried {
        Ok(record) if record.lives.is_some() => (
            true,
            "births and deaths of threads can be recorded (`threads = …`)".into(),
        ),
        Ok(record) => (
            false,
            format!("how threads end cannot be told: {}", why(&record)),
        ),
        Err(error) => (false, error),
    };
    Answer {
        is_fine,
        about: "ptrace",
        text,
    }
}

fn seccomp() -> Answer {
    let tried = tried(Subject::new("sleep").arg("1").clock(Clock::Virtual));
    let (is_fine, text) = match tried {
        Ok(record) if record.clock == Clock::Virtual => (
            true,
            "calls that name a time can be stopped, so the virtual clock works (`--clock virtual`)"
                .into(),
        ),
        Ok(record) => (
            false,
            format!(
                "there is no virtual clock, and cases run on the real one: {}",
                why(&record)
            ),
        ),
        Err(error) => (false, error),
    };
    Answer {
        is_fine,
        about: "seccomp",
        text,
    }
}

fn yama(scope: &Option<String>) -> Answer {
    let (is_fine, text) = match scope.as_deref() {
        None => (true, "it is not there, and restricts nothing"),
        Some("0") => (true, "scope 0: a process may trace all of its user's"),
        Some("1") => (
            true,
            "scope 1: a process may trace its descendants, which is all that is needed",
        ),
        Some("2") => (
            false,
            "scope 2: only root may trace, so others have no virtual clock (sysctl kernel.yama.ptrace_scope=1)",
        ),
        Some(_) => (
            false,
            "scope 3: nobody may trace until the next start of the machine, so there is no virtual clock",
        ),
    };
    Answer {
        is_fine,
        about: "Yama",
        text: text.into(),
    }
}

fn pressure(cpu: &Option<String>) -> Answer {
    Answer {
        is_fine: cpu.is_some(),
        about: "/proc/pressure",
        text: match cpu {
            Some(_) => "it tells how long processes wait for a processor, so a busy machine is not taken for a slow program",
            None => "the kernel does not tell how long processes wait for a processor (CONFIG_PSI, psi=1), so on a busy machine a delay may be called broken that is not",
        }
        .into(),
    }
}

fn namespaces(most: &Option<String>, unprivileged: &Option<String>) -> Answer {
    let refused =
        most.as_deref().is_none_or(|most| most == "0") || unprivileged.as_deref() == Some("0");
    Answer {
        is_fine: !refused,
        about: "user namespaces",
        text: match refused {
            true => "they are off; nothing in exeunt needs them",
            false => "they are on; nothing in exeunt needs them",
        }
        .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scope_of_yama_has_its_consequence() {
        let fine = |scope: Option<&str>| yama(&scope.map(Into::into)).is_fine;
        assert!(fine(None) && fine(Some("0")) && fine(Some("1")));
        assert!(!fine(Some("2")) && !fine(Some("3")));
    }
}
