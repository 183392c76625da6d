//! Rows 33 to 35 and 45: who answers, and what a login there does.

use crate::ground::{Ground, ground, wait_for};
use std::fs;
use std::os::unix::fs::PermissionsExt;

fn fingerprint(g: &Ground, host: &str) -> String {
    let said = g.host(host).must("ssh-keygen -l -f /etc/ssh/live_key.pub");
    said.split_whitespace().nth(1).unwrap().to_owned()
}
fn step(name: &str, host: &str) -> String {
    format!("step(\"{name}\", || {{ {host}.ssh(\"echo x >>/var/tmp/starts\", #{{ undo: false }}); }});\n")
}

#[test]
fn row_33_host_key_changed_mid_migration() {
    let Some(g) = ground(&["dest"], "") else { return };
    let dest = g.host("dest");
    let old = fingerprint(&g, "dest");
    let body = [
        step("One", "dest").replace("undo: false", "undo: \"true\""),
        format!("step(\"Wait\", || {{ {} }});", g.gate()),
        step("Two", "dest"),
    ]
    .concat();
    let run = g.begin(&body, &[]);
    g.wait_at_gate();
    // Installed anew: another key, and the connection is gone.
    dest.new_host_key();
    dest.must(&format!("kill -KILL $(cat /run/sshd.pid) {}", dest.sessions()));
    dest.start_sshd();
    let new = fingerprint(&g, "dest");
    assert_ne!(old, new);
    g.open_gate();
    let said = run.wait(60);
    said.is(3).says(&["the host key of dest (192.0.2.10) has changed", &old, &new]);
    assert_eq!(dest.starts(), 1, "nothing was sent");
    // There is no way around it, also not for another command.
    for words in [["resume"], ["rollback"]] {
        let again = g.mig(&[&words[..], &[&said.run(), "--yes", "--accept-new-host-keys"]].concat()).wait(60);
        assert_eq!(again.code, Some(3), "{words:?}: {}", again.text);
        again.says(&[&old, &new]);
    }
    assert_eq!(dest.starts(), 1);
    g.nobody_is_left();
}

#[test]
fn row_34_same_address_other_machine() {
    let Some(g) = ground(&["source", "dest"], "") else { return };
    let inventory = fs::read_to_string(g.path("inventory.yml")).unwrap();
    g.write("inventory.yml", &inventory.replace("  dest: { ", "  dest: { moves_to: 192.0.2.10, "));
    let (source, dest) = (g.host("source"), g.host("dest"));
    let body = [
        step("Old", "source"),
        step("New", "dest"),
        format!("step(\"Wait\", || {{ {} }});", g.gate()),
        step("New again", "dest"),
        step("Old again", "source"),
    ]
    .concat();
    let run = g.begin(&body, &["--reconnect-for", "4s"]);
    g.wait_at_gate();
    source.power_off();
    dest.readdress(&["192.0.2.10"]);
    g.open_gate();
    let said = run.wait(90);
    // The new machine is found under the old address and is no alarm; it is not taken for the old one.
    said.is(4).says(&["at 192.0.2.10 answers dest now", "Old again"]).never_says("has changed");
    assert_eq!((source.starts(), dest.starts()), (1, 2));
    // The old machine is back under its address.
    dest.readdress(&["192.0.2.11"]);
    source.boot();
    let resumed = g.mig(&["resume", &said.run(), "--yes"]).wait(60);
    resumed.is(0);
    assert_eq!((source.starts(), dest.starts()), (2, 2));
    g.nothing_is_left(&said);
}

