//! Ports for subjects that listen.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
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
///
/// On Linux it is one that the system gives to nobody who asks for any port: a server that listens at such a one, or a client
/// that connects from it, could else take it before the subject does, and be taken for it.
fn free() -> io::Result<u16> {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(port) = reserve::port(|port| !given.contains(&port) && is_free(port)) {
        given.insert(port);
        return Ok(port);
    }
    for _ in 0..TRIES {
        let port = any()?;
        if given.insert(port) {
            return Ok(port);
        }
    }
    // A long run may have used most of them by now: they are free again.
    given.clear();
    any()
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// A port that the system gives.
fn any() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

/// Ports that the system gives to nobody who asks for any.
#[cfg(target_os = "linux")]
mod reserve {
    use std::collections::VecDeque;
    use std::hash::{BuildHasher, RandomState};
    use std::ops::RangeInclusive;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    use std::sync::{Mutex, PoisonError};

    /// Fewer than this are too few to choose from.
    const ENOUGH: usize = 256;
    /// How many ports of one process no other one may choose: those whose subjects may not yet listen.
    const HELD: usize = 64;

    /// One that will do, and that no other process holds.
    pub(super) fn port(mut will_do: impl FnMut(u16) -> bool) -> Option<u16> {
        static HOLDS: Mutex<VecDeque<UnixDatagram>> = Mutex::new(VecDeque::new());
        let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
        let ports = beside(&text)?;
        let len = ports.len();
        // Processes that run side by side begin at different places.
        let first = RandomState::new().hash_one(0) as usize % len;
        for port in ports.clone().cycle().skip(first).take(len) {
            let Some(hold) = hold(port).filter(|_| will_do(port)) else {
                continue;
            };
            let mut holds = HOLDS.lock().unwrap_or_else(PoisonError::into_inner);
            holds.push_back(hold);
            let surplus = holds.len().saturating_sub(HELD);
            holds.drain(..surplus);
            return Some(port);
        }
        None
    }

    /// The ports above the range from which the system gives, else those below it.
    pub(super) fn beside(range: &str) -> Option<RangeInclusive<u16>> {
        let mut bounds = range.split_whitespace().map(str::parse);
        let (Some(Ok(low)), Some(Ok(high))) = (bounds.next(), bounds.next()) else {
            return None;
        };
        let (low, high): (u16, u16) = (low, high);
        let ways = [
            high.saturating_add(1)..=u16::MAX,
            // Below are the ports of well-known services.
            10_000..=low.saturating_sub(1),
        ];
        ways.into_iter().find(|ports| ports.len() >= ENOUGH)
    }

    /// A name that only one process of this network namespace can have, as with the port itself.
    pub(super) fn hold(port: u16) -> Option<UnixDatagram> {
        let name = SocketAddr::from_abstract_name(format!("exeunt/port/{port}")).ok()?;
        UnixDatagram::bind_addr(&name).ok()
    }
}

#[cfg(not(target_os = "linux"))]
mod reserve {
    pub(super) fn port(_: impl FnMut(u16) -> bool) -> Option<u16> {
        None
    }
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

    #[cfg(target_os = "linux")]
    #[test]
    fn a_port_is_one_that_nobody_gets_by_asking_for_any() {
        assert_eq!(reserve::beside("32768\t60999\n"), Some(61_000..=65_535));
        assert_eq!(reserve::beside("32768 65535"), Some(10_000..=32_767));
        assert_eq!(reserve::beside("1024 65535"), None);
        let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap();
        if let Some(ports) = reserve::beside(&range) {
            assert!(ports.contains(&free().unwrap()), "{range}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_port_that_one_process_holds_no_other_one_chooses() {
        // Nobody chooses this one, below all that are chosen from.
        let held = reserve::hold(7).unwrap();
        assert!(reserve::hold(7).is_none());
        drop(held);
        assert!(reserve::hold(7).is_some());
    }
}
