//! Port forwarding of a lab host, from and to its own address.

use russh::server::{ChannelOpenHandle, Handle, Msg};
use russh::{Channel, ChannelOpenFailure};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpSocket, TcpStream, lookup_host};

/// Whether a name means the machine itself. In a lab that is the host's own address, since
/// 127.0.0.1 is shared by all of them.
fn is_itself(host: &str) -> bool {
    matches!(host, "" | "*" | "localhost" | "127.0.0.1" | "::1" | "0.0.0.0" | "::")
}

/// Connects to `to:port` for the client and carries bytes until either side is done.
pub(super) async fn local(own: Ipv4Addr, channel: Channel<Msg>, to: String, port: u32, reply: ChannelOpenHandle) {
    match connect(own, &to, port).await {
        Some(mut stream) => {
            reply.accept().await;
            let _ = copy_bidirectional(&mut channel.into_stream(), &mut stream).await;
        }
        None => reply.reject(ChannelOpenFailure::ConnectFailed).await,
    }
}

async fn connect(own: Ipv4Addr, to: &str, port: u32) -> Option<TcpStream> {
    let port = u16::try_from(port).ok()?;
    let mut addresses = vec![];
    if is_itself(to) {
        addresses.push(SocketAddr::new(own.into(), port));
    }
    addresses.extend(lookup_host((to, port)).await.into_iter().flatten());
    for address in addresses.into_iter().filter(|a| a.is_ipv4()) {
        let Ok(socket) = TcpSocket::new_v4() else { continue };
        if socket.bind(SocketAddr::from((own, 0))).is_ok()
            && let Ok(stream) = socket.connect(address).await
        {
            let _ = stream.set_nodelay(true);
            return Some(stream);
        }
    }
    None
}

/// Listens for the client on the host; gives the port that was bound.
pub(super) async fn listen(own: Ipv4Addr, address: &str, port: u32) -> Option<(TcpListener, u32)> {
    let ip = if is_itself(address) { IpAddr::V4(own) } else { address.parse().ok()? };
    let listener = TcpListener::bind((ip, u16::try_from(port).ok()?)).await.ok()?;
    let bound = listener.local_addr().ok()?.port();
    Some((listener, u32::from(bound)))
}

/// Carries every connection to the listener over to the client.
pub(super) async fn remote(listener: TcpListener, handle: Handle, address: String, port: u32) {
    while let Ok((mut stream, from)) = listener.accept().await {
        let (handle, address) = (handle.clone(), address.clone());
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            let origin = (from.ip().to_string(), u32::from(from.port()));
            if let Ok(channel) = handle.channel_open_forwarded_tcpip(address, port, origin.0, origin.1).await {
                let _ = copy_bidirectional(&mut channel.into_stream(), &mut stream).await;
            }
        });
    }
}
