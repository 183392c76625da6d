//! What goes wrong in the labs of both Pryv.io playbooks alike, and what release 1.7.6 has otherwise in both.

use super::forked::Forked;

/// The run is taken back, also what came behind its point of no return.
pub const BACK: &[&str] = &["rollback", "--past-no-return", "--yes"];

/// Refused while another address than one of the new machine is given for it.
pub fn refuses_a_foreign_address(place: &Forked) {
    let why = "an interface of dest has 127.0.0.99 (else say which in \"interface\")";
    place.refuses(&["--set", "address=127.0.0.99"], why);
    place.closes();
}

/// Refused while something listens on port 443 of the new machine.
pub fn refuses_a_busy_port(place: &Forked) {
    let listens = "#!/bin/sh\nsetsid python3 -c 'import socket, time; s = socket.create_server((\"127.0.0.11\", 443)); time.sleep(600)' >/dev/null 2>&1 </dev/null &\nuntil ss -Hltn | grep -q 127.0.0.11:443; do sleep 0.1; done\n";
    place.write("dest/etc/lab/boot", listens);
    place.refuses(&[], "port 443 of dest is free");
    place.closes();
}

/// Refused while the data takes more than any disk has.
pub fn refuses_too_little_disk(place: &Forked, why: &str) {
    place.write("source.bin/du", "#!/bin/sh\nprintf '900000000000\\t%s\\n' \"$4\"\n");
    place.refuses(&[], why);
}

/// Gives a file of the lab another name.
pub fn renames(place: &Forked, file: &str, to: &str) {
    let text = std::fs::read_to_string(place.path(file)).expect("it is there");
    place.write(to, &text);
    place.removes(file);
}

/// Makes the scripts of these hosts, so many in all, those of release 1.7.6: they look in the current folder, and some
/// have no first line.
pub fn scripts_of_1_7_6(place: &Forked, hosts: &[&str], count: usize) {
    let mut made = 0;
    for host in hosts {
        for what in ["pryv", "config-follower", "config-leader"] {
            for verb in ["run", "stop"] {
                let script = format!("{host}/var/pryv/{verb}-{what}");
                if !place.path(&script).exists() {
                    continue;
                }
                let text = std::fs::read_to_string(place.path(&script)).expect("a script");
                let text = text.replace("docker-compose -f ${PRYV_CONF_ROOT}/", "docker-compose -f ./");
                // The lab of the register has some that are so already.
                assert!(text.contains("docker-compose -f ./"), "{script} has no call that looks in the current folder");
                place.write(&script, if verb == "stop" { text.trim_start_matches("#!/bin/bash\n") } else { &text });
                made += 1;
            }
        }
    }
    assert_eq!(made, count, "the scripts of {hosts:?}");
}

/// A key that stands beside the addresses, in platform.yml and in what is made from it, is neither said nor kept.
pub fn no_key_is_kept(place: &Forked, said: &str) {
    assert!(!said.contains("lab-only-admin-key"), "{said}");
    assert_eq!(place.stored("lab-only-admin-key"), Vec::<String>::new());
}
