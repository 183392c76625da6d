//! What the client of Docker complains of, told apart: its exit code is 1 for nearly all of it.

/// Why Docker did not do it, as a clause, and what can be done about it.
pub fn complaint(stderr: &str, host: &str, container: &str) -> (String, String) {
    let line = last_line(stderr);
    let has = |words: &[&str]| words.iter().any(|w| line.contains(w));
    let see = || format!("see what there is: {host}.capture(\"docker ps -a\")");
    if has(&["docker: not found", "docker: command not found", "docker: No such file"]) {
        let hint = "install Docker there, or name the host that the container is on";
        return (format!("there is no docker on {host}"), hint.into());
    }
    if has(&["ermission denied while trying to connect"]) {
        let hint = format!("write `sudo: true` for {host} in the inventory, or let its user into the group docker");
        return (format!("the user on {host} may not use docker: no permission to its socket"), hint);
    }
    if has(&["client version"]) && has(&["too old", "too new"]) {
        let hint = format!("the two must come from releases that fit: {host}.capture(\"docker version\")");
        return (format!("docker on {host} does not speak with its engine: {line}"), hint);
    }
    if has(&["Cannot connect to the Docker daemon", "docker daemon is not running", "error during connect"]) {
        let hint = format!("see why: systemctl status docker, on {host}");
        return (format!("the engine of Docker on {host} does not answer"), hint);
    }
    if has(&["No such container", "No such object"]) {
        return (format!("there is no container {container} on {host}"), see());
    }
    if has(&["ultiple IDs found", "is ambiguous"]) {
        return (format!("{container} fits more than one container on {host}"), "give its whole name".into());
    }
    if has(&["is paused", "is pausing"]) {
        let hint = format!("{host}.docker(\"{container}\", \"started\") lets it go on");
        return (format!("container {container} on {host} is paused"), hint);
    }
    if has(&["is restarting"]) {
        let hint = format!("see why: docker logs {container}, on {host}");
        return (format!("container {container} on {host} is restarting"), hint);
    }
    if has(&["is not running"]) {
        let hint = format!("{host}.docker(\"{container}\", \"started\") starts it");
        return (format!("container {container} on {host} is not running"), hint);
    }
    if has(&["executable file not found", "no such file or directory"]) && has(&["exec: "]) {
        let program = line.split("exec: \"").nth(1).and_then(|r| r.split('"').next()).unwrap_or("the program");
        return (format!("there is no program {program} in container {container}"), in_image());
    }
    if has(&["chdir to cwd", "Cwd must be"]) {
        return (format!("the folder it is to run in is not in container {container}"), in_image());
    }
    if has(&["permission denied"]) && has(&["exec: "]) {
        let program = line.split("exec: \"").nth(1).and_then(|r| r.split('"').next()).unwrap_or("the program");
        return (format!("{program} in container {container} may not be executed"), in_image());
    }
    if has(&["unable to find user", "unable to find group"]) {
        return (format!("container {container}: {line}"), in_image());
    }
    let said = if line.is_empty() { "without saying why" } else { line };
    (format!("docker on {host} failed: {said}"), see())
}

/// Whether the last that was said is a complaint of Docker, not of what it ran.
pub fn is_complaint(stderr: &str) -> bool {
    let line = last_line(stderr);
    let begins = [
        "Error response from daemon: ",
        "Error: No such ",
        "OCI runtime exec failed",
        "unable to find user ",
        "unable to find group ",
        "Cannot connect to the Docker daemon",
        "error during connect",
        "permission denied while trying to connect",
        "Got permission denied while trying to connect",
    ];
    begins.iter().any(|b| line.starts_with(b)) || line.ends_with("docker: not found")
}

fn in_image() -> String {
    "what is in a container comes with its image".into()
}

fn last_line(text: &str) -> &str {
    text.trim_end().lines().last().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_complaint_is_its_own() {
        let said = [
            ("sh: 1: docker: not found", "there is no docker on h"),
            (
                "Got permission denied while trying to connect to the Docker daemon socket at unix:///x",
                "may not use docker",
            ),
            (
                "permission denied while trying to connect to the Docker daemon socket at unix:///x",
                "may not use docker",
            ),
            ("Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?", "does not answer"),
            (
                "Error response from daemon: client version 1.50 is too new. Maximum supported API version is 1.41",
                "does not speak",
            ),
            ("Error response from daemon: No such container: web", "there is no container web on h"),
            ("Error: No such object: web", "there is no container web on h"),
            ("Error response from daemon: Container 8d is not running", "is not running"),
            ("Error response from daemon: Container web is paused, unpause the container before exec", "is paused"),
            (
                "Error response from daemon: Container 8d is restarting, wait until the container is running",
                "is restarting",
            ),
            (
                "OCI runtime exec failed: exec failed: unable to start container process: exec: \"nosuch\": executable file not found in $PATH: unknown",
                "there is no program nosuch in container web",
            ),
            (
                "OCI runtime exec failed: exec failed: unable to start container process: exec: \"/etc/passwd\": permission denied: unknown",
                "/etc/passwd in container web may not be executed",
            ),
            (
                "OCI runtime exec failed: exec failed: unable to start container process: chdir to cwd (\"/nodir\") set in config.json failed: no such file or directory: unknown",
                "the folder it is to run in",
            ),
            ("unable to find user nosuch: no matching entries in passwd file", "unable to find user nosuch"),
        ];
        for (line, expected) in said {
            let (why, hint) = complaint(&format!("before\n{line}\n"), "h", "web");
            assert!(why.contains(expected), "{line}: {why}");
            assert!(!hint.is_empty() && is_complaint(line), "{line}");
        }
        assert!(!is_complaint("cat: /x: No such file or directory") && !is_complaint(""));
    }
}
