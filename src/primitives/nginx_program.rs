//! nginx itself: how it checks its configuration, and how a reload is known to have happened.

use crate::contract::Command;
use crate::name::ContainerName;

/// A command, within a container if there is one.
pub fn in_container(container: Option<&ContainerName>, command: Command) -> Command {
    match container {
        None => command,
        Some(name) => command.in_container(name, &[]),
    }
}

/// Asks nginx whether it takes its configuration.
pub fn validate(container: Option<&ContainerName>, program: Option<&Command>) -> Command {
    let command = match program {
        None => Command::argv(["nginx", "-t"]),
        Some(Command::Argv(words)) => Command::Argv(words.iter().cloned().chain(["-t".into()]).collect()),
        Some(Command::Shell(text)) => Command::Shell(format!("{text} -t")),
    };
    in_container(container, command)
}

/// Reloads nginx, and succeeds only when new workers serve: exit code 0 of `nginx -s reload` says no
/// more than that a signal was sent.
pub fn apply(container: Option<&ContainerName>, program: Option<&Command>) -> Command {
    let program = program.map_or_else(|| "nginx".into(), Command::to_sh);
    let script = format!("run_nginx() {{\n{program} \"$@\"\n}}\n{}", without_comments(include_str!("nginx_reload.sh")));
    Command::Shell(in_container(container, Command::Shell(script)).to_sh())
}

fn without_comments(script: &str) -> String {
    script.lines().filter(|l| !l.trim_start().starts_with('#')).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_go_into_the_container() {
        let web = ContainerName::parse("web").unwrap();
        assert_eq!(validate(None, None).to_sh(), "nginx -t");
        assert_eq!(validate(Some(&web), None).to_sh(), "docker exec web nginx -t");
        let program = Command::Shell("nginx -p /x".into());
        assert_eq!(validate(Some(&web), Some(&program)).to_sh(), "docker exec web sh -c 'nginx -p /x -t'");
        let apply = apply(Some(&web), Some(&program)).to_sh();
        assert!(apply.starts_with("docker exec web sh -c 'run_nginx() {\nnginx -p /x"));
    }
}
