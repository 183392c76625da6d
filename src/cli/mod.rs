//! What the user types: one command, one file. The only room that knows clap and that prints.
//!
//! Deliberately not here: any rule about runs. A command finds its playbook or run, opens the
//! rooms below, and shows what they say.

mod candidates;
mod check;
mod command;
mod completing;
mod completions;
mod doc;
mod drive;
mod exit;
mod face;
mod finish;
mod fork;
mod gathered;
mod globals;
mod ground;
mod in_lab;
mod journal;
mod lab;
mod lab_hands;
mod man;
mod page;
mod plan;
mod rehearsal;
mod repl;
mod resolve;
mod resume;
mod rollback;
mod run;
mod runs;
mod shipped;
mod show;
mod signals;
mod start;
mod terminal;
mod test;
mod unlock;
mod wrong;

pub use check::{CheckArgs, Format};
pub use command::{Cli, Command, command};
pub use completions::CompletionsArgs;
pub use doc::DocArgs;
pub use exit::{error_of, kind_of, show_error};
pub use face::Face;
pub use finish::FinishArgs;
pub use fork::ForkArgs;
pub use globals::{Color, Globals, Setting};
use ground::faces;
pub use journal::{JournalArgs, JournalCommand};
pub use lab::LabArgs;
pub use man::ManArgs;
pub use page::page;
pub use plan::PlanArgs;
pub use repl::ReplArgs;
pub use resolve::{ResolveArgs, Said};
pub use resume::ResumeArgs;
pub use rollback::RollbackArgs;
pub use run::RunArgs;
pub use runs::RunsArgs;
pub use shipped::{Lab, Script, lab_of, playbook, playbook_names, stdlib, stdlib_names};
pub use show::ShowArgs;
pub use start::start;
pub use terminal::Person;
pub use test::TestArgs;
pub use unlock::UnlockArgs;
