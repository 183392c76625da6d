//! One question over UDP, and over TCP where that does not do.

use super::super::link::Fleet;
use super::{read, system};
use crate::contract::{DnsAnswer, DnsQuestion, Outcome, failed, status};
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::Name;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket, lookup_host};
use tokio::time::{Instant, timeout_at};

/// What passes every network unbroken.
const PAYLOAD: u16 = 1232;
/// After something that is no answer, the answer may still be on its way for so long.
const GRACE: Duration = Duration::from_millis(500);
/// Sent again so often within the time there is.
const TRIES: u32 = 3;

/// What came over the wire.
enum Came {
    Message(Box<Message>),
    /// A status, and why.
    Nothing(&'static str, String),
}

impl Fleet {
    /// Asks; whatever comes of it is an answer. A server whose name does not resolve is a failure.
    pub async fn dns(&self, question: &DnsQuestion) -> Outcome<DnsAnswer> {
        let servers: Vec<SocketAddr> = match &question.server {
            None => system::servers().into_iter().map(|ip| (ip, question.port).into()).collect(),
            Some(server) => match server.trim_matches(['[', ']']).parse::<IpAddr>() {
                Ok(ip) => vec![(ip, question.port).into()],
                Err(_) => match lookup_host((server.as_str(), question.port)).await {
                    Ok(found) => found.collect(),
                    Err(e) => return failed(format!("the DNS server {server} does not resolve here: {e}")),
                },
            },
        };
        let mut last = None;
        // Of several, the next one is asked only where one gave nothing at all.
        for server in servers {
            let answer = one(question, server).await?;
            let is_silent = [status::TIMEOUT, status::UNREACHABLE].contains(&answer.status.as_str());
            if !is_silent {
                return Ok(answer);
            }
            last.get_or_insert(answer);
        }
        last.map_or_else(|| failed("there is no DNS server to ask"), Ok)
    }
}

async fn one(question: &DnsQuestion, server: SocketAddr) -> Outcome<DnsAnswer> {
    let deadline = Instant::now() + Duration::from_millis(question.timeout_ms);
    let mut has_edns = true;
    loop {
        let asked = message(question, has_edns)?;
        let (tcp, came) = exchange(question, server, &asked, deadline).await?;
        let name = server.to_string();
        match came {
            // Old servers do not know EDNS.
            Came::Message(m) if has_edns && m.metadata.response_code == ResponseCode::FormErr => has_edns = false,
            Came::Message(m) => return Ok(read::answer(question, &name, tcp, &m)),
            Came::Nothing(status, why) => return Ok(read::nothing(question, &name, tcp, status, &why)),
        }
    }
}

fn message(question: &DnsQuestion, has_edns: bool) -> Outcome<Message> {
    let name = match Name::from_ascii(format!("{}.", question.name.as_ref().trim_end_matches('.'))) {
        Ok(name) => name,
        Err(e) => return failed(format!("{} cannot be asked for: {e}", question.name)),
    };
    let mut message = Message::new(rand::random(), MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = question.recursive;
    message.add_query(Query::query(name, read::record_type(question.kind)));
    if has_edns {
        let mut edns = Edns::new();
        edns.set_max_payload(PAYLOAD).set_version(0);
        message.set_edns(edns);
    }
    Ok(message)
}

async fn exchange(
    question: &DnsQuestion,
    server: SocketAddr,
    asked: &Message,
    deadline: Instant,
) -> Outcome<(bool, Came)> {
    let bytes = match asked.to_vec() {
        Ok(bytes) => bytes,
        Err(e) => return failed(format!("{} cannot be asked for: {e}", question.name)),
    };
    if question.tcp {
        return Ok((true, over_tcp(server, asked, &bytes, deadline).await));
    }
    match over_udp(server, asked, &bytes, deadline).await {
        Came::Message(m) if m.metadata.truncation => Ok((
            true,
            match over_tcp(server, asked, &bytes, deadline).await {
                Came::Nothing(how, why) => {
                    let why = if why.is_empty() { how.into() } else { format!("{how}: {why}") };
                    Came::Nothing(status::CUT_OFF, format!("over UDP; then over TCP {why}"))
                }
                whole => whole,
            },
        )),
        came => Ok((false, came)),
    }
}

async fn over_udp(server: SocketAddr, asked: &Message, bytes: &[u8], deadline: Instant) -> Came {
    let from: SocketAddr = if server.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let socket = match UdpSocket::bind(from).await {
        Ok(socket) => socket,
        Err(e) => return Came::Nothing(status::UNREACHABLE, e.to_string()),
    };
    // Connected, so that only this server is heard, and a closed port is told.
    if let Err(e) = socket.connect(server).await {
        return Came::Nothing(status::UNREACHABLE, e.to_string());
    }
    let share = deadline.saturating_duration_since(Instant::now()) / TRIES;
    let mut buffer = vec![0; 65_535];
    let mut wrong = None;
    let mut until = deadline;
    for n in 1..=TRIES {
        if let Err(e) = socket.send(bytes).await {
            return Came::Nothing(status::UNREACHABLE, e.to_string());
        }
        let turn = if n == TRIES { deadline } else { Instant::now() + share };
        loop {
            let size = match timeout_at(turn.min(until), socket.recv(&mut buffer)).await {
                Ok(Ok(size)) => size,
                Ok(Err(e)) if e.kind() == ErrorKind::ConnectionRefused => {
                    return Came::Nothing(status::UNREACHABLE, "nothing listens there".into());
                }
                Ok(Err(e)) => return Came::Nothing(status::UNREACHABLE, e.to_string()),
                Err(_) => break,
            };
            match judge(asked, &buffer[..size]) {
                Ok(message) => return Came::Message(message),
                Err(came) => {
                    wrong.get_or_insert(came);
                    until = until.min(Instant::now() + GRACE);
                }
            }
        }
        if let Some((status, why)) = wrong {
            return Came::Nothing(status, why);
        }
    }
    Came::Nothing(status::TIMEOUT, String::new())
}

async fn over_tcp(server: SocketAddr, asked: &Message, bytes: &[u8], deadline: Instant) -> Came {
    let Ok(length) = u16::try_from(bytes.len()) else {
        return Came::Nothing(status::UNREACHABLE, "the question is too long".into());
    };
    let talk = async {
        let mut stream = match TcpStream::connect(server).await {
            Ok(stream) => stream,
            Err(e) => {
                let why = match e.kind() {
                    ErrorKind::ConnectionRefused => "nothing listens there".into(),
                    _ => e.to_string(),
                };
                return Came::Nothing(status::UNREACHABLE, why);
            }
        };
        let broken = |e: std::io::Error| Came::Nothing(status::GARBAGE, format!("the connection broke off: {e}"));
        let whole = [&length.to_be_bytes()[..], bytes].concat();
        if let Err(e) = stream.write_all(&whole).await {
            return broken(e);
        }
        let length = match stream.read_u16().await {
            Ok(length) => length,
            Err(e) => return broken(e),
        };
        let mut answer = vec![0; usize::from(length)];
        if let Err(e) = stream.read_exact(&mut answer).await {
            return broken(e);
        }
        match judge(asked, &answer) {
            Ok(m) if m.metadata.truncation => Came::Nothing(status::CUT_OFF, "also over TCP".into()),
            Ok(m) => Came::Message(m),
            Err((status, why)) => Came::Nothing(status, why),
        }
    };
    timeout_at(deadline, talk).await.unwrap_or(Came::Nothing(status::TIMEOUT, String::new()))
}

/// Whether bytes are the answer to what was asked.
fn judge(asked: &Message, bytes: &[u8]) -> Result<Box<Message>, (&'static str, String)> {
    let Some((id, _)) = bytes.split_first_chunk::<2>().filter(|_| bytes.len() >= 12) else {
        return Err((status::GARBAGE, format!("{} bytes", bytes.len())));
    };
    if u16::from_be_bytes(*id) != asked.metadata.id {
        return Err((status::WRONG_ID, "an answer to something that was not asked".into()));
    }
    let message =
        Message::from_vec(bytes).map_err(|e| (status::GARBAGE, super::text::escaped(e.to_string().as_bytes())))?;
    if message.metadata.message_type != MessageType::Response {
        return Err((status::GARBAGE, "a question came back".into()));
    }
    let same = |a: &Query, b: &Query| {
        a.query_type() == b.query_type() && super::text::name(a.name()) == super::text::name(b.name())
    };
    match (asked.queries.first(), message.queries.first()) {
        // Some servers leave the question out of an error.
        (_, None) => Ok(Box::new(message)),
        (Some(a), Some(b)) if same(a, b) => Ok(Box::new(message)),
        _ => Err((status::WRONG_ID, "an answer to another question".into())),
    }
}
