//! The network of the lab: loopback up, every port for everybody.
//!
//! One netlink message, since `ip` and `ifconfig` are not on every machine.

use std::io;

/// Brings `lo` up in the network namespace of this process and frees the ports below 1024.
pub(super) fn open() -> io::Result<()> {
    use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketType, recv, send, socket};
    let kernel = socket(AddressFamily::NETLINK, SocketType::RAW, None)?;
    // nlmsghdr: length, RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, number, sender;
    // ifinfomsg: any family, any type, interface 1 (always lo), IFF_UP, and that only.
    let mut message = vec![];
    message.extend_from_slice(&32u32.to_ne_bytes());
    message.extend_from_slice(&16u16.to_ne_bytes());
    message.extend_from_slice(&5u16.to_ne_bytes());
    for word in [1u32, 0, 0, 1, 1, 1] {
        message.extend_from_slice(&word.to_ne_bytes());
    }
    send(&kernel, &message, SendFlags::empty())?;
    let mut answer = [0u8; 256];
    let (length, _) = recv(&kernel, &mut answer[..], RecvFlags::empty())?;
    // nlmsgerr: the header, then a negative error number, or 0.
    if let Some(errno) = answer[..length].get(16..20).and_then(|b| b.try_into().ok()).map(i32::from_ne_bytes)
        && errno != 0
    {
        return Err(io::Error::from_raw_os_error(-errno));
    }
    std::fs::write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0")
}
