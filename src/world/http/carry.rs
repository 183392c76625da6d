//! A socket on this machine whose bytes a program of a host carries on: where its sshd forwards no
//! connections. TLS ends here as well, so that program sees nothing of it.

use super::super::call::{Call, Feed, Sink, Trouble};
use super::super::link::{Fleet, nonce};
use super::super::script;
use crate::contract::{Outcome, failed};
use crate::name::HostName;
use std::path::{Path, PathBuf};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;
use tokio::sync::mpsc;

/// A socket, and where it is to lead.
pub struct Carrier {
    socket: PathBuf,
    listener: UnixListener,
    via: HostName,
    to: (String, u16),
}

impl Carrier {
    pub fn socket(&self) -> &Path {
        &self.socket
    }
}
impl Drop for Carrier {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.socket);
    }
}

impl Fleet {
    pub fn carrier(&self, via: &HostName, to: &(String, u16)) -> Outcome<Carrier> {
        let socket = self.control.path().join(&nonce()[..8]);
        match UnixListener::bind(&socket) {
            Ok(listener) => Ok(Carrier { socket, listener, via: via.clone(), to: to.clone() }),
            Err(e) => failed(format!("{} cannot be made: {e}", socket.display())),
        }
    }

    /// Carries one connection for as long as it is polled; says why it could not.
    pub async fn carry_bytes(&self, carrier: &Carrier, seconds: u64) -> String {
        let accepted = carrier.listener.accept().await;
        let (Ok((stream, _)), Ok(link)) = (accepted, self.link(&carrier.via)) else {
            return "its connection was not made".into();
        };
        let (mut read, mut write) = stream.into_split();
        let (up, mut goes_up) = mpsc::channel::<Vec<u8>>(64);
        let (down, mut goes_down) = mpsc::channel::<Vec<u8>>(64);
        let sending = async move {
            let mut buffer = vec![0; 32 << 10];
            while let Ok(n @ 1..) = read.read(&mut buffer).await {
                if up.send(buffer[..n].to_vec()).await.is_err() {
                    break;
                }
            }
        };
        let taking = async move {
            while let Some(part) = goes_down.recv().await {
                if write.write_all(&part).await.is_err() {
                    break;
                }
            }
            let _ = write.shutdown().await;
        };
        let carrying = async {
            let args = [carrier.to.0.clone(), carrier.to.1.to_string(), seconds.to_string()];
            let mut call = Call::new(script::TCP, args).feed(Feed::Pipe(vec![], &mut goes_up)).out(Sink::Pipe(down));
            self.call(link, &mut call, None).await
        };
        let ((), (), carried) = tokio::join!(sending, taking, carrying);
        match carried {
            Ok(reply) if reply.said == "missing" => {
                format!("{} has nothing that could carry bytes: python3, nc or bash is needed there", carrier.via)
            }
            Ok(_) => format!("what carried it on {} ended", carrier.via),
            Err(Trouble::Lost(why)) => why,
            Err(Trouble::TimedOut) => "it took too long".into(),
            Err(Trouble::Halt(halt)) => super::super::folder::reason(&halt),
        }
    }
}
