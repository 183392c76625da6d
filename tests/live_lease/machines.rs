//! Between machines of their own, with real sshd, real loopbacks and real reboots.
//!
//! The container is a network namespace and a `docker` that knows its first process: what a tunnel needs
//! of a container is no more than that.

use crate::ground::{Ground, ground, wait_for};
use std::os::unix::fs::PermissionsExt;

/// A page on the loopback of dest.
const SERVE: &str =
    r#"dest.daemon("page", ["python3", "-m", "http.server", "8088", "--bind", "127.0.0.1"], #{ cwd: "/srv" });"#;

/// What the page says behind a port of a machine itself, asked from there.
fn page(g: &Ground, within: &str, port: u16) -> String {
    let ask = format!(
        "{within} python3 -c 'import urllib.request as u; print(u.urlopen(\"http://127.0.0.1:{port}/name\", timeout=3).read().decode())' 2>/dev/null"
    );
    String::from_utf8_lossy(&g.host("source").sh(&ask).stdout).trim().to_owned()
}

/// Starts the container `box` of source, in a network of its own behind it.
fn start_box(g: &Ground) {
    let source = g.host("source");
    source.must(
        "setsid unshare --net sleep 1000000 </dev/null >/dev/null 2>&1 & p=$!; until [ \"$(readlink /proc/$p/ns/net)\" != \"$(readlink /proc/self/ns/net)\" ]; do sleep 0.02; done; \
         n=\"nsenter -t $p -n\"; ip link add box type veth peer name eth0 netns $p && ip address add 10.9.0.1/24 dev box && ip link set box up && \
         $n ip link set lo up && $n ip address add 10.9.0.2/24 dev eth0 && $n ip link set eth0 up && $n ip route add default via 10.9.0.1 && \
         echo 1 >/proc/sys/net/ipv4/ip_forward && echo $p >/run/box.pid",
    );
}

fn lay_out(g: &Ground) {
    let (source, dest) = (g.host("source"), g.host("dest"));
    let docker = source.tree.join("../bin/docker");
    std::fs::write(&docker, "#!/bin/sh\n[ \"$1\" = inspect ] && [ \"$5\" = box ] && cat /run/box.pid\n").unwrap();
    std::fs::set_permissions(&docker, std::fs::Permissions::from_mode(0o755)).unwrap();
    dest.write("/srv/name", "the page\n");
    dest.must("ip route add 10.9.0.0/24 via 192.0.2.10");
    // A link, and no newline at the end.
    dest.must(
        "cd /root/.ssh && mv authorized_keys ../keys && printf '# the end' >>../keys && ln -s ../keys authorized_keys",
    );
    start_box(g);
}

const BOX: &str = "nsenter -t $(cat /run/box.pid) -n";

#[test]
fn tunnels_on_a_machine_and_in_a_container_survive_what_happens_to_them() {
    // A server that asks whether anybody is there: from a machine without power nobody takes leave.
    let config = "ClientAliveInterval 1\nClientAliveCountMax 3\n";
    let Some(g) = ground(&["source", "dest"], config) else { return };
    lay_out(&g);
    let (source, dest) = (g.host("source"), g.host("dest"));
    let keys = dest.read("/root/keys");
    let body = format!(
        "step(\"Open\", || {{ {SERVE}
            source.ssh_tunnel(#{{ to: dest, local: 7070, remote: 8088 }});
            source.ssh_tunnel(#{{ to: dest, local: 7071, remote: 8088, container: \"box\" }}); }});
        step(\"Stop\", || {{ expect(source.file_info(\"/run/go-on\").exists, \"it may go on\"); }});
        step(\"Look\", || {{ let t = source.daemon_info(\"tunnel-7070\"); note(`it is ${{t.state}} after ${{t.restarts}}`); }});"
    );
    let said = g.begin(&body, &[]).wait(60);
    said.is(4).says(&["it may go on"]);
    assert_eq!(page(&g, "", 7070), "the page");
    assert_eq!(page(&g, BOX, 7071), "the page");
    // Each is in its own network, and on loopback alone.
    assert_eq!((page(&g, "", 7071), page(&g, BOX, 7070)), (String::new(), String::new()));
    let listens = source.must("ss -ltnH | awk '{ print $4 }' | grep :7070");
    assert_eq!(listens, "127.0.0.1:7070");
    assert_eq!(dest.must("readlink /root/.ssh/authorized_keys"), "../keys");
    assert_eq!(dest.read("/root/keys").matches("restrict,from=").count(), 2);

    // Killed, and its container started again.
    source.must("pkill -KILL -f '^ssh -N.*lease.tunnel-7070'; kill -KILL $(cat /run/box.pid); ip link delete box 2>/dev/null; true");
    start_box(&g);
    wait_for("the tunnel", 20, || page(&g, "", 7070) == "the page");
    wait_for("the tunnel of the container", 30, || page(&g, BOX, 7071) == "the page");

    // Nothing looks after it when the machine has rebooted, until the run goes on.
    source.reboot();
    start_box(&g);
    assert_eq!(page(&g, "", 7070), "");
    source.must("touch /run/go-on");
    let resumed = g.mig(&["resume", &said.run(), "--yes"]).wait(60);
    resumed.is(0).says(&["had ended there, and run again", "open until then: source: tunnel from 127.0.0.1:7070"]);
    wait_for("the tunnel", 20, || page(&g, "", 7070) == "the page");

    g.nothing_is_left(&said);
    assert_eq!(dest.read("/root/keys"), keys);
}

#[test]
fn finish_says_what_is_left_on_a_machine_that_is_gone() {
    let Some(g) = ground(&["source", "dest"], "") else { return };
    let (source, dest) = (g.host("source"), g.host("dest"));
    let body = "step(\"Open\", || { source.ssh_trust(dest, #{ restrict: \"echo only this\" }); \
         let t = dest.daemon(\"sleeper\", \"exec sleep 5000\"); note(source.ssh(\"ssh -F /var/lib/mig/*/lease.to-dest/key.config mig-dest id\", #{ undo: false }).stdout); });";
    let said = g.begin(body, &[]).wait(60);
    said.is(0).says(&["only this"]);
    source.power_off();
    let ended = g.mig(&["finish", &said.run(), "--yes"]).wait(60);
    ended.is(4).says(&["source: the key to-dest ends with its folder: rm -rf /var/lib/mig/"]);
    assert!(!dest.read("/root/.ssh/authorized_keys").contains("mig-"));
    assert_eq!(dest.left(), Vec::<String>::new());
}
