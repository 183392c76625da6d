//! The files of a lab as they lie beside a playbook, from a folder or from the binary itself.

use super::settings::Settings;
use crate::error::{Error, Result};
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// One file of a lab.
#[derive(Debug, Clone, PartialEq)]
pub struct LabFile {
    /// Relative to the lab's folder: `hosts/source/etc/x.conf`.
    pub path: String,
    pub bytes: Vec<u8>,
    pub executable: bool,
}

/// A lab that can be opened: `lab.yml`, the hosts' trees and the stand-ins.
///
/// `hosts/NAME/...` is the file tree of a host, `bin/PROGRAM` are stand-ins on every host and
/// `hosts/NAME.bin/PROGRAM` on one; `programs_of: OTHER` in `lab.yml` adds those of `OTHER.lab/bin`,
/// of which an own one of that name is better. Whatever lies in a `bin` and whatever begins with `#!` is
/// executable, since an embedded file has no mode.
#[derive(Debug, Clone, PartialEq)]
pub struct LabSource {
    /// What the lab is called, such as the playbook.
    pub name: String,
    pub settings: Settings,
    pub files: Vec<LabFile>,
}

impl LabSource {
    /// Takes a lab from files that were read already, such as embedded ones. Where its `lab.yml` says `programs_of`,
    /// `lender` gives the files of that other lab, or `None` when there is no such lab.
    ///
    /// # Errors
    /// The files make no sense, or the lender has nothing.
    pub fn new(
        name: &str,
        mut files: Vec<LabFile>,
        lender: &dyn Fn(&str) -> Result<Option<Vec<LabFile>>>,
    ) -> Result<LabSource> {
        let Some(settings) = files.iter().find(|f| f.path == "lab.yml") else {
            return Error::bad_input(format!("the lab \"{name}\" has no lab.yml")).err();
        };
        let settings = Settings::parse(&format!("{name}.lab/lab.yml"), &String::from_utf8_lossy(&settings.bytes))?;
        for file in &files {
            let known = match file.path.split('/').collect::<Vec<_>>()[..] {
                ["lab.yml" | "README.md"] => true,
                ["bin", _] => true,
                ["hosts", host, _, ..] => settings.hosts.contains_key(host.strip_suffix(".bin").unwrap_or(host)),
                _ => false,
            };
            if !known || file.path.split('/').any(|part| part.is_empty() || part == ".." || part == ".") {
                return Error::bad_input(format!(
                    "the lab \"{name}\" has a file that belongs to nothing: {}",
                    file.path
                ))
                .hint("expected lab.yml, bin/PROGRAM, hosts/NAME/PATH or hosts/NAME.bin/PROGRAM")
                .err();
            }
        }
        if let Some(other) = &settings.programs_of {
            let Some(lent) = lender(other)? else {
                return Error::bad_input(format!(
                    "the lab \"{name}\" takes the programs of {other}.lab, which is neither beside it nor shipped"
                ))
                .hint("copy that folder beside this one, or take programs_of out of lab.yml and put the programs into bin/")
                .err();
            };
            let own: BTreeSet<String> = files.iter().map(|f| f.path.clone()).collect();
            files.extend(lent.into_iter().filter(|f| f.path.starts_with("bin/") && !own.contains(&f.path)));
            files.sort_by(|a, b| a.path.cmp(&b.path));
        }
        let files = files.into_iter().map(LabFile::with_its_mode).collect();
        Ok(LabSource { name: name.to_owned(), settings, files })
    }

    /// Reads a lab from its folder, `playbooks/NAME.lab`; a lab whose programs it takes lies beside it, or `otherwise`
    /// has its files.
    ///
    /// # Errors
    /// A file cannot be read, or they make no sense.
    pub fn from_folder(folder: &Path, otherwise: &dyn Fn(&str) -> Result<Option<Vec<LabFile>>>) -> Result<LabSource> {
        let name = folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let name = name.strip_suffix(".lab").unwrap_or(&name);
        let beside = |other: &str| match folder.with_file_name(format!("{other}.lab")) {
            there if there.is_dir() => Ok(Some(files_of(&there)?)),
            _ => otherwise(other),
        };
        LabSource::new(if name.is_empty() { "lab" } else { name }, files_of(folder)?, &beside)
    }
}

