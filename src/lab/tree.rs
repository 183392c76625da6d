//! The files of a lab on disk: laid out once, put back as often as a rehearsal begins.
//!
//! `hosts/NAME/pristine` is the tree as at the start, `hosts/NAME/tree` the one the host works on.

use super::settings::Settings;
use super::source::LabSource;
use crate::error::{Error, Result};
use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// Top-level folders of every host, with their modes.
const FOLDERS: &[(&str, u32)] = &[
    ("etc", 0o755),
    ("var", 0o755),
    ("var/lib", 0o755),
    ("var/log", 0o755),
    ("var/tmp", 0o1777),
    ("opt", 0o755),
    ("srv", 0o755),
    ("home", 0o755),
    ("tmp", 0o1777),
    ("run", 0o755),
    ("root", 0o700),
];

/// Files of the machine's own /etc that its programs need.
const FROM_THE_MACHINE: &[&str] =
    &["passwd", "group", "ld.so.cache", "ld.so.conf", "localtime", "services", "protocols", "os-release"];

/// The stand-in for sudo: whoever is here is root already.
const SUDO: &str = r#"#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in
  -u|-g|-p|-h|-C|-U) shift; [ $# -gt 0 ] && shift ;;
  --) shift; break ;;
  -*) shift ;;
  *=*) export "$1"; shift ;;
  *) break ;;
  esac
done
[ $# -gt 0 ] || exit 0
exec "$@"
"#;

/// Writes a file with its mode, making the folders above it.
pub(super) fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    use io::Write;
    if let Some(above) = path.parent() {
        fs::create_dir_all(above)?;
    }
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path)?;
    file.write_all(bytes)?;
    file.set_permissions(fs::Permissions::from_mode(mode))
}

/// Lays out everything of `source` under the lab's `folder`; `public_key` may log in everywhere.
pub(super) fn lay(source: &LabSource, folder: &Path, public_key: &str) -> Result<()> {
    for name in source.settings.hosts.keys() {
        lay_host(source, name, &folder.join("hosts").join(name), public_key)
            .map_err(|e| Box::new(Error::bad_input(format!("cannot lay out the lab host \"{name}\": {e}"))))?;
    }
    Ok(())
}

fn lay_host(source: &LabSource, name: &str, host: &Path, public_key: &str) -> io::Result<()> {
    let pristine = host.join("pristine");
    fs::create_dir_all(&pristine)?;
    fs::set_permissions(&pristine, fs::Permissions::from_mode(0o755))?;
    for (path, mode) in FOLDERS {
        make_folder(&pristine.join(path), *mode)?;
    }
    for path in &source.settings.private {
        make_folder(&pristine.join(path.trim_start_matches('/')), 0o755)?;
    }
    write(&host.join("power"), b"on", 0o600)?;
    write(&host.join("bin/sudo"), SUDO.as_bytes(), 0o755)?;
    let (own, own_bin) = (format!("hosts/{name}/"), format!("hosts/{name}.bin/"));
    for file in &source.files {
        if let Some(path) = file.path.strip_prefix(&own) {
            write(&pristine.join(path), &file.bytes, if file.executable { 0o755 } else { 0o644 })?;
        } else if let Some(program) = file.path.strip_prefix("bin/") {
            write(&host.join("bin").join(program), &file.bytes, 0o755)?;
        }
    }
    // After those of all hosts, so that a host's own stand-in wins.
    for file in &source.files {
        if let Some(program) = file.path.strip_prefix(&own_bin) {
            write(&host.join("bin").join(program), &file.bytes, 0o755)?;
        }
    }
    lay_etc(&source.settings, name, &pristine)?;
    let user = source.settings.hosts.get(name).and_then(|h| h.user.as_deref()).unwrap_or("root");
    let mut homes = vec![pristine.join("root")];
    if user != "root" {
        homes.push(pristine.join("home").join(user));
        append_missing(
            &pristine.join("etc/passwd"),
            &format!("{user}:"),
            &format!("{user}:x:0:0::/home/{user}:/bin/sh\n"),
        )?;
    }
    for home in homes {
        let keys = home.join(".ssh/authorized_keys");
        let mut text = fs::read_to_string(&keys).unwrap_or_default();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(public_key);
        write(&keys, text.as_bytes(), 0o600)?;
        fs::set_permissions(home.join(".ssh"), fs::Permissions::from_mode(0o700))?;
    }
    for (key, target) in &source.settings.links {
        if let Some((of, path)) = key.split_once(':')
            && of == name
        {
            let at = pristine.join(path.trim_start_matches('/'));
            if let Some(above) = at.parent() {
                fs::create_dir_all(above)?;
            }
            symlink(target, at)?;
        }
    }
    for (key, mode) in &source.settings.modes {
        if let Some((of, path)) = key.split_once(':')
            && of == name
        {
            let at = pristine.join(path.trim_start_matches('/'));
            if path.ends_with('/') {
                fs::create_dir_all(&at)?;
            }
            let mode = u32::from_str_radix(mode, 8).unwrap_or(0o600);
            fs::set_permissions(&at, fs::Permissions::from_mode(mode))
                .map_err(|e| io::Error::new(e.kind(), format!("modes.\"{key}\": {e}")))?;
        }
    }
    copy(&pristine, &host.join("tree"))
}

