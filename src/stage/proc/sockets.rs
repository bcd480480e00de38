//! Sockets by their inode, from proc(5).

use std::net::{IpAddr, SocketAddr};

use super::files;

/// The state of a TCP socket that listens.
const LISTEN: &str = "0A";

/// What is known of a socket, to be put behind the word: ` 127.0.0.1:80, listening`, ` at /run/x.sock`.
pub(super) fn describe(pid: u32, inode: &str) -> Option<String> {
    let table = |name: &str| files::text(&format!("/proc/{pid}/net/{name}")).unwrap_or_default();
    ["tcp", "tcp6", "udp", "udp6"]
        .into_iter()
        .find_map(|name| internet(&table(name), inode))
        .or_else(|| unix(&table("unix"), inode))
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

/// An address as the kernel writes it: words in the order of the machine's bytes, and a port.
fn address(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let words: Option<Vec<u8>> = (0..address.len() / 8)
        .map(|i| u32::from_str_radix(&address[8 * i..8 * i + 8], 16).ok())
        .map(|word| word.map(u32::to_ne_bytes))
        .collect::<Option<Vec<_>>>()
        .map(|words| words.concat());
    let bytes = words?;
    let address = match bytes.len() {
        4 => IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?),
        16 => IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?),
        _ => return None,
    };
    Some(SocketAddr::new(
        address,
        u16::from_str_radix(port, 16).ok()?,
    ))
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
