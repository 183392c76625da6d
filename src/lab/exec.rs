//! One command of an SSH session: started, fed, listened to, and its end told.
//!
//! As with sshd and no terminal: the exit status is sent when the command ends, the channel closes
//! when nobody holds its output open any more, and a client that goes away ends nothing.

use super::authorized_keys::home;
use super::holder::PATH;
use super::process::Ended;
use super::server::{Host, Slot};
use russh::server::{Handle, Msg};
use russh::{Channel, ChannelMsg, ChannelReadHalf, Sig};
use rustix::process::{Pid, Signal, kill_process_group};
use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::unix::pipe;
use tokio::sync::{mpsc, oneshot, watch};

/// Who runs a command, and from where.
pub(super) struct Login {
    pub(super) user: String,
    pub(super) peer: SocketAddr,
    pub(super) local: SocketAddr,
    /// The command of the key, which runs instead of the one that was asked for.
    pub(super) forced: Option<String>,
    pub(super) environment: Vec<(String, String)>,
}

impl Login {
    /// The command in a session of its own, with what a login gives it.
    fn command(&self, asked: Option<&[u8]>) -> Command {
        let text = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        let home = home(&self.user);
        let mut command = Command::new("/usr/bin/setsid");
        command.arg("/bin/sh");
        match (&self.forced, asked) {
            (Some(forced), _) => command.arg("-c").arg(forced),
            (None, Some(asked)) => command.arg("-c").arg(text(asked)),
            (None, None) => &mut command,
        };
        command.env_clear();
        command.envs(self.environment.iter().map(|(k, v)| (k, v)));
        command.env("HOME", &home).env("USER", &self.user).env("LOGNAME", &self.user);
        command.env("SHELL", "/bin/sh").env("PATH", PATH);
        let (peer, local) = (self.peer, self.local);
        command.env("SSH_CLIENT", format!("{} {} {}", peer.ip(), peer.port(), local.port()));
        command.env("SSH_CONNECTION", format!("{} {} {} {}", peer.ip(), peer.port(), local.ip(), local.port()));
        if let (Some(_), Some(asked)) = (&self.forced, asked) {
            command.env("SSH_ORIGINAL_COMMAND", text(asked));
        }
        command.current_dir(if home.is_dir() { &home } else { Path::new("/") });
        command
    }
}

/// Our ends of a command's three pipes.
struct Pipes {
    stdin: pipe::Sender,
    stdout: pipe::Receiver,
    stderr: pipe::Receiver,
}

fn start(host: &Host, mut command: Command) -> io::Result<(i32, Pipes, oneshot::Receiver<Ended>)> {
    let (stdin, to) = io::pipe()?;
    let (from, stdout) = io::pipe()?;
    let (from_err, stderr) = io::pipe()?;
    command.stdin(Stdio::from(OwnedFd::from(stdin)));
    command.stdout(Stdio::from(OwnedFd::from(stdout)));
    command.stderr(Stdio::from(OwnedFd::from(stderr)));
    let pipes = Pipes {
        stdin: pipe::Sender::from_owned_fd(to.into())?,
        stdout: pipe::Receiver::from_owned_fd(from.into())?,
        stderr: pipe::Receiver::from_owned_fd(from_err.into())?,
    };
    let (told, ended) = oneshot::channel();
    let pid = host.children.spawn(&mut command, move |how| {
        let _ = told.send(how);
    })?;
    // `command` goes here and takes the other ends of the pipes with it.
    Ok((pid, pipes, ended))
}

