//! Rows 20 to 22, 55 and 56: what is wrong with a machine, said before anything is changed there.

use super::Desk;
use super::sshd::Sshd;
use std::os::unix::fs::PermissionsExt;

const PLAYBOOK: &str = "let p = params(#{ source: host(\"a host\"), dest: host(\"another\") });\n\
    p.source.ssh(\"true\", #{ undo: false });\np.dest.ssh(\"true\", #{ undo: false });\n";
const ONE: &str = "let p = params(#{ source: host(\"a host\") });\nexpect(p.source.capture(\"echo hello\").code == 0, \"it answers\");\np.source.ssh(\"true\", #{ undo: false });\n";

/// What an inventory says of a host that this server is.
fn host(sshd: &Sshd) -> String {
    format!("address: 127.0.0.1, port: {}, identity: {}", sshd.port, sshd.folder.join("user_key").display())
}

#[test]
fn row_20_two_names_for_one_machine_in_the_inventory() {
    let desk = Desk::new();
    desk.write("p.rhai", PLAYBOOK);
    for (source, dest) in
        [(desk.trap(), desk.trap()), ("ssh: r1".into(), "ssh: r1".into()), ("local: true".into(), "local: true".into())]
    {
        desk.write("inventory.yml", format!("hosts:\n  source: {{ {source} }}\n  dest: {{ {dest} }}\n"));
        desk.refuses(
            &["plan", "p.rhai"],
            2,
            &["inventory.yml:3:3: \"source\" and \"dest\" are the same machine", "2 |   source"],
        );
    }
}

#[test]
fn row_20_two_addresses_that_are_one_machine() {
    let desk = Desk::new();
    desk.write("p.rhai", PLAYBOOK);
    // The same machine under two ports: with one host key, and with two.
    let one = Sshd::start(&desk.path("one"), "");
    let same_key = Sshd::start(&desk.path("one"), "");
    desk.write("inventory.yml", format!("hosts:\n  source: {{ {} }}\n  dest: {{ {} }}\n", host(&one), host(&same_key)));
    // A plan sees it already, and takes no lock on this machine, which other tests use too.
    let words = ["plan", "p.rhai", "--accept-new-host-keys"];
    let said = desk.mig(&words);
    said.ends(3).has(&["\"source\"", "\"dest\"", "are the same machine", "SHA256:"]);
    assert!(desk.run_ids().is_empty());
    let desk = Desk::new();
    desk.write("p.rhai", PLAYBOOK);
    let other_key = Sshd::start(&desk.path("two"), "");
    desk.write(
        "inventory.yml",
        format!("hosts:\n  source: {{ {} }}\n  dest: {{ {} }}\n", host(&one), host(&other_key)),
    );
    let said = desk.mig(&words);
    said.ends(0).has(&["\"source\" and \"dest\" may be the same machine: both have the machine-id"]);
}

