//! The servers that this machine asks by itself: `/etc/resolv.conf`.

use std::net::IpAddr;

const FILE: &str = "/etc/resolv.conf";

/// The system's servers, in order; this machine itself where none is named, as the C library has it.
pub fn servers() -> Vec<IpAddr> {
    let found = parse(&std::fs::read_to_string(FILE).unwrap_or_default());
    if found.is_empty() { vec![IpAddr::from([127, 0, 0, 1])] } else { found }
}

fn parse(text: &str) -> Vec<IpAddr> {
    let server = |line: &str| {
        let mut words = line.split_whitespace();
        let is_server = words.next() == Some("nameserver");
        is_server.then(|| words.next()?.parse().ok()).flatten()
    };
    text.lines().filter_map(server).take(3).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read_in_order() {
        let text = "# nameserver 192.0.2.9\nsearch a.example\nnameserver 192.0.2.1\nnameserver\t::1\nnameserver x\n";
        assert_eq!(parse(text), ["192.0.2.1".parse::<IpAddr>().unwrap(), "::1".parse().unwrap()]);
    }
}
