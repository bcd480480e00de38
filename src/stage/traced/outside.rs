//! What a virtual clock cannot vouch for: what may act on the subject by itself, or keeps time in a way of its own.
//!
//! Each is found here and names itself; the run is then not judged.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use nix::libc;

use super::memory::Memory;
use crate::stage::sys::trace::Tid;

/// Descriptors by which only threads of the tree, the harness or a timer act.
const INNER: [&str; 9] = [
    "pipe:[",
    "socket:[",
    "anon_inode:[eventfd]",
    "anon_inode:[eventpoll]",
    "anon_inode:[signalfd]",
    "anon_inode:[timerfd]",
    "anon_inode:[pidfd]",
    "pidfd:[",
    "/memfd:",
];
/// Devices that never let wait for something outside.
const DEVICES: [&str; 5] = [
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
];

/// Something that a process has open, and by which something outside of the tree may wake it.
pub(super) fn open_to_outside(pid: Tid) -> Option<String> {
    let fds = fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
    fds.flatten().find_map(|fd| {
        let path = fd.path();
        let target = fs::read_link(&path).ok()?;
        let target = target.to_string_lossy();
        let is_inner = INNER.iter().any(|inner| target.starts_with(inner));
        if is_inner || DEVICES.contains(&&*target) || is_file(&path) {
            return None;
        }
        Some(format!(
            "process {pid} has `{target}` open, by which something outside may wake it"
        ))
    })
}

/// A file or a directory on a disk. A FIFO and a device are none.
fn is_file(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| {
        let kind = file.file_type();
        !(kind.is_fifo() || kind.is_char_device() || kind.is_block_device() || kind.is_socket())
            && (kind.is_file() || kind.is_dir())
    })
}

/// Why a program that a process has just executed cannot be on our clock.
pub(super) fn program(pid: Tid) -> Option<String> {
    let path = format!("/proc/{pid}/exe");
    let mut head = [0; 5];
    let read = File::open(&path).and_then(|mut file| file.read_exact(&mut head));
    // The fifth byte of an ELF file: 1 is 32 bits, 2 is 64.
    (read.is_err() || head[4] != 2).then(|| {
        let name = fs::read_link(&path).unwrap_or_default();
        format!("`{}` is no program of 64 bits", name.display())
    })
}

/// An address that a process wants to reach.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Peer {
    /// A port of this machine, by the Internet protocols.
    Port(u16),
    /// A name in the file system, or an abstract one (`@…`).
    Unix(String),
    /// In the kernel, or nowhere.
    Inner,
    Elsewhere(String),
}

/// Which peers were found in the tree, and by which descriptor: to look for them takes long.
#[derive(Debug, Default)]
pub(super) struct Peers(HashMap<Peer, (PathBuf, PathBuf)>);

impl Peers {
    /// Why what is at this address is not in the tree. `None` if it is, or if nothing is there.
    pub(super) fn outside(
        &mut self,
        memory: &Memory,
        address: u64,
        length: u64,
        tree: &[Tid],
    ) -> Option<String> {
        let length = usize::try_from(length.min(128)).ok()?;
        let bytes = memory.read_bytes(address, length).ok()?;
        let peer = peer_of(&bytes);
        let (inodes, what) = match &peer {
            Peer::Inner => return None,
            Peer::Elsewhere(what) => {
                return Some(format!("it speaks to {what}, outside of its tree"));
            }
            Peer::Unix(name) if is_ours(name) => return None,
            _ if self.is_still_there(&peer) => return None,
            Peer::Port(port) => (on_port(*port), format!("port {port} of this machine")),
            Peer::Unix(name) => (at_name(name), format!("the socket `{name}`")),
        };
        let found = inodes.iter().find_map(|inode| open_in(tree, inode));
        let outside = found.is_none() && !inodes.is_empty();
        self.0.extend(found.map(|found| (peer, found)));
        outside.then(|| format!("it speaks to {what}, outside of its tree"))
    }

    fn is_still_there(&self, peer: &Peer) -> bool {
        let known = self.0.get(peer);
        known.is_some_and(|(fd, socket)| fs::read_link(fd).is_ok_and(|now| now == *socket))
    }
}

/// Whether it is the socket at which the harness hears that a subject is ready: it is read while the clock stands.
fn is_ours(name: &str) -> bool {
    name.starts_with(&format!("@exeunt-{}-", std::process::id()))
}

/// Whether bytes of a connection of the tree, or of ours, are on their way by TCP: not acknowledged yet, as the kernel puts that off,
/// or held back until what came before is. A receiver that does not read is no such case.
pub(super) fn is_in_flight(tree: &[Tid]) -> bool {
    let own = std::process::id().cast_signed();
    let all: Vec<_> = tree.iter().copied().chain([own]).collect();
    let tables = ["tcp", "tcp6"].map(|table| fs::read_to_string(format!("/proc/net/{table}")));
    let lines = tables
        .iter()
        .flatten()
        .flat_map(|text| text.lines().skip(1));
    lines
        .filter_map(retransmits)
        .any(|inode| inode == "0" || open_in(&all, inode).is_some())
}

/// The socket of a line of the table, if it may have to send again what it has sent. One without a descriptor has the number 0.
fn retransmits(line: &str) -> Option<&str> {
    const LOCAL: [&str; 3] = [
        "0100007F:",
        "00000000000000000000000001000000:",
        "0000000000000000FFFF00000100007F:",
    ];
    let fields: Vec<_> = line.split_ascii_whitespace().collect();
    let is_local = LOCAL
        .iter()
        .any(|local| fields.get(2).is_some_and(|peer| peer.starts_with(local)));
    let waits = fields.get(5)?.starts_with("01:");
    (is_local && waits).then(|| fields.get(9).copied())?
}

