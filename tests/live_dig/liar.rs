//! A DNS server that does wrong what the first part of the name says.

use super::named::free_port;
use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::time::Duration;

/// Where the liar of [`Liar::on`] listens.
pub const ADDRESS: &str = "127.0.0.9";

pub struct Liar {
    pub port: u16,
}

impl Liar {
    pub fn start() -> Liar {
        Self::at("127.0.0.1", free_port(), lie)
    }
    /// On a port that others have on other addresses.
    pub fn on(port: u16) -> Liar {
        Self::at(ADDRESS, port, lie)
    }
    /// One that says the truth: bind listens only on addresses that an interface has.
    pub fn honest(address: &str, port: u16) -> Liar {
        Self::at(address, port, |asked, _| match question(asked) {
            Some((question, _)) => {
                vec![message([asked[0], asked[1]], SAYS, question, [1, 0, 0], &record(ITS_NAME, 1, &[192, 0, 2, 77]))]
            }
            None => vec![],
        })
    }
    /// Its threads end with the test's process.
    fn at(address: &str, port: u16, answers: fn(&[u8], bool) -> Vec<Vec<u8>>) -> Liar {
        let socket = UdpSocket::bind((address, port)).unwrap();
        let listener = TcpListener::bind((address, port)).unwrap();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok((size, from)) = socket.recv_from(&mut buffer) {
                for answer in answers(&buffer[..size], false) {
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let mut length = [0; 2];
                let mut asked = vec![];
                if stream.read_exact(&mut length).is_ok() {
                    asked = vec![0; usize::from(u16::from_be_bytes(length))];
                    let _ = stream.read_exact(&mut asked);
                }
                for answer in answers(&asked, true) {
                    let length = u16::try_from(answer.len()).unwrap().to_be_bytes();
                    let _ = stream.write_all(&[&length[..], &answer].concat());
                }
            }
        });
        Liar { port }
    }
}

/// The question as it stands in the message, and its first label.
fn question(asked: &[u8]) -> Option<(&[u8], String)> {
    let mut at = 12;
    loop {
        match *asked.get(at)? {
            0 => break,
            n => at += usize::from(n) + 1,
        }
    }
    let first = asked.get(13..13 + usize::from(*asked.get(12)?))?;
    Some((asked.get(12..at + 5)?, String::from_utf8_lossy(first).into_owned()))
}

/// A message: flags, and counts and bytes of the sections behind the question.
fn message(id: [u8; 2], flags: u16, question: &[u8], counts: [u16; 3], rest: &[u8]) -> Vec<u8> {
    let mut all = id.to_vec();
    all.extend(flags.to_be_bytes());
    all.extend(1u16.to_be_bytes());
    counts.iter().for_each(|c| all.extend(c.to_be_bytes()));
    all.extend(question);
    all.extend(rest);
    all
}

fn record(name: &[u8], kind: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap();
    [name, &kind.to_be_bytes(), &[0, 1, 0, 0, 1, 44], &length.to_be_bytes(), data].concat()
}

/// The name of the question, wherever one is wanted.
const ITS_NAME: &[u8] = &[0xc0, 12];
/// An answer of an authority.
const SAYS: u16 = 0x8400;
const CUT_OFF: u16 = 0x0200;

fn lie(asked: &[u8], tcp: bool) -> Vec<Vec<u8>> {
    let Some((question, mode)) = question(asked) else { return vec![] };
    let id = [asked[0], asked[1]];
    let code = |code: u16| vec![message(id, SAYS | code, question, [0; 3], &[])];
    let a = |id: [u8; 2], last: u8| message(id, SAYS, question, [1, 0, 0], &record(ITS_NAME, 1, &[192, 0, 2, last]));
    let has_edns = asked[11] > 0;
    match mode.as_str() {
        "nxdomain" => code(3),
        "servfail" => code(2),
        "refused" => code(5),
        "formerr" => code(1),
        "empty" => code(0),
        // Without a word about who knows, and upwards to the root.
        "lame" => vec![message(id, 0x8000, question, [0; 3], &[])],
        "up" => vec![message(id, 0x8000, question, [0, 1, 0], &record(&[0], 2, &[1, b'a', 0]))],
        "loop" => {
            let other = [1, b'x', 0xc0, 12];
            let records = [record(ITS_NAME, 5, &other), record(&other, 5, ITS_NAME)].concat();
            vec![message(id, SAYS, question, [2, 0, 0], &records)]
        }
        "self" => vec![message(id, SAYS, question, [1, 0, 0], &record(ITS_NAME, 5, ITS_NAME))],
        "garbage" => vec![[&id[..], b"this is no message at all, \x1b[2J"].concat()],
        "short" => vec![b"x".to_vec()],
        "question" => vec![asked.to_vec()],
        // A name that points at itself.
        "pointer" => {
            let at = u16::try_from(12 + question.len()).unwrap() | 0xc000;
            vec![message(id, SAYS, question, [1, 0, 0], &record(&at.to_be_bytes(), 1, &[192, 0, 2, 1]))]
        }
        "wrongid" => vec![a([id[0] ^ 0xff, id[1]], 1)],
        "other" => {
            let mut other = question.to_vec();
            other[1] = b'z';
            vec![message(id, SAYS, &other, [0; 3], &[])]
        }
        "silent" => vec![],
        "cut" => vec![message(id, SAYS | CUT_OFF, question, [0; 3], &[])],
        "noedns" if has_edns => code(1),
        // First something that somebody else sent, then the answer.
        "late" => {
            std::thread::sleep(Duration::from_millis(50));
            vec![b"noise".to_vec(), a([id[0], id[1] ^ 1], 66), a(id, 77)]
        }
        "big" if tcp => {
            let text: Vec<u8> = (0..250).flat_map(|_| [&[250u8][..], &[b'x'; 250]].concat()).collect();
            vec![message(id, SAYS, question, [1, 0, 0], &record(ITS_NAME, 16, &text))]
        }
        "big" => vec![message(id, SAYS | CUT_OFF, question, [0; 3], &[])],
        "old" => vec![a(id, 10)],
        _ => vec![a(id, 77)],
    }
}
