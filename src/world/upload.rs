//! Texts with secrets, filled in, and files that a command reads, brought to its host.

use super::call::{Call, Feed};
use super::folder::Tries;
use super::link::{Fleet, Link};
use super::script;
use crate::contract::{Outcome, failed};
use crate::secret::{Piece, Text};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// How often a torn transfer is made again.
pub const TORN: u32 = 3;

impl Fleet {
    /// A text with its secrets in place. It lives as short as it can.
    pub fn fill(&self, text: &Text) -> Outcome<Zeroizing<String>> {
        let mut whole = Zeroizing::new(String::new());
        match text {
            Text::Plain(plain) => whole.push_str(plain),
            Text::Mixed { pieces } => {
                for piece in pieces {
                    match piece {
                        Piece::Plain(plain) => whole.push_str(plain),
                        Piece::Secret { name } => {
                            let value = match self.given_secret(name) {
                                Some(given) => given,
                                None => (self.settings.secrets)(name).map_err(|e| e.message),
                            };
                            match value {
                                Ok(secret) => {
                                    self.redactor.learn(name, &secret);
                                    whole.push_str(secret.expose());
                                }
                                Err(why) => return failed(format!("the secret \"{name}\" cannot be had: {why}")),
                            }
                        }
                    }
                }
            }
        }
        Ok(whole)
    }

    /// Writes a private file in the run's folder, whole or not at all.
    pub async fn upload(&self, link: &Link, file: &str, content: &[u8]) -> Outcome<()> {
        let host = &link.config.name;
        let mut sent = Zeroizing::new(header(content));
        sent.extend_from_slice(content);
        let (mut tries, mut torn) = (Tries::default(), 0);
        loop {
            let mut call = Call::new(script::UPLOAD, [file]).feed(Feed::Bytes(&sent));
            match self.call(link, &mut call, None).await {
                Ok(reply) if reply.said == "ok" => return Ok(()),
                Ok(reply) if reply.said == "torn" && torn < TORN => torn += 1,
                Ok(reply) => return failed(format!("{host}: {file} cannot be written: {}", reply.said)),
                Err(trouble) => tries.again(self, host, trouble).await?,
            }
        }
    }
}

/// The line before a content: its digest and size, by which the other side sees that it is whole.
pub fn header(content: &[u8]) -> Vec<u8> {
    format!("{} {}\n", hex::encode(Sha256::digest(content)), content.len()).into_bytes()
}