/// What a machine has in /etc without anybody having put it there.
fn lay_etc(settings: &Settings, name: &str, pristine: &Path) -> io::Result<()> {
    let etc = pristine.join("etc");
    for file in FROM_THE_MACHINE {
        let (from, to) = (Path::new("/etc").join(file), etc.join(file));
        if !exists(&to)
            && let Ok(bytes) = fs::read(&from)
        {
            write(&to, &bytes, 0o644)?;
        }
    }
    let address = settings.address(name);
    // `localhost` is the host itself: 127.0.0.1 is shared by all hosts of the lab.
    let mut hosts = format!("{address} localhost {name}\n");
    for other in settings.hosts.keys().filter(|other| *other != name) {
        hosts.push_str(&format!("{} {other}\n", settings.address(other)));
    }
    let generated = [
        ("hosts", hosts),
        ("hostname", format!("{name}\n")),
        ("machine-id", format!("{}\n", hex::encode(rand::random::<[u8; 16]>()))),
        ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n".to_owned()),
        ("resolv.conf", "# A lab has no name server unless its files say so.\n".to_owned()),
        ("ssh/ssh_config", own_ssh_config(address)),
    ];
    for (file, text) in generated {
        let to = etc.join(file);
        if !exists(&to) {
            write(&to, text.as_bytes(), 0o644)?;
        }
    }
    Ok(())
}

/// Makes ssh between lab hosts come from the host's own address, so that `from=` means something.
fn own_ssh_config(address: Ipv4Addr) -> String {
    format!("Host *\n    BindAddress {address}\n")
}

fn append_missing(path: &Path, begins: &str, line: &str) -> io::Result<()> {
    let mut text = fs::read_to_string(path).unwrap_or_default();
    if text.lines().any(|l| l.starts_with(begins)) {
        return Ok(());
    }
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(line);
    write(path, text.as_bytes(), 0o644)
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn make_folder(path: &Path, mode: u32) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(mode).create(path)?;
    // Again, since the umask has had its say.
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// Puts the tree of a host back as it was at the start.
pub(super) fn restore(host: &Path) -> io::Result<()> {
    remove(&host.join("tree"))?;
    copy(&host.join("pristine"), &host.join("tree"))
}

/// Copies a tree with its modes, links and, where that is allowed, owners.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let about = from.symlink_metadata()?;
    if about.is_symlink() {
        return symlink(fs::read_link(from)?, to);
    }
    if about.is_dir() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
    } else {
        fs::copy(from, to)?;
    }
    fs::set_permissions(to, about.permissions())
}

/// Removes whatever is at `path`, also out of folders that forbid it; nothing there is fine.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    let Ok(about) = path.symlink_metadata() else { return Ok(()) };
    if !about.is_dir() {
        return fs::remove_file(path);
    }
    if fs::remove_dir_all(path).is_ok() {
        return Ok(());
    }
    let mut folders = vec![PathBuf::from(path)];
    while let Some(folder) = folders.pop() {
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    fs::remove_dir_all(path)
}

/// What a boot takes away: /run and /tmp are empty, the boot id is new.
pub(super) fn boot(host: &Path) -> io::Result<()> {
    for folder in ["tree/run", "tree/tmp"] {
        for entry in fs::read_dir(host.join(folder))? {
            remove(&entry?.path())?;
        }
    }
    new_boot_id(host)
}

/// Gives a host another boot id.
pub(super) fn new_boot_id(host: &Path) -> io::Result<()> {
    write(&host.join("boot_id"), &fs::read("/proc/sys/kernel/random/uuid")?, 0o444)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::LabFile;

    fn source() -> LabSource {
        let file = |path: &str, text: &str| LabFile { path: path.into(), bytes: text.into(), executable: false };
        let yml = "hosts: { a: { user: admin }, b: {} }\nprivate: [/svc]\nlinks: { 'a:/etc/now': v1 }\n\
                   modes: { 'a:/etc/x.pem': '0400', 'a:/var/spool/q/': '0711' }\n";
        let files = vec![
            file("lab.yml", yml),
            file("bin/pcli", "common"),
            file("bin/other", "common"),
            file("hosts/a.bin/pcli", "own"),
            file("hosts/a/etc/x.pem", "key"),
        ];
        LabSource::new("t", files, &|_| Ok(None)).unwrap()
    }

    #[test]
    fn a_tree_is_laid_out_with_modes_links_and_stand_ins() {
        let folder = tempfile::tempdir().unwrap();
        lay(&source(), folder.path(), "ssh-ed25519 AAAA lab\n").unwrap();
        let a = folder.path().join("hosts/a");
        let mode = |p: &str| a.join(p).metadata().unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode("tree/etc/x.pem"), 0o400);
        assert_eq!(mode("tree/var/spool/q"), 0o711);
        assert_eq!(mode("tree/tmp"), 0o1777);
        assert_eq!(mode("tree/svc"), 0o755);
        assert_eq!(fs::read_to_string(a.join("bin/pcli")).unwrap(), "own");
        assert_eq!(fs::read_to_string(folder.path().join("hosts/b/bin/pcli")).unwrap(), "common");
        assert_eq!(fs::read_link(a.join("tree/etc/now")).unwrap(), Path::new("v1"));
        assert!(fs::read_to_string(a.join("tree/home/admin/.ssh/authorized_keys")).unwrap().contains("AAAA"));
        assert!(fs::read_to_string(a.join("tree/etc/passwd")).unwrap().contains("admin:x:0:0"));
    }

    #[test]
    fn a_reset_puts_everything_back() {
        let folder = tempfile::tempdir().unwrap();
        lay(&source(), folder.path(), "key\n").unwrap();
        let a = folder.path().join("hosts/a");
        make_folder(&a.join("tree/var/new/deep"), 0o755).unwrap();
        make_folder(&a.join("tree/var/new"), 0o000).unwrap();
        fs::remove_file(a.join("tree/etc/hosts")).unwrap();
        restore(&a).unwrap();
        assert!(!a.join("tree/var/new").exists());
        assert!(a.join("tree/etc/hosts").exists());
    }
}