/// Runs one command on a channel, to the end of both.
pub(super) async fn run(
    host: Arc<Host>,
    login: Login,
    asked: Option<Vec<u8>>,
    channel: Channel<Msg>,
    handle: Handle,
    _slot: Slot,
) {
    let id = channel.id();
    let (reader, writer) = channel.split();
    let (pid, pipes, ended) = match start(&host, login.command(asked.as_deref())) {
        Ok(started) => started,
        Err(e) => {
            let line = format!("{}: cannot start a command: {e}\n", host.name);
            let _ = writer.extended_data_bytes(1, line.into_bytes()).await;
            let _ = handle.exit_status_request(id, 255).await;
            let _ = handle.eof(id).await;
            let _ = handle.close(id).await;
            return;
        }
    };
    let (gone, is_gone) = watch::channel(false);
    tokio::spawn(listen(reader, pid, pipes.stdin, gone));
    let out = tokio::spawn(carry(pipes.stdout, writer.make_writer(), is_gone.clone()));
    let err = tokio::spawn(carry(pipes.stderr, writer.make_writer_ext(Some(1)), is_gone));
    let _ = match ended.await {
        Ok(Ended::Code(code)) => handle.exit_status_request(id, code.cast_unsigned()).await,
        Ok(Ended::Signal(number)) => {
            let name = signal_name(number);
            handle.exit_signal_request(id, name, false, String::new(), String::new()).await
        }
        Err(_) => Ok(()),
    };
    let _ = out.await;
    let _ = err.await;
    let _ = handle.eof(id).await;
    let _ = handle.close(id).await;
}

/// Carries output to the client until it ends or the client is gone; then the pipe closes, and
/// whoever still writes to it gets SIGPIPE.
async fn carry(mut from: pipe::Receiver, mut to: impl AsyncWrite + Unpin, mut gone: watch::Receiver<bool>) {
    let copy = async {
        let mut buffer = vec![0; 32 * 1024];
        while let Ok(n @ 1..) = from.read(&mut buffer).await {
            if to.write_all(&buffer[..n]).await.is_err() {
                return;
            }
        }
        let _ = to.flush().await;
    };
    tokio::select! {
        () = copy => {}
        _ = gone.wait_for(|gone| *gone) => {}
    }
}

/// Takes what the client sends: input, signals, the end of input, the end of the channel.
///
/// Input is queued without a bound: waiting here for a command that does not read would hold up
/// the signals of this channel and, a little later, every other channel of the connection.
async fn listen(mut reader: ChannelReadHalf, pid: i32, stdin: pipe::Sender, gone: watch::Sender<bool>) {
    let (queue, queued) = mpsc::unbounded_channel();
    let feeder = tokio::spawn(feed(queued, stdin));
    let mut queue = Some(queue);
    while let Some(message) = reader.wait().await {
        match message {
            ChannelMsg::Data { data } => {
                if let Some(queue) = &queue {
                    let _ = queue.send(data.to_vec());
                }
            }
            ChannelMsg::Eof => queue = None,
            ChannelMsg::Signal { signal } => {
                if let (Some(signal), Some(pid)) = (signal_of(&signal), Pid::from_raw(pid)) {
                    let _ = kill_process_group(pid, signal);
                }
            }
            ChannelMsg::Close => break,
            _ => {}
        }
    }
    feeder.abort();
    let _ = gone.send(true);
}

async fn feed(mut queued: mpsc::UnboundedReceiver<Vec<u8>>, mut stdin: pipe::Sender) {
    while let Some(data) = queued.recv().await {
        if stdin.write_all(&data).await.is_err() {
            return;
        }
    }
}

fn signal_of(name: &Sig) -> Option<Signal> {
    Some(match name {
        Sig::ABRT => Signal::ABORT,
        Sig::ALRM => Signal::ALARM,
        Sig::FPE => Signal::FPE,
        Sig::HUP => Signal::HUP,
        Sig::ILL => Signal::ILL,
        Sig::INT => Signal::INT,
        Sig::KILL => Signal::KILL,
        Sig::PIPE => Signal::PIPE,
        Sig::QUIT => Signal::QUIT,
        Sig::SEGV => Signal::SEGV,
        Sig::TERM => Signal::TERM,
        Sig::USR1 => Signal::USR1,
        Sig::Custom(name) if name == "USR2" => Signal::USR2,
        Sig::Custom(_) => return None,
    })
}

fn signal_name(number: i32) -> Sig {
    match number {
        1 => Sig::HUP,
        2 => Sig::INT,
        3 => Sig::QUIT,
        4 => Sig::ILL,
        6 => Sig::ABRT,
        8 => Sig::FPE,
        9 => Sig::KILL,
        10 => Sig::USR1,
        11 => Sig::SEGV,
        13 => Sig::PIPE,
        14 => Sig::ALRM,
        15 => Sig::TERM,
        other => Sig::Custom(format!("SIG{other}@mig")),
    }
}
