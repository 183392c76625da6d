//! What a deed finds and what it leaves, in a few words, as far as the journal knows it.
//!
//! The difference of two texts is shown as a diff elsewhere; this is for everything else: files that
//! were copied, texts with a secret, folders, addresses, roles.

use crate::contract::{Aws, Deed, FileState, Holder, Power, Put, RedisAct, Source, Step};

/// Both sides of a deed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sides {
    pub before: String,
    pub after: String,
}

/// Returns what was there and what is there afterwards; `None` where the journal has no more than the
/// deed itself, as of a command.
pub fn before_after(step: &Step) -> Option<Sides> {
    let sides = |before: String, after: String| Some(Sides { before, after });
    match &step.deed {
        Deed::Put(put) => of_put(put),
        Deed::PutChecked(checked) => of_put(&checked.put),
        Deed::Sync(s) => sides(s.differs.to_string(), format!("equal to {} of {}", s.path, s.from)),
        Deed::Redis(r) => match &r.act {
            RedisAct::Follow { primary, before, had, .. } => {
                let was = before.as_ref().map_or_else(|| "a primary".into(), |b| format!("followed {b}"));
                sides(format!("{was}, {had} keys"), format!("follows {primary}"))
            }
            RedisAct::TakeOver { primary, .. } | RedisAct::Alone { primary } => {
                sides(format!("followed {primary}"), "a primary".into())
            }
            _ => None,
        },
        Deed::Aws(Aws::MoveAddress(m)) => sides(holder(m.from.as_ref()), holder(m.to.as_ref())),
        Deed::Aws(Aws::SetPower(p)) => match p.power {
            Power::Running => sides("stopped".into(), "running".into()),
            Power::Stopped => sides("running".into(), "stopped".into()),
        },
        Deed::Reboot(r) => sides(format!("boot {}", r.boot_id), "another boot".into()),
        _ => None,
    }
}

fn of_put(put: &Put) -> Option<Sides> {
    let is_secret = matches!(put.source, Source::Secret(_));
    let side = |state: &Option<FileState>, is_secret: bool| match state {
        None => "nothing there".to_owned(),
        // Not even its length or its digest is told.
        Some(state) if is_secret => format!("holds a secret, {:04o}, {}", state.mode, state.owner),
        Some(state) => state.to_string(),
    };
    Some(Sides { before: side(&put.from, false), after: side(&put.to, is_secret) })
}

fn holder(holder: Option<&Holder>) -> String {
    let name = holder.and_then(|h| h.instance.clone().or_else(|| h.interface.clone()).or_else(|| h.private_ip.clone()));
    name.map_or_else(|| "nobody has it".into(), |name| format!("{name} has it"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Undo;
    use crate::name::{HostName, RemotePath};
    use crate::secret::{Piece, Text};

    fn put(source: Source, from: Option<FileState>) -> Step {
        let put = Put {
            host: HostName::parse("dest").unwrap(),
            path: RemotePath::parse("/etc/key.pem").unwrap(),
            from,
            to: Some(FileState::of(b"new", "0:0", 0o600)),
            source,
            keep: None,
        };
        Step { deed: Deed::Put(put), undo: Undo::NotNeeded }
    }

    #[test]
    fn a_copied_file_is_told_by_size_owner_and_digest() {
        let source = Source::File { host: HostName::parse("source").unwrap(), path: RemotePath::parse("/k").unwrap() };
        let sides = before_after(&put(source, None)).unwrap();
        assert_eq!(sides.before, "nothing there");
        assert!(sides.after.starts_with("3 bytes, 0600, 0:0, "), "{}", sides.after);
    }

    #[test]
    fn of_a_secret_neither_length_nor_digest_is_told() {
        let text = Text::Mixed { pieces: vec![Piece::Secret { name: "password".into() }] };
        let sides = before_after(&put(Source::Secret(text), Some(FileState::of(b"old", "0:0", 0o644)))).unwrap();
        assert_eq!(sides.after, "holds a secret, 0600, 0:0");
    }
}
