//! Ports for subjects that listen.

use std::collections::BTreeSet;
use std::ffi::OsString;
#[cfg(target_os = "linux")]
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Mutex, PoisonError};

use super::{Plan, RunError, Stdin};

/// What a free port takes the place of.
const WORD: &str = "{port}";

/// How often another port is tried if one was given out before.
const TRIES: usize = 100;

/// An address of the loopback, of one that may stand for all of the machine. One of IPv4 that a socket of IPv6 has, as those of
/// Java, is one of IPv4.
#[cfg(target_os = "linux")]
pub(crate) fn reachable(mut address: SocketAddr) -> SocketAddr {
    address.set_ip(address.ip().to_canonical());
    match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

/// A TCP port on the loopback that is free now, and that this process has given to no other run.
fn free() -> std::io::Result<u16> {
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

/// Puts one free port in the place of `{port}`, wherever it is in the words, the variables and the standard input. A plan
/// without it stays as it is.
pub(crate) fn give_port(plan: &mut Plan) -> Result<(), RunError> {
    let in_words = {
        let words = [&plan.program].into_iter().chain(&plan.args);
        let mut words = words.chain(plan.environment.values());
        words.any(|word| word.to_str().is_some_and(wants))
    };
    let stdin = match &plan.stdin {
        Stdin::Bytes(bytes) | Stdin::Open(bytes) => Some(bytes.to_text().into_owned()),
        _ => None,
    };
    let stdin = stdin.filter(|text| wants(text));
    if stdin.is_none() && !in_words {
        return Ok(());
    }
    let port = free().map_err(|source| RunError::Setup {
        program: plan.program.to_string_lossy().into_owned(),
        source,
    })?;
    plan.port = Some(port);
    let words = [&mut plan.program].into_iter().chain(&mut plan.args);
    for word in words.chain(plan.environment.values_mut()) {
        if let Some(text) = word.to_str() {
            *word = OsString::from(replace(text, port));
        }
    }
    if let Some(text) = stdin {
        let bytes = replace(&text, port).as_str().into();
        plan.stdin = match plan.stdin {
            Stdin::Open(_) => Stdin::Open(bytes),
            _ => Stdin::Bytes(bytes),
        };
    }
    Ok(())
}

/// Where the word stands. Not so the `${port}` of a shell.
fn places(text: &str) -> impl Iterator<Item = usize> {
    let found = text.match_indices(WORD).map(|(i, _)| i);
    found.filter(|i| !text[..*i].ends_with('$'))
}

fn wants(text: &str) -> bool {
    places(text).next().is_some()
}

fn replace(text: &str, port: u16) -> String {
    let mut out = String::new();
    let mut rest = 0;
    for place in places(text) {
        out.push_str(&text[rest..place]);
        out.push_str(&port.to_string());
        rest = place + WORD.len();
    }
    out + &text[rest..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_of_a_shell_is_no_place_for_a_port() {
        assert_eq!(replace("a{port} ${port} {port}", 80), "a80 ${port} 80");
        let mut plan = Plan::new("x");
        plan.args = vec!["--port={port}".into()];
        plan.stdin = Stdin::Open("{port}".into());
        give_port(&mut plan).unwrap();
        let port = plan.port.unwrap();
        assert_eq!(plan.args, [OsString::from(format!("--port={port}"))]);
        assert_eq!(plan.stdin, Stdin::Open(port.to_string().as_str().into()));
    }

    #[test]
    fn no_port_is_given_out_twice() {
        let ports: Vec<_> = (0..200).map(|_| free().unwrap()).collect();
        let different: BTreeSet<_> = ports.iter().collect();
        assert_eq!(different.len(), ports.len());
    }
}
