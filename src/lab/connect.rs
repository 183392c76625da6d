//! The `ProxyCommand` of a lab: enters it and carries standard input and output to a host's port 22.

use super::control::Opened;
use super::enter;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;

/// Connects to the host `name` of the lab in `folder` until either side is done.
pub(super) fn run(folder: &Path, name: &str) -> io::Result<()> {
    let opened = Opened::read(folder)
        .map_err(|e| io::Error::new(e.kind(), format!("no lab is open in {}: {e}", folder.display())))?;
    if !opened.settings.hosts.contains_key(name) {
        return Err(io::Error::other(format!("no lab host is called {name}")));
    }
    enter::into(folder)?;
    let stream = TcpStream::connect((opened.settings.address(name), 22))?;
    stream.set_nodelay(true)?;
    let up = stream.try_clone()?;
    std::thread::spawn(move || {
        let _ = carry(&mut io::stdin().lock(), &mut &up);
        let _ = up.shutdown(Shutdown::Write);
    });
    let result = carry(&mut &stream, &mut io::stdout().lock());
    // The other thread may wait for input for ever; the connection is over all the same.
    if let Err(e) = result
        && !matches!(e.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
    {
        return Err(e);
    }
    std::process::exit(0)
}

fn carry(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => {
                to.write_all(&buffer[..n])?;
                to.flush()?;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}