#[test]
fn row_21_identities_that_cannot_be_used() {
    let desk = Desk::new();
    desk.write("p.rhai", ONE);
    let key = |name: &str, words: &[&str]| {
        let path = desk.path(name);
        let mut keygen = std::process::Command::new("ssh-keygen");
        keygen.args(["-q", "-t", "ed25519"]).args(words).arg("-f").arg(&path);
        assert!(keygen.status().unwrap().success());
    };
    key("good", &["-N", ""]);
    key("locked", &["-N", "a long passphrase"]);
    key("open", &["-N", ""]);
    std::fs::set_permissions(desk.path("open"), std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::copy(desk.path("good.pub"), desk.path("public")).unwrap();
    std::fs::create_dir(desk.path("folder")).unwrap();
    desk.write("text", "not a key");
    let home = |name: &str| desk.path(name).display().to_string();
    for (identity, says) in [
        (home("gone"), "there is no such file"),
        (home("folder"), "it is a folder"),
        (home("public"), "it is a public key"),
        (home("open"), "others may read it (mode 0644)"),
        (home("locked"), "ssh-add"),
        (home("text"), "not a private key"),
        (home("good.pub"), "the public half of a key"),
        ("~/gone".into(), "there is no such file"),
    ] {
        desk.write("inventory.yml", format!("hosts:\n  source: {{ {}, identity: {identity} }}\n", desk.trap()));
        desk.refuses(&["plan", "p.rhai"], 2, &["inventory.yml:2:", &identity, says]);
    }
}

#[test]
fn row_22_a_host_key_that_is_unknown_or_has_changed() {
    let desk = Desk::new();
    desk.write("p.rhai", ONE);
    let sshd = Sshd::start(&desk.path("ssh"), "");
    desk.write("inventory.yml", format!("hosts:\n  source: {{ {} }}\n", host(&sshd)));
    // Nobody is there to compare the fingerprint: --yes is no answer to that.
    let said = desk.mig(&["run", "p.rhai", "--yes"]);
    said.ends(5).has(&["the host key of source", "is not known yet", "SHA256:", "--accept-new-host-keys"]);
    assert!(desk.run_ids().is_empty());
    // Of several all that are unknown are shown, not only the first one.
    let second = Sshd::start(&desk.path("ssh2"), "");
    desk.write(
        "two.rhai",
        "//! Two.\nlet p = params(#{ source: host(\"one\"), dest: host(\"two\") });\nnote(p.dest.machine().os);\n",
    );
    desk.write("two.yml", format!("hosts:\n  source: {{ {} }}\n  dest: {{ {} }}\n", host(&sshd), host(&second)));
    let said = desk.mig(&["plan", "two.rhai", "-i", "two.yml"]);
    said.ends(5).has(&["host keys of 2 hosts are not known yet", "  source (", "  dest (", "--accept-new-host-keys"]);
    drop(second);
    desk.mig(&["plan", "p.rhai", "--accept-new-host-keys"]).ends(0);
    desk.mig(&["plan", "p.rhai"]).ends(0);
    // Another machine answers at the same address.
    let port = sshd.port;
    drop(sshd);
    for name in ["host_key", "host_key.pub"] {
        std::fs::remove_file(desk.path("ssh").join(name)).unwrap();
    }
    let _other = Sshd::start(&desk.path("ssh"), &format!("ListenAddress 127.0.0.1:{port}"));
    let said = desk.mig(&["plan", "p.rhai", "--accept-new-host-keys"]);
    said.ends(3).has(&["host key", "source", "changed"]);
    assert!(said.err.matches("SHA256:").count() >= 2, "both are shown: {}", said.err);
}

/// A folder of programs that a host has, and nothing else.
fn programs(desk: &Desk, names: &[&str]) -> String {
    std::fs::create_dir_all(desk.path("programs")).unwrap();
    for name in names {
        let from =
            ["/usr/bin", "/bin"].iter().map(|f| format!("{f}/{name}")).find(|p| std::path::Path::new(p).exists());
        std::os::unix::fs::symlink(from.expect("it is installed here"), desk.path("programs").join(name)).unwrap();
    }
    desk.path("programs").display().to_string()
}

#[test]
fn row_55_programs_that_the_host_lacks_are_listed_at_once() {
    let desk = Desk::new();
    desk.write("p.rhai", ONE);
    let few = programs(&desk, &["sh", "cat", "id", "uname", "mkdir", "df", "awk", "setsid"]);
    let sshd = Sshd::start(&desk.path("ssh"), &format!("SetEnv PATH={few}"));
    desk.write("inventory.yml", format!("hosts:\n  source: {{ {} }}\n", host(&sshd)));
    let said = desk.mig(&["run", "p.rhai", "--yes", "--accept-new-host-keys"]);
    said.ends(3).has(&["source", "sha256sum (coreutils)", "mv (coreutils)", "Nothing was changed"]);
    assert!(desk.run_ids().is_empty());
}

#[test]
fn row_56_an_answer_that_is_not_of_the_protocol() {
    for (forced, says) in [
        ("ForceCommand echo welcome to the jungle", "welcome to the jungle"),
        ("ForceCommand true", "source"),
        ("ForceCommand head -c 200000 /dev/zero", "source"),
    ] {
        let desk = Desk::new();
        desk.write("p.rhai", ONE);
        let sshd = Sshd::start(&desk.path("ssh"), forced);
        desk.write("inventory.yml", format!("hosts:\n  source: {{ {} }}\n", host(&sshd)));
        let said = desk.mig(&["run", "p.rhai", "--yes", "--accept-new-host-keys", "--reconnect-for", "2s"]);
        assert!(matches!(said.code, Some(3 | 4)), "{forced}: {said:?}");
        said.has(&[says]).lacks(&["✓ it answers", "bug"]);
        assert!(desk.run_ids().is_empty(), "no run is begun");
    }
}
