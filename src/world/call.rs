//! One script on one channel: sends it, feeds its stdin, and takes its answer apart.

use super::frame::Frame;
use super::script::Script;
use crate::contract::{Failure, Halt};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc::{Receiver, Sender};

/// A script with its arguments, what it reads, and where its output goes.
pub struct Call<'a> {
    pub script: Script,
    pub args: Vec<String>,
    pub feed: Feed<'a>,
    pub out: Sink<'a>,
    pub err: Sink<'a>,
    /// The first line of the answer, as soon as it is there.
    pub head: Arc<Mutex<String>>,
    /// Whether something was sent that is to end it, and may come when it has ended: then nothing else may begin
    /// in its session.
    pub is_hunted: Arc<AtomicBool>,
}

/// What a script reads on stdin.
pub enum Feed<'a> {
    Nothing,
    Bytes(&'a [u8]),
    /// A first line, and then what comes through a pipe.
    Pipe(Vec<u8>, &'a mut Receiver<Vec<u8>>),
}

/// What is read of a stream at a time.
const LARGEST: usize = 32 << 10;

/// Where the output of a script goes, as far as it stands inside the frame.
pub enum Sink<'a> {
    Drop,
    To(&'a mut (dyn FnMut(&[u8]) + Send)),
    Pipe(Sender<Vec<u8>>),
}

/// The answer of a script.
#[derive(Debug)]
pub struct Reply {
    pub said: String,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Trouble {
    /// No connection can be had, and trying again is of no use.
    Halt(Halt),
    /// The channel broke off; nobody knows how far the script came.
    Lost(String),
    /// It took too long.
    TimedOut,
}

impl From<Failure> for Trouble {
    fn from(f: Failure) -> Self {
        Trouble::Halt(f.into())
    }
}
impl From<Halt> for Trouble {
    fn from(h: Halt) -> Self {
        Trouble::Halt(h)
    }
}

impl<'a> Call<'a> {
    pub fn new<S: Into<String>>(script: Script, args: impl IntoIterator<Item = S>) -> Self {
        let args = args.into_iter().map(Into::into).collect();
        Call {
            script,
            args,
            feed: Feed::Nothing,
            out: Sink::Drop,
            err: Sink::Drop,
            head: Arc::default(),
            is_hunted: Arc::default(),
        }
    }
    #[must_use]
    pub fn feed(mut self, feed: Feed<'a>) -> Self {
        self.feed = feed;
        self
    }
    #[must_use]
    pub fn out(mut self, sink: Sink<'a>) -> Self {
        self.out = sink;
        self
    }
    #[must_use]
    pub fn err(mut self, sink: Sink<'a>) -> Self {
        self.err = sink;
        self
    }
    pub fn reads_stdin(&self) -> bool {
        !matches!(self.feed, Feed::Nothing)
    }

    /// Talks on an open channel until the answer is whole or the channel ends. `heads` is told the
    /// first line of the answer as soon as it is there.
    pub async fn converse(
        &mut self,
        nonce: &str,
        stdin: Option<impl AsyncWrite + Unpin>,
        stdout: impl AsyncRead + Unpin,
        stderr: impl AsyncRead + Unpin,
        heads: &Mutex<String>,
    ) -> (Frame, Frame) {
        let (mut out, mut err) = (Frame::new(nonce), Frame::new(nonce));
        let Call { feed, out: out_sink, err: err_sink, .. } = self;
        {
            let feeding = async {
                if let Some(stdin) = stdin {
                    // A script that ended early does not read the rest; its answer says why.
                    let _ = feed.pour(stdin).await;
                }
                std::future::pending::<()>().await;
            };
            let reading = async {
                tokio::join!(take(stdout, &mut out, out_sink, Some(heads)), take(stderr, &mut err, err_sink, None))
            };
            tokio::select! { () = feeding => {}, _ = reading => {} }
        }
        (out, err)
    }
}

impl Feed<'_> {
    async fn pour(&mut self, mut stdin: impl AsyncWrite + Unpin) -> std::io::Result<()> {
        match self {
            Feed::Nothing => {}
            Feed::Bytes(bytes) => stdin.write_all(bytes).await?,
            Feed::Pipe(first, rest) => {
                stdin.write_all(first).await?;
                while let Some(part) = rest.recv().await {
                    stdin.write_all(&part).await?;
                }
            }
        }
        stdin.shutdown().await
    }
}

impl Sink<'_> {
    async fn take(&mut self, bytes: Vec<u8>) {
        match self {
            _ if bytes.is_empty() => {}
            Sink::Drop => {}
            Sink::To(f) => f(&bytes),
            // Nobody reads any more: what is left is dropped.
            Sink::Pipe(sender) => drop(sender.send(bytes).await),
        }
    }
}

async fn take(
    mut stream: impl AsyncRead + Unpin,
    frame: &mut Frame,
    sink: &mut Sink<'_>,
    heads: Option<&Mutex<String>>,
) {
    // Most answers are short, and hundreds of hosts may give them at once.
    let mut buffer = vec![0; 2 << 10];
    let mut told = false;
    while let Ok(n @ 1..) = stream.read(&mut buffer).await {
        let body = frame.feed(&buffer[..n]);
        if n == buffer.len() && n < LARGEST {
            buffer.resize(4 * n, 0);
        }
        if let (false, Some(heads), Some(head)) = (told, heads, frame.head()) {
            *heads.lock().unwrap_or_else(PoisonError::into_inner) = head.to_owned();
            told = true;
        }
        sink.take(body).await;
        if frame.is_over() {
            break;
        }
    }
}
