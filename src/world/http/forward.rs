//! A socket on this machine that leads, through the connection to a host, to where that host
//! connects. So TLS ends here: neither what is sent nor its certificate is in the hands of the host.

use super::super::link::{Fleet, nonce};
use crate::contract::{Failure, Outcome};
use crate::name::HostName;
use openssh::{ForwardType, Session, Socket};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// It leads there as long as it lives.
pub struct Forward {
    socket: PathBuf,
    to: (String, u16),
    session: Arc<Session>,
}

impl Forward {
    pub fn socket(&self) -> &Path {
        &self.socket
    }
    /// Where the host connects.
    pub fn to(&self) -> &(String, u16) {
        &self.to
    }
    /// Ends it. What still goes through it goes on.
    pub async fn close(self) {
        let to = Socket::TcpSocket { host: self.to.0.as_str().into(), port: self.to.1 };
        let from = Socket::UnixSocket { path: self.socket.as_path().into() };
        let _ = self.session.close_port_forward(ForwardType::Local, from, to).await;
    }
}
impl Drop for Forward {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.socket);
    }
}

impl Fleet {
    pub async fn forward(&self, via: &HostName, address: &str, port: u16) -> Outcome<Forward> {
        let link = self.link(via)?;
        let session = self.connection(link).await?;
        let socket = self.control.path().join(&nonce()[..8]);
        let from = Socket::UnixSocket { path: socket.as_path().into() };
        let to = Socket::TcpSocket { host: address.into(), port };
        match session.request_port_forward(ForwardType::Local, from, to).await {
            Ok(()) => Ok(Forward { socket, to: (address.into(), port), session }),
            Err(e) => Err(Failure::new(format!("{via} carries no connection to {address}:{port}: {e}")).into()),
        }
    }
}
