//! Ports for subjects that listen.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Mutex, PoisonError};

use crate::stage::{Plan, RunError, Stdin};
use crate::suite::placeholder::{expand, has};

/// Puts one free port in the place of `{port}`, wherever it is.
pub(super) fn give(plan: &mut Plan) -> Result<(), RunError> {
    const PORT: &str = "port";
    let wants = |word: &OsString| word.to_str().is_some_and(|word| has(word, PORT));
    let stdin = match &plan.stdin {
        Stdin::Bytes(bytes) => Some(bytes.to_text().into_owned()).filter(|text| has(text, PORT)),
        _ => None,
    };
    let in_words = {
        let words = [&plan.program].into_iter().chain(&plan.args);
        words.chain(plan.environment.values()).any(wants)
    };
    if stdin.is_none() && !in_words {
        return Ok(());
    }
    let port = free().map_err(|source: io::Error| RunError::Setup {
        program: plan.program.to_string_lossy().into_owned(),
        source,
    })?;
    let port = port.to_string();
    let values = [(PORT, port.as_str())];
    let words = [&mut plan.program].into_iter().chain(&mut plan.args);
    for word in words.chain(plan.environment.values_mut()) {
        if let Some(text) = word.to_str() {
            *word = expand(text, &values).into();
        }
    }
    if let Some(text) = stdin {
        plan.stdin = Stdin::Bytes(expand(&text, &values).as_str().into());
    }
    Ok(())
}

/// How often another port is tried if one was given out before.
const TRIES: usize = 100;

/// A TCP port on the loopback that is free now, and that this process has given to no other run.
pub(super) fn free() -> std::io::Result<u16> {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    for _ in 0..TRIES {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        if given.insert(port) {
            return Ok(port);
        }
    }
    // A long run may have used most of them by now: they are free again.
    given.clear();
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_given_out_twice() {
        let ports: Vec<_> = (0..200).map(|_| free().unwrap()).collect();
        let different: BTreeSet<_> = ports.iter().collect();
        assert_eq!(different.len(), ports.len());
    }
}
