//! Sockets by their inode, from proc(5).

use super::files;
use super::ports::address;

/// The state of a TCP socket that listens.
const LISTEN: &str = "0A";

/// The sockets in the network namespace of a process, as they were when one was first asked for.
pub(super) struct Sockets {
    /// Those of the internet, by protocol.
    internet: [String; 4],
    unix: String,
}

impl Sockets {
    pub(super) fn seen_by(pid: u32) -> Self {
        let table =
            |name: &str| files::text(&format!("/proc/{pid}/net/{name}")).unwrap_or_default();
        Self {
            internet: ["tcp", "tcp6", "udp", "udp6"].map(table),
            unix: table("unix"),
        }
    }

    /// What is known of a socket, to be put behind the word: ` 127.0.0.1:80, listening`, ` at /run/x.sock`.
    pub(super) fn describe(&self, inode: &str) -> Option<String> {
        let mut tables = self.internet.iter();
        tables
            .find_map(|table| internet(table, inode))
            .or_else(|| unix(&self.unix, inode))
    }
}

fn internet(table: &str, inode: &str) -> Option<String> {
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        if *fields.get(9)? != inode {
            return None;
        }
        let (local, remote) = (address(fields[1])?, address(fields[2])?);
        Some(match (fields[3], remote.port()) {
            (LISTEN, _) => format!(" {local}, listening"),
            (_, 0) => format!(" {local}"),
            _ => format!(" {local}, connected with {remote}"),
        })
    })
}

fn unix(table: &str, inode: &str) -> Option<String> {
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        (*fields.get(6)? == inode)
            .then(|| fields.get(7).map(|path| format!(" at {path}")))
            .map(Option::unwrap_or_default)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_the_kernel_writes_it() {
        if cfg!(target_endian = "little") {
            let of = |text| address(text).map(|a| a.to_string());
            assert_eq!(of("0100007F:1F90").as_deref(), Some("127.0.0.1:8080"));
            assert_eq!(
                of("00000000000000000000000001000000:0050").as_deref(),
                Some("[::1]:80")
            );
            assert_eq!(of("x:0"), None);
        }
    }

    #[test]
    fn a_socket_is_found_by_its_inode() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
               0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0\n\
               1: 0100007F:1F90 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0\n";
        let of = |inode| internet(table, inode);
        assert_eq!(of("4711").as_deref(), Some(" 127.0.0.1:8080, listening"));
        assert_eq!(
            of("4712").as_deref(),
            Some(" 127.0.0.1:8080, connected with 127.0.0.1:49153")
        );
        assert_eq!(of("471"), None);
        let table = "Num       RefCount Protocol Flags    Type St Inode Path\n\
             0: 00000002 00000000 00010000 0001 01 99 /run/x.sock\n1: 00000003 00000000 00000000 0001 03 98\n";
        assert_eq!(unix(table, "99").as_deref(), Some(" at /run/x.sock"));
        assert_eq!(unix(table, "98").as_deref(), Some(""));
    }
}
