//! The TCP sockets that listen, asked of the kernel by sock_diag(7): reading /proc/net/tcp takes milliseconds, since it goes
//! through the tables of all connections.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::libc;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket,
};

const HEADER: usize = 16;
/// What a `struct inet_diag_msg` has ahead of what is not read.
const MESSAGE: usize = 72;
const BUFFER: usize = 32 * 1024;
const BY_FAMILY: u16 = 20;
/// Only the state LISTEN.
const LISTEN: u32 = 1 << 10;

/// All TCP sockets of our network namespace that listen, each by its inode.
pub(super) fn tcp_listeners() -> io::Result<Vec<(u64, SocketAddr)>> {
    let mut all = Vec::new();
    let socket = socket(
        AddressFamily::Netlink,
        SockType::Datagram,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::NetlinkSockDiag,
    )?;
    for family in [libc::AF_INET, libc::AF_INET6] {
        send(socket.as_raw_fd(), &request(family), MsgFlags::empty())?;
        receive(&socket, &mut all)?;
    }
    Ok(all)
}

/// A `struct nlmsghdr` and a `struct inet_diag_req_v2` that asks for all.
fn request(family: i32) -> [u8; HEADER + 56] {
    let mut request = [0; HEADER + 56];
    let mut put = |at: usize, bytes: &[u8]| request[at..at + bytes.len()].copy_from_slice(bytes);
    let flags = libc::NLM_F_REQUEST | libc::NLM_F_DUMP;
    put(0, &72_u32.to_ne_bytes());
    put(4, &BY_FAMILY.to_ne_bytes());
    put(6, &u16::try_from(flags).unwrap_or_default().to_ne_bytes());
    put(HEADER, &[u8::try_from(family).unwrap_or_default(), 6]);
    put(HEADER + 4, &LISTEN.to_ne_bytes());
    request
}

/// All answers up to the last one.
fn receive(socket: &OwnedFd, all: &mut Vec<(u64, SocketAddr)>) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let n = recv(socket.as_raw_fd(), &mut buffer, MsgFlags::empty())?;
        let mut rest = &buffer[..n];
        while let Some(length) = word(rest, 0).map(|length| length as usize) {
            let (Some(message), kind) = (rest.get(..length), half(rest, 4)) else {
                break;
            };
            match kind.map(i32::from) {
                Some(libc::NLMSG_DONE) => return Ok(()),
                Some(libc::NLMSG_ERROR) => {
                    let errno = word(message, HEADER).map_or(0, u32::cast_signed);
                    return Err(io::Error::from_raw_os_error(-errno));
                }
                _ => all.extend(listener(message.get(HEADER..).unwrap_or_default())),
            }
            rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
            if length < HEADER {
                break;
            }
        }
        if n == 0 {
            return Ok(());
        }
    }
}

/// What a `struct inet_diag_msg` says.
fn listener(message: &[u8]) -> Option<(u64, SocketAddr)> {
    if message.len() < MESSAGE {
        return None;
    }
    let port = u16::from_be_bytes(message[4..6].try_into().ok()?);
    let address: [u8; 16] = message[8..24].try_into().ok()?;
    let ip: IpAddr = match i32::from(message[0]) {
        libc::AF_INET => Ipv4Addr::from(*address.first_chunk()?).into(),
        _ => Ipv6Addr::from(address).into(),
    };
    let inode = word(message, 68)?;
    Some((inode.into(), SocketAddr::new(ip, port)))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_ne_bytes(bytes.try_into().ok()?))
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at + 2)?;
    Some(u16::from_ne_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn the_kernel_tells_the_same_as_its_table() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let Ok(all) = tcp_listeners() else {
            eprintln!("no sock_diag here: not tested");
            return;
        };
        let (inode, _) = all.iter().find(|(_, known)| *known == address).unwrap();
        let fd = format!("/proc/self/fd/{}", listener.as_raw_fd());
        let target = std::fs::read_link(fd).unwrap();
        assert_eq!(target.to_str(), Some(format!("socket:[{inode}]").as_str()));
        drop(listener);
        let all = tcp_listeners().unwrap();
        assert!(all.iter().all(|(_, known)| *known != address));
    }
}
