//! Whether a TCP port answers, seen from here or from a host.

use super::link::Fleet;
use super::script;
use crate::contract::{Failure, Outcome, PortState, failed};
use crate::name::HostName;
use std::io::ErrorKind;
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};

impl Fleet {
    pub async fn port(&self, via: Option<&HostName>, address: &str, port: u16, timeout_ms: u64) -> Outcome<PortState> {
        match via {
            None => Ok(from_here(address, port, Duration::from_millis(timeout_ms)).await),
            Some(via) => self.port_from(via, address, port, timeout_ms).await,
        }
    }

    async fn port_from(&self, via: &HostName, address: &str, port: u16, timeout_ms: u64) -> Outcome<PortState> {
        if address.is_empty()
            || address.starts_with('-')
            || !address.chars().all(|c| c.is_ascii_alphanumeric() || "._-:%".contains(c))
        {
            return failed(format!("{address:?} is not an address"));
        }
        let seconds = timeout_ms.div_ceil(1000).max(1).to_string();
        let said = self.say(self.link(via)?, script::PORT, &[address, &port.to_string(), &seconds]).await?;
        match said.as_str() {
            "open" => Ok(PortState::Open),
            "refused" => Ok(PortState::Refused),
            "timeout" => Ok(PortState::TimedOut),
            "unreachable" => Ok(PortState::Unreachable),
            "nohost" => Ok(PortState::NoSuchHost),
            "missing" => {
                let failure = Failure::new(format!("{via} has nothing to try a port with"));
                Err(failure.hint("one of these is needed there: python3, perl, bash with timeout, or nc").into())
            }
            other => failed(format!("{via}: {address}:{port} cannot be tried: {other}")),
        }
    }
}

async fn from_here(address: &str, port: u16, patience: Duration) -> PortState {
    let connect = async {
        let Ok(addresses) = lookup_host((address, port)).await else { return PortState::NoSuchHost };
        let mut state = PortState::NoSuchHost;
        for address in addresses {
            state = match TcpStream::connect(address).await {
                Ok(_) => return PortState::Open,
                Err(e) if e.kind() == ErrorKind::ConnectionRefused => PortState::Refused,
                Err(e) if e.kind() == ErrorKind::TimedOut => PortState::TimedOut,
                Err(_) => PortState::Unreachable,
            };
        }
        state
    };
    tokio::time::timeout(patience, connect).await.unwrap_or(PortState::TimedOut)
}