fn peer_of(bytes: &[u8]) -> Peer {
    let Some(family) = bytes
        .first_chunk()
        .map(|family| u16::from_ne_bytes(*family))
    else {
        return Peer::Inner;
    };
    let port = || {
        bytes
            .get(2..4)
            .map_or(0, |port| u16::from_be_bytes([port[0], port[1]]))
    };
    match i32::from(family) {
        libc::AF_UNSPEC | libc::AF_NETLINK => Peer::Inner,
        libc::AF_INET => match bytes.get(4..8) {
            Some([127, ..] | [0, 0, 0, 0]) => Peer::Port(port()),
            _ => Peer::Elsewhere("an address of the network".into()),
        },
        libc::AF_INET6 => match bytes.get(8..24) {
            Some([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 | 1]) => Peer::Port(port()),
            Some([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, ..]) => Peer::Port(port()),
            _ => Peer::Elsewhere("an address of the network".into()),
        },
        libc::AF_UNIX => match &bytes[2..] {
            [] => Peer::Inner,
            [0, name @ ..] => Peer::Unix(format!("@{}", String::from_utf8_lossy(name))),
            path => {
                let path = path.split(|byte| *byte == 0).next().unwrap_or_default();
                Peer::Unix(String::from_utf8_lossy(path).into_owned())
            }
        },
        family => Peer::Elsewhere(format!("an address of family {family}")),
    }
}

/// The sockets of this machine that have this port as their own and may take what is sent to it.
fn on_port(port: u16) -> Vec<String> {
    let wanted = format!(":{port:04X}");
    let mut inodes = Vec::new();
    for table in ["tcp", "tcp6", "udp", "udp6"] {
        let text = fs::read_to_string(format!("/proc/net/{table}")).unwrap_or_default();
        for line in text.lines().skip(1) {
            let fields: Vec<_> = line.split_ascii_whitespace().collect();
            let takes = table.starts_with("udp") || fields.get(3) == Some(&"0A");
            if let (true, Some(own), Some(inode)) = (takes, fields.get(1), fields.get(9))
                && own.ends_with(&wanted)
            {
                inodes.push((*inode).to_owned());
            }
        }
    }
    inodes
}

/// The sockets of this machine with this name.
fn at_name(name: &str) -> Vec<String> {
    let text = fs::read_to_string("/proc/net/unix").unwrap_or_default();
    let lines = text
        .lines()
        .map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
    lines
        .filter(|fields| fields.get(7).is_some_and(|own| is_name(own, name)))
        .filter_map(|fields| fields.get(6).map(|inode| (*inode).to_owned()))
        .collect()
}

/// The table has names as they were bound, which may be relative.
fn is_name(own: &str, name: &str) -> bool {
    own == name
        || Path::new(own)
            .file_name()
            .is_some_and(|own| Some(own) == Path::new(name).file_name())
}

/// A descriptor of the tree that is this socket, and its name.
fn open_in(tree: &[Tid], inode: &str) -> Option<(PathBuf, PathBuf)> {
    let wanted = PathBuf::from(format!("socket:[{inode}]"));
    let fds = tree
        .iter()
        .flat_map(|pid| fs::read_dir(format!("/proc/{pid}/fd")));
    let mut fds = fds.flatten().flatten().map(|fd| fd.path());
    let fd = fds.find(|fd| fs::read_link(fd).is_ok_and(|to| to == wanted))?;
    Some((fd, wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inet(address: [u8; 4]) -> Vec<u8> {
        let mut bytes = vec![2, 0, 0x1f, 0x90];
        bytes.extend(address);
        bytes
    }

    #[test]
    fn what_is_on_its_way_by_tcp() {
        let line = |peer: &str, timer: &str| {
            format!(
                "   1: 0100007F:1F90 {peer}:D2A6 01 00000004:00000000 {timer}:00000015 00000000     0        0 4711 2 00000000 20 4 30 10 -1"
            )
        };
        assert_eq!(retransmits(&line("0100007F", "01")), Some("4711"));
        assert_eq!(retransmits(&line("0100007F", "00")), None, "acknowledged");
        assert_eq!(retransmits(&line("0100007F", "04")), None, "not read");
        assert_eq!(retransmits(&line("0100000A", "01")), None, "elsewhere");
        assert_eq!(retransmits(""), None);
    }

    #[test]
    fn addresses_of_this_machine_are_told_from_others() {
        assert_eq!(peer_of(&inet([127, 0, 0, 1])), Peer::Port(8080));
        assert!(matches!(peer_of(&inet([10, 0, 0, 1])), Peer::Elsewhere(_)));
        let mut six = vec![10, 0, 0x1f, 0x90, 0, 0, 0, 0];
        six.extend([0; 15]);
        six.push(1);
        assert_eq!(peer_of(&six), Peer::Port(8080));
        six[8] = 0x20;
        assert!(matches!(peer_of(&six), Peer::Elsewhere(_)));
        assert_eq!(peer_of(b"\x01\0/run/x\0"), Peer::Unix("/run/x".into()));
        assert_eq!(peer_of(b"\x01\0\0x"), Peer::Unix("@x".into()));
        assert!(matches!(peer_of(&[40, 0, 1, 2]), Peer::Elsewhere(_)));
        assert_eq!(peer_of(&[]), Peer::Inner);
    }
}