fn files_of(folder: &Path) -> Result<Vec<LabFile>> {
    let mut files = vec![];
    read_into(&mut files, folder, "")?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

impl LabFile {
    fn with_its_mode(mut self) -> LabFile {
        let stands_in = self.path.starts_with("bin/")
            || self
                .path
                .strip_prefix("hosts/")
                .and_then(|p| p.split_once('/'))
                .is_some_and(|(host, _)| host.ends_with(".bin"));
        self.executable |= stands_in || self.bytes.starts_with(b"#!");
        self
    }
}

fn read_into(files: &mut Vec<LabFile>, folder: &Path, relative: &str) -> Result<()> {
    let cannot = |e: std::io::Error| {
        Box::new(Error::bad_input(format!("cannot read the lab's files in {}: {e}", folder.display())))
    };
    for entry in std::fs::read_dir(folder).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            return Error::bad_input(format!("a file name in {} is not UTF-8", folder.display())).err();
        };
        let path = if relative.is_empty() { name.to_owned() } else { format!("{relative}/{name}") };
        let kind = entry.file_type().map_err(cannot)?;
        if kind.is_dir() {
            read_into(files, &entry.path(), &path)?;
        } else if kind.is_file() {
            let bytes = std::fs::read(entry.path()).map_err(cannot)?;
            let mode = entry.metadata().map_err(cannot)?.permissions().mode();
            files.push(LabFile { path, bytes, executable: mode & 0o111 != 0 });
        } else {
            return Error::bad_input(format!("{} is neither file nor folder", entry.path().display()))
                .hint("say symbolic links under `links:` in lab.yml")
                .err();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> LabFile {
        LabFile { path: path.into(), bytes: text.into(), executable: false }
    }

    #[test]
    fn stand_ins_and_scripts_are_executable() {
        let files = vec![
            file("lab.yml", "hosts: { a: {} }"),
            file("bin/pcli", "exit 0"),
            file("hosts/a.bin/x", ""),
            file("hosts/a/etc/lab/boot", "#!/bin/sh\n"),
            file("hosts/a/etc/x.conf", "x"),
        ];
        let source = LabSource::new("t", files, &|_| Ok(None)).unwrap();
        let executable: Vec<bool> = source.files.iter().map(|f| f.executable).collect();
        assert_eq!(executable, [false, true, true, true, false]);
    }

    #[test]
    fn a_file_of_no_host_is_refused() {
        let e = LabSource::new("t", vec![file("lab.yml", "hosts: { a: {} }"), file("hosts/b/x", "")], &|_| Ok(None))
            .unwrap_err();
        assert!(e.to_string().contains("hosts/b/x"), "{e}");
        let e =
            LabSource::new("t", vec![file("lab.yml", "hosts: { a: {} }"), file("hosts/a/../../x", "")], &|_| Ok(None));
        assert!(e.is_err());
        assert!(LabSource::new("t", vec![], &|_| Ok(None)).unwrap_err().to_string().contains("lab.yml"));
    }
    #[test]
    fn programs_of_another_lab_come_with_it_and_its_own_win() {
        let files = || {
            vec![
                file("lab.yml", "hosts: { a: {} }\nprograms_of: other"),
                file("bin/pcli", "own"),
                file("hosts/a/etc/x", "x"),
            ]
        };
        let other = |name: &str| {
            assert_eq!(name, "other");
            Ok(Some(vec![file("lab.yml", "hosts: { b: {} }"), file("bin/pcli", "other"), file("bin/rpm", "other")]))
        };
        let source = LabSource::new("t", files(), &other).unwrap();
        let all: Vec<(&str, &[u8], bool)> =
            source.files.iter().map(|f| (f.path.as_str(), f.bytes.as_slice(), f.executable)).collect();
        assert_eq!(all[0], ("bin/pcli", b"own".as_slice(), true));
        assert_eq!(all[1], ("bin/rpm", b"other".as_slice(), true));
        assert_eq!(all.len(), 4);
        let e = LabSource::new("t", files(), &|_| Ok(None)).unwrap_err().to_string();
        assert!(e.contains("other.lab") && e.contains("bin/"), "{e}");
    }

    #[test]
    fn the_lab_that_lends_lies_beside_or_is_given() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("mine.lab/lab.yml", "hosts: { a: {} }\nprograms_of: other");
        let given = |_: &str| Ok(Some(vec![file("bin/x", "given")]));
        let bytes = || {
            let source = LabSource::from_folder(&folder.path().join("mine.lab"), &given).unwrap();
            source.files.iter().find(|f| f.path == "bin/x").unwrap().bytes.clone()
        };
        assert_eq!(bytes(), b"given");
        write("other.lab/bin/x", "beside");
        assert_eq!(bytes(), b"beside");
    }
}
