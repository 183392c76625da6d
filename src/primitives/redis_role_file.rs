//! The role of a Redis server in its configuration file: the edit itself is `text::redis_conf`.

use super::place::{file_at, owner_of_new};
use super::redis_server::Seen;
use crate::contract::{
    Bytes, Command, Deed, Failure, FileState, Look, Outcome, Put, RedisServer, Source, Step, Undo, failed,
};
use crate::name::RemotePath;
use crate::text::redis_conf::{self, RoleLine};

const LOOK_MS: u64 = 30_000;
const LIMIT: u64 = 4 << 20;

/// Returns the file that a server reads when it starts: the one that was asked for, else its own where
/// it runs on the host itself.
pub fn file_of(by: &str, server: &RedisServer, asked: Option<&RemotePath>, seen: &Seen) -> Outcome<RemotePath> {
    if let Some(asked) = asked {
        return Ok(asked.clone());
    }
    let own = seen.text("config_file");
    let (message, hint) = match &server.container {
        Some(container) => (
            format!(
                "{by}: which file of {} the container {container} reads as its redis.conf is not known",
                server.host
            ),
            "give its path on the host: #{ conf: \"/...\" }; or let the role go with a restart: #{ persist: false }",
        ),
        None if own.is_empty() => (
            format!(
                "{by}: the Redis on {server} was started without a configuration file, so a restart would lose its role"
            ),
            "start it with a file; or let the role go with a restart: #{ persist: false }",
        ),
        None => match RemotePath::parse(own) {
            Ok(path) => return Ok(path),
            Err(why) => {
                (format!("{by}: the configuration file of {server}: {why}"), "give its path: #{ conf: \"/...\" }")
            }
        },
    };
    Err(Failure::new(message).hint(hint).into())
}

/// The step that makes the file name this primary, or none; nothing when it does so already.
pub fn step(
    by: &str,
    server: &RedisServer,
    file: &RemotePath,
    primary: Option<(&str, u16)>,
    keyword: &str,
    look: &dyn Look,
) -> Outcome<Option<Step>> {
    let host = &server.host;
    match file_at(host, file, look)? {
        None => return failed(format!("{by}: there is no file {file} on {host}")),
        Some(state) if state.size > LIMIT => {
            return failed(format!("{by}: {file} on {host} has {} bytes; that is no redis.conf", state.size));
        }
        Some(_) => {}
    }
    let Some((from, old)) = look.bytes(host, file, LIMIT)? else {
        return failed(format!("{by}: {file} on {host} went away while it was read"));
    };
    let elsewhere = included(by, server, file, &old, look)?;
    if let Some((path, line)) = elsewhere {
        if is_so(&line, primary) && redis_conf::role_lines(&old).is_empty() {
            return Ok(None);
        }
        return Err(Failure::new(format!(
            "{by}: {path}, which {file} on {host} includes, names a primary itself, in line {}: {}",
            line.line, line.text
        ))
        .hint("take that line out first, or let the role go with a restart: #{ persist: false }")
        .into());
    }
    let splice = match redis_conf::set_role(&old, primary, keyword) {
        Ok(None) => return Ok(None),
        Ok(Some(splice)) => splice,
        Err(lines) => {
            let lines: Vec<String> = lines.iter().map(|l| format!("line {}: {}", l.line, l.text)).collect();
            return Err(Failure::new(format!("{by}: {file} on {host} names a primary more than once"))
                .output(lines.join("\n"))
                .hint("leave the one that is meant, then run again")
                .into());
        }
    };
    let new = splice.apply(&old);
    let at = splice.at as u64;
    let to = FileState::of(&new, owner_of_new(host, None, Some(&from), look)?, from.mode);
    let source = |cut: &[u8], with: &[u8]| Source::Spliced { at, cut: Bytes(cut.to_vec()), with: Bytes(with.to_vec()) };
    let put = Put {
        host: host.clone(),
        path: file.clone(),
        from: Some(from),
        to: Some(to),
        source: source(&splice.cut, &splice.with),
        keep: None,
    };
    // The file may hold a password: the journal gets the one line, not the text.
    let back = Put { source: source(&splice.with, &splice.cut), ..put.reversed(None) };
    Ok(Some(Step { deed: Deed::Put(put), undo: Undo::By(vec![Deed::Put(back)]) }))
}

fn is_so(line: &RoleLine, primary: Option<(&str, u16)>) -> bool {
    primary.is_some_and(|(address, port)| line.address == address && line.port == port.to_string())
}

/// The first line of an included file that names a primary. Names may be patterns; Redis reads them
/// where it runs.
fn included(
    by: &str,
    server: &RedisServer,
    file: &RemotePath,
    text: &[u8],
    look: &dyn Look,
) -> Outcome<Option<(String, RoleLine)>> {
    for (line, path) in redis_conf::includes(text) {
        let script = "for f in $1; do if [ -f \"$f\" ]; then cat -- \"$f\"; echo; fi; done";
        let command = Command::argv(["sh", "-c", script, "mig", path.as_str()]);
        let command = match &server.container {
            None => command,
            Some(container) => command.in_container(container, &[]),
        };
        let answer = look.run(&server.host, &command, LOOK_MS)?;
        if answer.code != 0 {
            return failed(format!(
                "{by}: {file} on {} includes {path} (line {line}), which cannot be read{}",
                server.host,
                super::shell::because(&answer)
            ));
        }
        let found = redis_conf::role_lines(answer.stdout.as_bytes());
        if let Some(found) = found.into_iter().next() {
            return Ok(Some((path, found)));
        }
    }
    Ok(None)
}
