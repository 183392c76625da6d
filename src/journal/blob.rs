//! Long bytes of a deed stand in the journal once, by digest: a write holds each text up to four
//! times (deed and undo, before and after).

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Texts shorter than this stay where they are, readable.
const LONG: usize = 512;

/// Takes the long strings out of a step; gives them back with their digests.
pub(super) fn take_out(v: &mut Value, out: &mut Vec<(String, String)>) {
    match v {
        Value::String(s) if s.len() > LONG => {
            let sha = hex::encode(Sha256::digest(s.as_bytes()));
            out.push((sha.clone(), std::mem::take(s)));
            *v = json!({ "$blob": sha });
        }
        Value::Array(items) => items.iter_mut().for_each(|i| take_out(i, out)),
        Value::Object(map) => map.values_mut().for_each(|i| take_out(i, out)),
        _ => {}
    }
}

/// Puts them back.
pub(super) fn put_back(db: &Connection, v: &mut Value) -> rusqlite::Result<()> {
    if let Some(sha) = v.get("$blob").and_then(Value::as_str) {
        let bytes: Option<Vec<u8>> =
            db.query_row("select bytes from blob where sha256=?", params![sha], |r| r.get(0)).optional()?;
        // A missing one stays a map, which no deed can be read from: the caller says so.
        if let Some(bytes) = bytes {
            *v = Value::String(String::from_utf8_lossy(&bytes).into_owned());
        }
        return Ok(());
    }
    match v {
        Value::Array(items) => items.iter_mut().try_for_each(|i| put_back(db, i)),
        Value::Object(map) => map.values_mut().try_for_each(|i| put_back(db, i)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_go_out_and_come_back() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("create table blob(sha256 text primary key, bytes blob)").unwrap();
        let long = "x".repeat(2000);
        let was = json!({ "a": ["short", long], "b": { "c": long } });
        let mut v = was.clone();
        let mut out = vec![];
        take_out(&mut v, &mut out);
        assert!(v.to_string().len() < 400);
        for (sha, text) in out {
            db.execute("insert or ignore into blob values(?,?)", params![sha, text.as_bytes()]).unwrap();
        }
        put_back(&db, &mut v).unwrap();
        assert_eq!(v, was);
    }
}
