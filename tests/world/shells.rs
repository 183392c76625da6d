//! The shell that stays open on a host.

use super::stage::*;

/// The session in which a command runs.
const SESSION: &str = "cut -d' ' -f6 /proc/self/stat";

fn is_alive(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|s| !s.contains(") Z "))
}
fn number(s: &Stage, token: i64, command: &str) -> u32 {
    let value = s.remote.act(&Token::deed(token, 0, 1), &deed(command)).unwrap();
    value["stdout"].as_str().unwrap().trim().parse().unwrap()
}

#[test]
fn commands_share_a_session_and_leave_nothing_in_it() {
    let s = stage("");
    let one = number(&s, 1, &format!("cd /tmp; umask 0; trap '' TERM; X=1; export X; {SESSION}"));
    assert_eq!(number(&s, 2, SESSION), one);
    let value = s.remote.act(&Token::deed(3, 0, 1), &deed("pwd; umask; echo [$X]; exit")).unwrap();
    assert_eq!(value["stdout"], "/\n0022\n[]");
    assert_eq!(number(&s, 4, SESSION), one);
    let reading = s.remote.run(&h(), &sh(SESSION), 60_000).unwrap().stdout;
    assert_ne!(reading.trim(), one.to_string(), "what a reading leaves may go on printing");
}

#[test]
fn two_commands_at_once_have_a_shell_each() {
    let s = stage("");
    let meet = |mine: &str, other: &str| {
        let (mine, other) = (s.file(mine), s.file(other));
        deed(&format!(
            "touch {mine}; i=0; while ! [ -e {other} ] && [ $i -lt 600 ]; do sleep 0.1; i=$((i + 1)); done; [ -e {other} ]"
        ))
    };
    std::thread::scope(|t| {
        let one = t.spawn(|| s.remote.act(&Token::deed(1, 0, 1), &meet("a", "b")));
        let two = t.spawn(|| s.remote.act(&Token::deed(2, 0, 1), &meet("b", "a")));
        one.join().unwrap().unwrap();
        two.join().unwrap().unwrap();
    });
}

#[test]
fn the_end_of_a_command_spares_what_another_left_in_its_session() {
    let s = stage("");
    for n in 0..3 {
        let pid = number(&s, 2 * n, "sleep 300 >/dev/null 2>&1 & echo $!");
        let long = Run { timeout_ms: 300, ..Run::new(&h(), sh("sleep 301 & sleep 302")) };
        let f = failure(s.remote.act(&Token::deed(2 * n + 1, 0, 1), &Deed::Run(long)));
        assert!(f.message.contains("longer than 300 ms"), "{f:?}");
        assert!(is_alive(pid), "a service that was started before");
        signal("-KILL", pid);
    }
    let left = s.remote.run(&h(), &sh("pgrep -x -f 'sleep 30[12]'"), 60_000).unwrap();
    assert_eq!(left.stdout, "", "nothing of the commands themselves");
}

#[test]
fn a_shell_that_somebody_killed_is_replaced() {
    let s = stage("");
    let count = |n: i64| s.remote.act(&Token::deed(n, 0, 1), &deed(&format!("echo x >>{}", s.file("n")))).unwrap();
    let shell = number(&s, 1, SESSION);
    signal("-KILL", shell);
    count(2);
    assert_eq!(s.starts("n"), 1);
    // By a command itself, which then still ends as one.
    let f = failure(s.remote.act(&Token::deed(3, 0, 1), &deed(&format!("kill -9 $({SESSION}); sleep 0.2; exit 3"))));
    assert_eq!(f.code, 3);
    count(4);
    assert_eq!(s.starts("n"), 2);
}

#[test]
fn a_server_with_one_session_a_connection_has_it_back_for_what_needs_its_own() {
    let s = stage("MaxSessions 1");
    for n in 0..3 {
        s.remote.act(&Token::deed(n, 0, 1), &deed("true")).unwrap();
        assert_eq!(s.remote.run(&h(), &sh("echo read"), 60_000).unwrap().stdout, "read\n");
    }
    assert_eq!(s.sshd.sessions().len(), 1);
}