/// Makes `name` the login shell of a new user who is root, and begins a playbook as that user.
fn with_shell(g: &Ground, user: &str, shell: &str, text: &str) -> crate::running::Said {
    let dest = g.host("dest");
    dest.write("/opt/shell", text);
    fs::set_permissions(dest.file("/opt/shell"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut users = dest.read("/etc/passwd");
    users += &format!("{user}:x:0:0::/root:{shell}\n");
    dest.write("/etc/passwd", &users);
    let inventory = fs::read_to_string(g.path("inventory.yml")).unwrap();
    let old = inventory.split("user: ").nth(1).unwrap().split(',').next().unwrap().to_owned();
    g.write("inventory.yml", &inventory.replace(&format!("user: {old},"), &format!("user: {user},")));
    let body = r#"step("Do it", || {
        let a = dest.ssh("echo x >>/var/tmp/starts; echo 'it'\\''s'; echo err >&2; exit 7", #{ undo: false, ok: [7] });
        note(`got ${a.code} ${a.stdout} ${a.stderr}`);
    });"#;
    g.begin(body, &[]).wait(60)
}

#[test]
fn row_35_login_shells_and_forced_commands() {
    let Some(g) = ground(&["dest"], "Banner /etc/issue.live\nPermitUserEnvironment no") else { return };
    let dest = g.host("dest");
    dest.write("/etc/issue.live", "*** authorised use only ***\n\u{1e}not<an answer\n");
    let before = |g: &Ground| g.host("dest").starts();
    let good = |g: &Ground, said: crate::running::Said, n: usize| {
        said.is(0).says(&["got 7 it's err"]).never_says("authorised");
        assert_eq!(before(g), n);
        g.finish(&said.run());
    };
    // A shell that is talkative before and after, on both streams, like a .bashrc that prints.
    let noisy = "#!/bin/sh\nprintf 'Welcome! \\036abc<\\n'; echo 'last login: never' >&2\n/bin/sh \"$@\"\ne=$?\necho 'bye bye'; echo bye >&2\nexit $e\n";
    let said = with_shell(&g, "noisy", "/opt/shell", noisy);
    good(&g, said, 1);
    // Like fish: it knows quotes and `exec`, and neither `$(...)`, `VAR=x` nor `&&`.
    let strict = "#!/bin/sh\n[ \"$1\" = -c ] || exit 2\ncase ${2%%\\'*} in *'$'*|*'`'*|*'&'*|*';'*|*=*) echo 'fish: unknown syntax' >&2; exit 127;; esac\nexec /bin/sh \"$@\"\n";
    let said = with_shell(&g, "fishy", "/opt/shell", strict);
    good(&g, said, 2);
    let refused = |said: crate::running::Said, part: &str| {
        assert!(matches!(said.code, Some(3 | 4)), "{}", said.text);
        said.says(&[part]);
        assert_eq!(before(&g), 2, "nothing was started");
    };
    refused(with_shell(&g, "nobody2", "/usr/sbin/nologin", ""), "allows no commands (nologin)");
    let csh = "#!/bin/sh\necho \"Unmatched '''.\" >&2\nexit 1\n";
    refused(with_shell(&g, "csh", "/opt/shell", csh), "csh or tcsh");
    let menu = "#!/bin/sh\necho '1) reboot  2) status'; exit 0\n";
    refused(with_shell(&g, "menu", "/opt/shell", menu), "did not run our command");
    dest.configure("ForceCommand echo only backups here");
    dest.must("kill -HUP $(cat /run/sshd.pid)");
    wait_for("sshd again", 10, || dest.sh("cat /run/sshd.pid").status.success());
    crate::ground::sleep(0.3);
    let said = with_shell(&g, "forced", "/bin/sh", "");
    refused(said, "only backups here");
    g.nobody_is_left();
}

#[test]
fn row_45_sudo_asks_for_a_password() {
    let Some(g) = ground(&["dest"], "") else { return };
    let dest = g.host("dest");
    if dest.must("command -v sudo || true").is_empty() {
        // What sudo says then; the real one is used where it is installed.
        fs::write(dest.tree.join("../bin/sudo"), "#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n")
            .unwrap();
        fs::set_permissions(dest.tree.join("../bin/sudo"), fs::Permissions::from_mode(0o755)).unwrap();
    }
    dest.write("/etc/sudoers", "Defaults !fqdn\nops ALL=(ALL) ALL\n");
    fs::set_permissions(dest.file("/etc/sudoers"), fs::Permissions::from_mode(0o440)).unwrap();
    dest.write("/etc/passwd", &(dest.read("/etc/passwd") + "ops:x:4711:4711::/home/ops:/bin/sh\n"));
    dest.must("mkdir -p /home/ops && chown 4711:4711 /home/ops && chmod a+rx /root /root/.ssh && chmod a+r /root/.ssh/authorized_keys");
    let inventory = fs::read_to_string(g.path("inventory.yml")).unwrap();
    g.write("inventory.yml", &inventory.replace("user: root,", "user: ops, sudo: true,"));
    let began = std::time::Instant::now();
    let said = g.begin(&step("Do it", "dest"), &[]).wait(60);
    assert!(matches!(said.code, Some(3 | 4)), "{}", said.text);
    said.says(&["needs passwordless sudo", "/etc/sudoers.d"]);
    assert!(began.elapsed().as_secs() < 15, "it hung");
    assert_eq!(dest.starts(), 0);
    g.nobody_is_left();
}
