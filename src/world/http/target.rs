//! Where a request goes: the address that is connected to, and by whom.

use super::super::link::Fleet;
use super::super::settings::Reach;
use super::carry::Carrier;
use super::forward::Forward;
use super::trouble::{Trouble, never_sent};
use crate::contract::{Failure, Halt, Outcome, PortState, Request};
use crate::name::HostName;
use reqwest::Url;
use std::net::{IpAddr, SocketAddr};
use tokio::net::lookup_host;

/// What a client is told of the way.
pub enum Way {
    /// These addresses, from here.
    Direct(Vec<SocketAddr>),
    /// Through a socket that a host's connection carries on.
    Through(Forward),
    /// Through a socket that a program of a host carries on.
    Carried(Carrier),
}

/// What is made of a connection that just ended.
pub enum Cut {
    Final(Trouble),
    /// It can be tried once more, carried by a program of the host.
    NotForwarded(Carrier),
}

/// Whether a request may be sent twice.
fn is_look(request: &Request) -> bool {
    matches!(request.method.as_str(), "GET" | "HEAD")
}

/// The address that stands for a server, where the request says so.
pub fn stands_for(request: &Request, host: &str, port: u16) -> Option<String> {
    let found = request.resolve.get(&format!("{host}:{port}")).or_else(|| request.resolve.get(host));
    found.cloned()
}

impl Fleet {
    /// The way to the server of a URL. A server that cannot be found or reached is a failure.
    pub async fn way(&self, request: &Request, url: &Url) -> Outcome<Way> {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().unwrap_or(443);
        let at = stands_for(request, &host, port).unwrap_or_else(|| host.clone());
        let at = at.trim_matches(['[', ']']);
        if let Some(via) = self.via(request)? {
            // What may change something is not sent on the chance that somebody listens.
            if !is_look(request) {
                self.is_reached_from(request, via, at, port).await?;
            }
            return Ok(Way::Through(self.forward(via, at, port).await?));
        }
        if let Ok(ip) = at.parse::<IpAddr>() {
            return Ok(Way::Direct(vec![(ip, port).into()]));
        }
        match lookup_host((at, port)).await.map(Iterator::collect::<Vec<_>>) {
            Ok(found) if !found.is_empty() => Ok(Way::Direct(found)),
            Ok(_) | Err(_) => Err(no_such_name(request, at).into()),
        }
    }

    /// What is made of a connection through a host that just ended. sshd does not say why it could not
    /// connect; a try of the port does. Where the port takes connections, sshd forwards none.
    pub async fn cut_through(&self, request: &Request, to: &(String, u16), trouble: Trouble) -> Outcome<Cut> {
        let Some(via) = self.via(request)? else { return Ok(Cut::Final(trouble)) };
        Ok(match self.refusal_from(via, &to.0, to.1, request.timeout_ms).await? {
            Some(why) => Cut::Final(Trouble { why, hint: None, ..trouble }),
            None if trouble.is_before || is_look(request) => Cut::NotForwarded(self.carrier(via, to)?),
            None => {
                let hint = format!("does the sshd of {via} let connections be forwarded (AllowTcpForwarding)?");
                Cut::Final(Trouble { hint: Some(hint), ..trouble })
            }
        })
    }

    /// The host that is to connect; the operator's own machine needs no way of its own.
    fn via<'a>(&self, request: &'a Request) -> Outcome<Option<&'a HostName>> {
        let Some(via) = &request.via else { return Ok(None) };
        Ok(match self.link(via)?.config.reach {
            Reach::Local => None,
            Reach::Ssh { .. } | Reach::Alias(_) => Some(via),
        })
    }

    async fn is_reached_from(&self, request: &Request, via: &HostName, at: &str, port: u16) -> Outcome<()> {
        match self.refusal_from(via, at, port, request.timeout_ms).await? {
            Some(why) => Err(never_sent(request, &why).into()),
            None => Ok(()),
        }
    }

    /// Why a port does not take connections from a host. With nothing there to try it with, the request
    /// itself has to tell.
    async fn refusal_from(&self, via: &HostName, at: &str, port: u16, timeout_ms: u64) -> Outcome<Option<String>> {
        let why = match self.port(Some(via), at, port, timeout_ms.min(10_000)).await {
            Ok(PortState::Refused) => format!("{at}:{port} refuses the connection: nothing listens there"),
            Ok(PortState::TimedOut) => format!("{at}:{port} does not answer"),
            Ok(PortState::Unreachable) => format!("{at}:{port} cannot be reached: there is no way there"),
            Ok(PortState::NoSuchHost) => format!("{at} does not resolve"),
            Ok(PortState::Open) | Err(Halt::Failed(_)) => return Ok(None),
            Err(stop) => return Err(stop),
        };
        Ok(Some(format!("{why}, seen from {via}")))
    }
}

fn no_such_name(request: &Request, name: &str) -> Failure {
    never_sent(request, &format!("{name} does not resolve, seen from the operator's machine"))
        .hint(format!("#{{ resolve: #{{ \"{name}\": \"192.0.2.10\" }} }} asks a server whatever the DNS says"))
}
