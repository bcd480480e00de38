//! Where the subject is reached.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::run::Run;
#[cfg(feature = "http")]
use crate::stage::proc;
use crate::stage::reachable;

impl Run<'_, '_> {
    /// Where a request goes to: a port that it names, the one that was handed in, or the first at which the tree listens. Or why it
    /// can go nowhere.
    #[cfg(feature = "http")]
    pub(super) fn address(&self, port: Option<u16>) -> Result<SocketAddr, String> {
        let wanted = port.or(self.plan.port);
        match (self.listener(wanted).map(reachable), wanted) {
            (Some(at), _) => Ok(at),
            (None, None) => Err("nothing of the subject listens at a TCP port".into()),
            // What another program answers says nothing of the subject.
            (None, Some(port)) if proc::is_taken(port, self.pid, self.reaper.pid()) => Err(
                format!("another program listens at port {port}, and nothing of the subject does"),
            ),
            (None, Some(port)) => Ok(on_loopback(port)),
        }
    }

    /// The same for a client, which may go anywhere. A socket of IPv6 that stands for all of the machine mostly takes IPv4 too,
    /// and there are clients that know nothing else.
    pub(super) fn address_of_subject(&self) -> Option<SocketAddr> {
        let all = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        let fitting = self.listener(self.plan.port).map(|at| match at.ip() {
            ip if ip == all => on_loopback(at.port()),
            _ => reachable(at),
        });
        let elsewhere = || self.looks.addresses().next();
        let given = self.plan.port.map(on_loopback);
        fitting.or(given).or_else(elsewhere)
    }

    /// The first place on the loopback at which the tree listens, with this port if one is wanted.
    fn listener(&self, wanted: Option<u16>) -> Option<SocketAddr> {
        let mut known = self.looks.addresses();
        known.find(|at| {
            reachable(*at).ip().is_loopback() && wanted.is_none_or(|port| at.port() == port)
        })
    }
}

fn on_loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}
