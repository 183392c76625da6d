//! Every upstream of a folder of nginx files pointed elsewhere, read again, and taken back. The folder
//! is `MIG_NGINX_CORPUS` (several with colons between them), else files of real systems where they lie beside the project.

use mig::text::nginx::{Directive, Edited, LIMIT, Scheme, Server, Splice, Wanted, apply, point, read};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn folders() -> Vec<PathBuf> {
    match std::env::var_os("MIG_NGINX_CORPUS") {
        Some(folders) => std::env::split_paths(&folders).collect(),
        None => {
            let root = Path::new(env!("CARGO_MANIFEST_DIR"));
            ["../shared/fixtures/nginx", "../shared/fixtures/pryv"].iter().map(|f| root.join(f)).collect()
        }
    }
}
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut entries: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|e| e == "conf" || e == "nginx" || e == "vhost")
            || std::env::var_os("MIG_NGINX_CORPUS").is_some()
        {
            found.push(path);
        }
    }
}
fn names(tree: &[Directive], found: &mut Vec<String>) {
    for d in tree {
        if d.is("upstream") && d.words.len() == 2 {
            found.extend(d.word(1).and_then(|w| String::from_utf8(w.text.clone()).ok()));
        }
        names(d.children(), found);
    }
}

/// The words of every directive, one line each: what nginx sees.
fn seen(tree: &[Directive], path: &str, out: &mut Vec<String>) {
    for d in tree {
        let words: Vec<String> = d.words.iter().map(|w| String::from_utf8_lossy(&w.text).into_owned()).collect();
        let line = format!("{path}{}", words.join(" "));
        seen(d.children(), &format!("{line} > "), out);
        out.push(line);
    }
}

/// What differs for nginx is only what was asked.
fn only_what_was_asked(old: &[u8], new: &[u8], name: &str) -> Result<(), String> {
    let lines = |text: &[u8]| {
        let tree = read(text).map_err(|f| f.message)?;
        let mut out = vec![];
        seen(&tree, "", &mut out);
        let mut counts: BTreeMap<String, i32> = BTreeMap::new();
        out.into_iter().for_each(|l| *counts.entry(l).or_default() += 1);
        Ok::<_, String>(counts)
    };
    let (old, new) = (lines(old)?, lines(new)?);
    let is_asked = |line: &str| {
        let last = line.rsplit(" > ").next().unwrap_or_default();
        let in_upstream = line.to_lowercase().contains(&format!("upstream {} > ", name.to_lowercase()));
        last.starts_with("server ") && in_upstream
            || last.starts_with("proxy_pass ") && last.to_lowercase().contains(&name.to_lowercase())
            || last == "proxy_set_header Host $http_host"
            // Those of http go along into the server.
            || last.starts_with("proxy_set_header ") && old.keys().any(|o| o.ends_with(&format!("http > {last}")))
    };
    for (line, n) in old.iter().chain(&new) {
        if old.get(line) != new.get(line) && !is_asked(line) {
            return Err(format!("{line} ({n})"));
        }
    }
    Ok(())
}

fn inverse(old: &[u8], splices: &[Splice]) -> Vec<Splice> {
    let mut shift = 0isize;
    let back = |s: &Splice| {
        let start = s.span.start.checked_add_signed(shift).expect("a place in the new text");
        shift += s.new.len() as isize - s.span.len() as isize;
        Splice { span: start..start + s.new.len(), new: old[s.span.clone()].to_vec() }
    };
    splices.iter().map(back).collect()
}

#[test]
fn every_upstream_is_edited_and_taken_back() {
    let mut all = vec![];
    folders().iter().for_each(|f| files(f, &mut all));
    if all.is_empty() {
        eprintln!("no nginx files in {:?}: nothing is tried; set MIG_NGINX_CORPUS to a folder", folders());
        return;
    }
    let (mut unread, mut upstreams, mut edits, mut already, mut wrong) = (vec![], 0, 0, 0, vec![]);
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    let server = Server::parse("192.0.2.20:443").expect("a server");
    for file in &all {
        let Ok(text) = fs::read(file) else { continue };
        let tree = match read(&text) {
            Ok(tree) => tree,
            Err(fault) => {
                unread.push(format!("{}: {}", file.display(), fault.message));
                continue;
            }
        };
        let mut found = vec![];
        names(&tree, &mut found);
        upstreams += found.len();
        for name in found {
            for (scheme, host_header, keep_uri) in
                [(Some(Scheme::Https), true, false), (Some(Scheme::Http), false, true), (None, false, true)]
            {
                let upstreams = vec![(name.clone(), server.clone())];
                let wanted = Wanted { upstreams, scheme, host_header, keep_uri };
                let place = format!("{}: {name} {scheme:?} {host_header} {keep_uri}", file.display());
                let splices = match point(&text, &wanted) {
                    Ok(Edited::Changed(splices)) => splices,
                    Ok(Edited::Already) => {
                        already += 1;
                        continue;
                    }
                    Err(fault) => {
                        let kind = fault.message.trim_start_matches(|c: char| !c.is_alphabetic());
                        *refused.entry(kind.replace(char::is_numeric, "").replace(&name, "NAME")).or_default() += 1;
                        continue;
                    }
                };
                edits += 1;
                let new = apply(&text, &splices);
                if let Err(line) = only_what_was_asked(&text, &new, &name) {
                    wrong.push(format!("{place}: changed {line}"));
                }
                if point(&new, &wanted) != Ok(Edited::Already) {
                    wrong.push(format!("{place}: a second edit finds work"));
                }
                if apply(&new, &inverse(&text, &splices)) != text {
                    wrong.push(format!("{place}: taken back, it is another text"));
                }
            }
        }
    }
    eprintln!(
        "{} files, {} not read, {upstreams} upstreams, {edits} edits, {already} already so",
        all.len(),
        unread.len()
    );
    for (why, n) in &refused {
        eprintln!("  {n} refused: {why}");
    }
    unread.iter().take(50).for_each(|u| eprintln!("  not read: {u}"));
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.iter().take(50).cloned().collect::<Vec<_>>().join("\n")
    );
}

/// A file cut at every byte is read or refused; nothing else happens.
#[test]
fn a_truncated_file_is_never_edited_in_half() {
    let mut all = vec![];
    folders().iter().for_each(|f| files(f, &mut all));
    let mut cuts = 0;
    for text in all.iter().filter_map(|f| fs::read(f).ok()).filter(|t| t.len() < 20_000.min(LIMIT)).take(60) {
        for end in (0..text.len()).step_by(7) {
            let wanted = Wanted {
                upstreams: vec![("core_server".into(), Server::parse("192.0.2.20:443").expect("a server"))],
                scheme: None,
                host_header: true,
                keep_uri: true,
            };
            let _ = point(&text[..end], &wanted);
            cuts += 1;
        }
    }
    eprintln!("{cuts} truncated texts");
}
