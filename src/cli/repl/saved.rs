//! `:save FILE`: what succeeded, as a playbook that can be checked, rehearsed and run.

use super::line::How;
use super::talk::Talk;
use crate::cli::Script;
use crate::cli::gathered::checked;
use crate::cli::gathered::gather_script;
use crate::cli::wrong::Wrong;
use crate::error::Error;
use crate::primitives::ALL;
use crate::script::{self, Typescript};
use std::path::Path;

impl Talk<'_> {
    /// Writes the lines that succeeded as a playbook.
    ///
    /// # Errors
    /// Nothing succeeded, the file is there already, or what would be written does not pass the check.
    pub(super) fn save(&self, file: &str) -> Result<(), Wrong> {
        if file.is_empty() {
            return Err(Error::bad_input(":save needs the name of a file").hint(":save move.rhai").into());
        }
        let kept: Vec<_> = self.kept().collect();
        if kept.is_empty() {
            return Err(Error::bad_input("no line has succeeded yet, so there is nothing to save").into());
        }
        let lines: Vec<String> = kept.iter().map(|l| l.text.clone()).collect();
        let setting = self.ground.setting();
        let typed = Typescript {
            lines: &lines,
            hosts: &setting.hosts.keys().cloned().collect::<Vec<_>>(),
            groups: &setting.groups.keys().cloned().collect::<Vec<_>>(),
            params: &self.params,
            table: ALL,
        };
        let (text, remarks) = script::playbook_of(&typed);
        let name = if file.ends_with(".rhai") { file.to_string() } else { format!("{file}.rhai") };
        let path = Path::new(&name);
        let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let script = Script { name: stem, file: name.clone(), path: Some(path.into()), text: text.clone() };
        checked(&gather_script(&script)?)?;
        crate::world::files::write_new(path, &text)?;
        let mut said = format!("{name}: {} of {} lines; try it: mig check {name}", kept.len(), self.lines.len());
        for (n, why) in remarks {
            if let Some(line) = kept.get(n) {
                said += &format!("\nline {}: {why}", line.number);
            }
        }
        for line in self.lines.iter().filter(|l| matches!(l.how, How::Failed | How::Stopped)) {
            said += &format!("\nline {} is left out, it {}", line.number, line.how.word());
        }
        self.shown.page(&said);
        Ok(())
    }
}
