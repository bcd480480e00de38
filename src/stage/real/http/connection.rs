//! One connection of a request. Nothing here waits: the run's own loop does, so what is heard is stamped as lines are.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockType, SockaddrIn, SockaddrIn6, connect, getsockopt,
    recv, send, socket, sockopt,
};

use super::answer::{Incoming, NotHttp};
use crate::record::{Answer, Exchange};
use crate::stage::Request;

pub(super) struct Connection {
    pub(super) name: String,
    /// By how much it was opened later than planned, until that is told.
    pub(super) late: Duration,
    socket: OwnedFd,
    /// To where, and what is asked for.
    to: String,
    what: String,
    out: Vec<u8>,
    written: usize,
    /// Why the rest could not be written: the kernel tells that once.
    reset: Option<Errno>,
    state: State,
    keep: bool,
    incoming: Incoming,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Connecting,
    /// The request is under way.
    Asking,
    /// Answered, or nothing was asked: the connection is held open.
    Idle,
    Over,
}

fn refused(error: &io::Error) -> Exchange {
    Exchange::Refused {
        why: error.to_string(),
    }
}

impl Connection {
    /// Begins to connect. `Err` with what came of it if that is known at once.
    pub(super) fn open(request: &Request, to: SocketAddr) -> Result<Self, Exchange> {
        let socket = begin(to).map_err(|error| refused(&error))?;
        let what = match &request.head {
            Some(head) => format!("{} {}", head.method, head.path),
            None => "a connection without a request".into(),
        };
        let head_only = request
            .head
            .as_ref()
            .is_some_and(|head| head.method == "HEAD");
        Ok(Self {
            name: request.name.clone(),
            late: Duration::ZERO,
            socket,
            out: request.bytes(&to.to_string()),
            to: to.to_string(),
            what,
            written: 0,
            reset: None,
            state: State::Connecting,
            keep: request.keep_alive,
            incoming: Incoming::new(head_only),
        })
    }

    pub(super) fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// Whether its request is neither answered nor given up.
    pub(super) fn is_under_way(&self) -> bool {
        matches!(self.state, State::Connecting | State::Asking)
    }

    /// The socket, if it is waited until it can be read.
    pub(super) fn reads(&self) -> Option<BorrowedFd<'_>> {
        matches!(self.state, State::Asking | State::Idle).then(|| self.socket.as_fd())
    }

    /// The socket, if it is waited until it can be written.
    pub(super) fn writes(&self) -> Option<BorrowedFd<'_>> {
        let writes = self.state == State::Connecting || self.written < self.out.len();
        (writes && self.state != State::Over).then(|| self.socket.as_fd())
    }

    /// Goes on as far as it can without waiting, up to the next thing to tell.
    pub(super) fn proceed(&mut self) -> Option<Exchange> {
        if self.state == State::Connecting {
            return self.connected();
        }
        self.write();
        match self.state {
            State::Asking | State::Idle => self.read(),
            State::Connecting | State::Over => None,
        }
    }

    /// Whether the connection was made.
    fn connected(&mut self) -> Option<Exchange> {
        match getsockopt(&self.socket, sockopt::SocketError) {
            Ok(0) if !is_connected(&self.socket) => return None,
            Ok(0) => {}
            Ok(errno) => return Some(self.refuse(Errno::from_raw(errno))),
            Err(errno) => return Some(self.refuse(errno)),
        }
        self.state = match self.out.is_empty() {
            true => State::Idle,
            false => State::Asking,
        };
        Some(Exchange::Sent {
            to: self.to.clone(),
            what: self.what.clone(),
        })
    }

    fn refuse(&mut self, errno: Errno) -> Exchange {
        self.state = State::Over;
        refused(&errno.into())
    }

    /// Writes what there is room for. An answer may come before all is written, and is read also where the rest cannot be.
    fn write(&mut self) {
        while self.written < self.out.len() {
            let rest = &self.out[self.written..];
            match send(self.socket.as_raw_fd(), rest, MsgFlags::MSG_NOSIGNAL) {
                Ok(n) => self.written += n,
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return,
                Err(errno) => {
                    self.written = self.out.len();
                    self.reset = Some(errno);
                }
            }
        }
    }

    fn read(&mut self) -> Option<Exchange> {
        let mut buffer = [0; 16 * 1024];
        loop {
            match recv(self.socket.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
                Ok(0) => return self.ended(),
                Ok(_) if self.state == State::Idle => {}
                Ok(n) => match self.incoming.push(&buffer[..n]) {
                    Ok(None) => {}
                    Ok(Some(answer)) => return Some(self.answered(answer)),
                    Err(NotHttp(why)) => return Some(self.cut_off(&why)),
                },
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return None,
                Err(errno) => return Some(self.lost(errno)),
            }
        }
    }

    fn answered(&mut self, answer: Answer) -> Exchange {
        self.state = match self.keep {
            true => State::Idle,
            false => State::Over,
        };
        Exchange::Answered(answer)
    }

    /// The subject has closed the connection.
    fn ended(&mut self) -> Option<Exchange> {
        if let Some(errno) = self.reset {
            return Some(self.lost(errno));
        }
        if self.state == State::Idle {
            self.state = State::Over;
            return Some(Exchange::Closed);
        }
        Some(match self.incoming.end() {
            Some(answer) => {
                self.state = State::Over;
                Exchange::Answered(answer)
            }
            None => self.cut_off("the connection was closed"),
        })
    }

    /// The connection was reset: an answer that goes up to its end has not come to it.
    fn lost(&mut self, errno: Errno) -> Exchange {
        if self.state == State::Idle {
            self.state = State::Over;
            return Exchange::Closed;
        }
        self.cut_off(errno.desc())
    }

    /// Gives up a request that is under way.
    pub(super) fn cut_off(&mut self, why: &str) -> Exchange {
        let connecting = self.state == State::Connecting;
        self.state = State::Over;
        match connecting {
            true => Exchange::Refused { why: why.into() },
            false => Exchange::CutOff {
                received: self.incoming.received,
                why: why.into(),
            },
        }
    }
}

fn is_connected(socket: &OwnedFd) -> bool {
    nix::sys::socket::getpeername::<nix::sys::socket::SockaddrStorage>(socket.as_raw_fd()).is_ok()
}

/// A socket that does not block, on its way to be connected.
fn begin(to: SocketAddr) -> io::Result<OwnedFd> {
    let family = match to {
        SocketAddr::V4(_) => AddressFamily::Inet,
        SocketAddr::V6(_) => AddressFamily::Inet6,
    };
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let socket = socket(family, SockType::Stream, flags, None)?;
    let begun = match to {
        SocketAddr::V4(to) => connect(socket.as_raw_fd(), &SockaddrIn::from(to)),
        SocketAddr::V6(to) => connect(socket.as_raw_fd(), &SockaddrIn6::from(to)),
    };
    match begun {
        Ok(()) | Err(Errno::EINPROGRESS | Errno::EINTR) => Ok(socket),
        Err(errno) => Err(errno.into()),
    }
}
