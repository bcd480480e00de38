//! Where the processes of a tree listen, from proc(5): no connection is made, so no server sees it.

use std::collections::{BTreeMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::files;
#[cfg(feature = "http")]
use crate::stage::reachable;

/// A listening socket, by the number of its inode.
type Listeners = BTreeMap<u64, Place>;

/// Where a socket listens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::stage) enum Place {
    Tcp(SocketAddr),
    /// The path of a Unix socket; one in the abstract namespace begins with `@`.
    Unix(String),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => f.write_str(path),
        }
    }
}

/// All sockets that listen in the network namespace of a process; in our own if it is gone.
pub(in crate::stage) fn all_listeners(pid: u32) -> Listeners {
    let table = |name: &str| {
        let own = || files::text(&format!("/proc/self/net/{name}"));
        let text = files::text(&format!("/proc/{pid}/net/{name}")).or_else(|_| own());
        text.unwrap_or_default()
    };
    let namespace = |pid: &str| super::tree::link(&format!("/proc/{pid}/ns/net"));
    let other = namespace(&pid.to_string()).is_some_and(|theirs| namespace("self") != Some(theirs));
    let asked = match other {
        true => None,
        false => super::diag::tcp_listeners().ok(),
    };
    let mut all = Listeners::new();
    match asked {
        Some(tcp) => all.extend(tcp.into_iter().map(|(inode, at)| (inode, Place::Tcp(at)))),
        None => {
            for name in ["tcp", "tcp6"] {
                all.extend(table(name).lines().skip(1).filter_map(tcp));
            }
        }
    }
    all.extend(table("unix").lines().skip(1).filter_map(unix));
    all
}

/// One row of /proc/net/tcp or tcp6, if it is of a socket that listens.
fn tcp(row: &str) -> Option<(u64, Place)> {
    let fields: Vec<_> = row.split_whitespace().collect();
    let [_, local, _, "0A", ..] = fields[..] else {
        return None;
    };
    Some((fields.get(9)?.parse().ok()?, Place::Tcp(address(local)?)))
}

/// An address and its port as the kernel prints them.
pub(super) fn address(text: &str) -> Option<SocketAddr> {
    let (host, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    Some(SocketAddr::new(ip(host)?, port))
}

/// A host as the kernel prints it: words of 32 bits in the order of the machine.
fn ip(hex: &str) -> Option<IpAddr> {
    let word = |i: usize| {
        let word = u32::from_str_radix(hex.get(i * 8..i * 8 + 8)?, 16).ok()?;
        Some(word.to_ne_bytes())
    };
    Some(match hex.len() {
        8 => Ipv4Addr::from(word(0)?).into(),
        _ => {
            let words = [word(0)?, word(1)?, word(2)?, word(3)?];
            let mut bytes = [0; 16];
            bytes.copy_from_slice(words.as_flattened());
            Ipv6Addr::from(bytes).into()
        }
    })
}

/// One row of /proc/net/unix, if it is of a socket that listens.
fn unix(row: &str) -> Option<(u64, Place)> {
    const ACCEPTS: u64 = 0x10000;
    let mut fields = row.split_whitespace();
    let flags = u64::from_str_radix(fields.nth(3)?, 16).ok()?;
    let inode = fields.nth(2)?.parse().ok()?;
    (flags & ACCEPTS != 0).then(|| (inode, Place::Unix(fields.next().unwrap_or("?").to_owned())))
}

/// Those of the sockets that a process below `root` has open: each process's own in the order of its descriptors, which is
/// mostly that in which it opened them.
pub(in crate::stage) fn held_below(root: u32, sockets: &HashSet<u64>) -> Vec<u64> {
    let mut found = Vec::new();
    let mut next = vec![root];
    while let Some(pid) = next.pop() {
        next.extend(children(pid));
        if pid != root {
            let own = sockets_of(pid).filter(|inode| sockets.contains(inode));
            let new: Vec<_> = own.filter(|inode| !found.contains(inode)).collect();
            found.extend(new);
        }
    }
    found
}

/// Whether a program that is not below a process is seen to listen at a TCP port of the loopback, and none that is.
#[cfg(feature = "http")]
pub(in crate::stage) fn is_taken(port: u16, pid: u32, root: u32) -> bool {
    let at_port = |place: &Place| match place {
        Place::Tcp(at) => at.port() == port && reachable(*at).ip().is_loopback(),
        Place::Unix(_) => false,
    };
    let all = all_listeners(pid).into_iter();
    let there: HashSet<u64> = all
        .filter(|(_, place)| at_port(place))
        .map(|(inode, _)| inode)
        .collect();
    let holds = |pid: u32| sockets_of(pid).any(|inode| there.contains(&inode));
    let strange = || super::tree::all().into_iter().flatten().any(holds);
    !there.is_empty() && held_below(root, &there).is_empty() && strange()
}

fn children(pid: u32) -> Vec<u32> {
    let tasks = files::entries(&format!("/proc/{pid}/task"));
    let mut all = Vec::new();
    for task in tasks.into_iter().flatten().flatten() {
        let text = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        all.extend(
            text.split_whitespace()
                .filter_map(|pid| pid.parse::<u32>().ok()),
        );
    }
    all
}

fn sockets_of(pid: u32) -> impl Iterator<Item = u64> {
    let fds = files::entries(&format!("/proc/{pid}/fd"));
    let targets = fds.into_iter().flatten().flatten();
    targets.filter_map(|fd| {
        let target = super::tree::link(fd.path().to_str()?)?;
        let inode = target.strip_prefix("socket:[")?.strip_suffix(']')?;
        inode.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn a_socket_is_found_where_it_listens_and_gone_once_it_is_closed() {
        let pid = std::process::id();
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address) else {
                continue;
            };
            let place = Place::Tcp(listener.local_addr().unwrap());
            let is_there = || all_listeners(pid).values().any(|known| *known == place);
            assert!(is_there(), "{place}");
            drop(listener);
            assert!(!is_there(), "{place}");
        }
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let _listener = UnixListener::bind(&path).unwrap();
        let place = Place::Unix(path.to_str().unwrap().to_owned());
        assert!(all_listeners(pid).values().any(|known| *known == place));
    }

    #[test]
    fn the_table_of_the_kernel_is_read_right() {
        let v4 = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0";
        let place = Place::Tcp("127.0.0.1:8080".parse().unwrap());
        assert_eq!(
            tcp(v4),
            cfg!(target_endian = "little").then_some((4711, place))
        );
        let v6 = "   1: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12 1 0";
        let place = Place::Tcp("[::1]:80".parse().unwrap());
        assert_eq!(
            tcp(v6),
            cfg!(target_endian = "little").then_some((12, place))
        );
        assert_eq!(tcp(&v4.replace(" 0A ", " 01 ")), None);
    }

    #[test]
    fn a_connection_does_not_listen() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let client = std::net::TcpStream::connect(address).unwrap();
        let own = Place::Tcp(client.local_addr().unwrap());
        let all = all_listeners(std::process::id());
        assert!(all.values().all(|place| *place != own));
    }
}
