//! Row 41: the text that starts a command, cut off at every byte. ssh delivers a request whole or
//! not at all, so this cannot happen there; if something between ever does it, nothing may run.

use crate::ground::{ground, wait_for};
use crate::wrapper::caught;
use mig::contract::quote;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn row_41_the_start_of_a_command_cut_at_every_byte() {
    let Some(g) = ground(&["dest"], "") else { return };
    let dest = g.host("dest");
    let body = "step(\"Do it\", || { dest.ssh(\"echo x >>/var/tmp/starts; until test -e /var/tmp/go; do sleep 0.05; done\", #{ undo: false }); });";
    let run = g.begin(body, &[]);
    wait_for("the start", 30, || dest.starts() == 1);
    let words = caught(dest);
    dest.write("/var/tmp/go", "");
    let said = run.wait(30);
    said.is(0);
    g.nothing_is_left(&said);

    // The very words that were sent, for a folder and a command of our own. The command has quotes,
    // which are where a cut line may still be a line.
    let (exec, args) = words.split_at(5);
    let whole = |job: &Path| {
        let mut args = args.to_vec();
        args[0] = job.join("run").display().to_string();
        args[4] = job.display().to_string();
        args[7] = "echo 'it'; echo x >>effects; echo 'it' >>effects; echo 'done'".into();
        let words: Vec<String> = exec.iter().chain(&args).map(|w| quote(w)).collect();
        format!("exec {}", words.join(" "))
    };
    let at = AtomicUsize::new(0);
    std::thread::scope(|t| {
        for n in 0..2 {
            let (g, whole, at, marker) = (&g, &whole, &at, &args[3]);
            t.spawn(move || {
                let job = g.path(&format!("torn{n}"));
                fs::create_dir_all(job.join("run")).unwrap();
                fs::write(job.join("run/marker"), format!("{marker}\nboot\nmachine\n")).unwrap();
                let line = whole(&job);
                loop {
                    let cut = at.fetch_add(1, Ordering::SeqCst);
                    if cut >= line.len() {
                        break;
                    }
                    shell(&line[..cut]);
                    let left: Vec<_> =
                        fs::read_dir(job.join("run")).unwrap().flatten().map(|e| e.file_name()).collect();
                    assert_eq!(left, ["marker"], "cut at {cut}: …{:?}", &line[cut.saturating_sub(60)..cut]);
                    assert!(!job.join("effects").exists(), "cut at {cut}: …{:?}", &line[cut.saturating_sub(60)..cut]);
                }
                // And whole it runs, however often it comes.
                shell(&line);
                shell(&line);
                assert_eq!(fs::read_to_string(job.join("effects")).unwrap(), "x\nit\n");
            });
        }
    });
}

fn shell(line: &str) {
    let mut child = Command::new("sh");
    child.args(["-c", line]).current_dir("/").stdin(Stdio::null());
    child.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
}
