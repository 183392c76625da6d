//! The page of `mig show --html`, as a browser on a phone shows it: runs of the real binary, rendered
//! by headless Chromium.

#[path = "common/desk.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod desk;

use desk::Desk;
use mig::lab;
use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// A desk whose labs are closed with it, also when a test fails.
struct Place(Desk);
impl Drop for Place {
    fn drop(&mut self) {
        for lab in lab::find(&self.0.path("state")) {
            let _ = lab.close();
        }
    }
}

/// What a browser makes of a page.
struct Rendered {
    dom: String,
    seen: BTreeMap<String, String>,
}

/// Says in an attribute of the page how wide it became, and what of it a phone would not show.
const PROBE: &str = r"<script>
    const all = [...document.querySelectorAll('body *')];
    document.querySelectorAll('details').forEach(d => d.open = true);
    const wide = document.documentElement.clientWidth;
    const out = all.filter(e => !e.closest('svg') && e.getBoundingClientRect().right > wide + 0.5);
    const root = document.documentElement.dataset;
    root.wide = wide; root.scroll = document.documentElement.scrollWidth;
    root.out = out.map(e => e.tagName + '.' + e.className).join(' ').slice(0, 200) || 'none';
    root.high = document.documentElement.scrollHeight;
    root.bars = document.querySelectorAll('#timeline svg.row rect:not([width=\'100%\'])').length;
    root.shown = [...document.querySelectorAll('#timeline svg.row')].every(s => s.getBoundingClientRect().width > 200);
    root.ground = getComputedStyle(document.body).backgroundColor;
</script>";

/// Renders a page in a frame as wide as a phone: a window may refuse to be that narrow.
fn render(desk: &Desk, file: &str) -> Rendered {
    let page = desk.read(file);
    assert!(page.starts_with("<!doctype html>"), "{page}");
    // The page itself allows no script; the copy that is measured does.
    let policy = "default-src 'none'; style-src 'unsafe-inline'";
    assert!(page.contains(policy), "the page says that it loads nothing");
    let copy = page.replace(policy, "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'");
    let copy = copy.replace("</body>", &format!("{PROBE}</body>"));
    let attribute = copy.replace('&', "&amp;").replace('"', "&quot;");
    let frame = format!(
        "<!doctype html><body style='margin:0'><iframe id=phone width=390 height=844 style='border:0' \
         srcdoc=\"{attribute}\"></iframe><script>onload = () => {{ const page = \
         document.getElementById('phone').contentDocument.documentElement; \
         document.replaceChild(document.importNode(page, true), document.documentElement); }}</script>"
    );
    let name = format!("measured-{file}");
    desk.write(&name, frame);
    let dom = chromium(desk, &["--dump-dom", "--virtual-time-budget=4000"], &desk.path(&name));
    let root = dom.split_once("<html").and_then(|(_, r)| r.split_once('>')).expect("a page").0.to_owned();
    let seen = root
        .split("data-")
        .skip(1)
        .filter_map(|a| a.split_once("=\""))
        .map(|(name, value)| (name.to_owned(), value.split('"').next().unwrap_or_default().to_owned()))
        .collect();
    Rendered { dom, seen }
}

fn chromium(desk: &Desk, words: &[&str], page: &Path) -> String {
    let profile = tempfile::tempdir().expect("a folder");
    let mut command = Command::new("chromium");
    command
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--disable-dev-shm-usage", "--hide-scrollbars", "--window-size=800,900"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(words)
        .arg(format!("file://{}", page.display()))
        .env("HOME", desk.path("home"));
    let output = assert_cmd::Command::from_std(command).timeout(Duration::from_secs(90)).output();
    let output = output.expect("chromium is there: sh tests/setup.sh installs it");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "chromium: {said}");
    String::from_utf8(output.stdout).expect("a page is UTF-8")
}

impl Rendered {
    fn fits_a_phone(&self) -> &Self {
        let seen = |name: &str| self.seen.get(name).map_or("", String::as_str);
        assert_eq!(seen("wide"), "390", "{:?}", self.seen);
        assert_eq!(seen("scroll"), "390", "it cannot be scrolled sideways: {:?}", self.seen);
        assert_eq!(seen("out"), "none", "nothing lies outside: {:?}", self.seen);
        assert_eq!(seen("shown"), "true", "the drawing has a width: {:?}", self.seen);
        assert!(seen("high").parse::<u32>().is_ok_and(|h| h > 600), "{:?}", self.seen);
        self
    }
    fn bars(&self) -> usize {
        self.seen.get("bars").and_then(|n| n.parse().ok()).unwrap_or(0)
    }
    fn has(&self, parts: &[&str]) -> &Self {
        for part in parts {
            assert!(self.dom.contains(part), "expected {part:?} in:\n{}", self.dom);
        }
        self
    }
    fn lacks(&self, parts: &[&str]) -> &Self {
        for part in parts {
            assert!(!self.dom.contains(part), "{part:?} is in:\n{}", self.dom);
        }
        self
    }
}

/// Nothing in it is fetched from anywhere, and nothing in it runs.
fn stands_alone(page: &str) {
    // Every text is escaped, so whatever stands between brackets is markup.
    let tags = regex::Regex::new(r"<[^!][^>]*>").expect("a pattern");
    let known = regex::Regex::new(
        r##"^</?(html|head|meta|title|style|body|main|header|footer|section|article|h1|h2|h3|p|ul|ol|li|dl|dt|dd|pre|code|b|i|ins|del|span|div|details|summary|a|svg|rect|line|text)( [a-z0-9-]+="[^"]*")*/?>$"##,
    )
    .expect("a pattern");
    let loads = regex::Regex::new(r##" (src|srcset|on[a-z]+|style)="##).expect("a pattern");
    for tag in tags.find_iter(page).map(|m| m.as_str()) {
        let names = tag.split('"').step_by(2).collect::<Vec<_>>().join("\"");
        let leads_out = tag.contains(" href=") && !tag.contains(" href=\"#step-");
        assert!(known.is_match(tag) && !loads.is_match(&names) && !leads_out, "{tag} is in the page");
    }
    let look = page.split_once("<style>").and_then(|(_, p)| p.split_once("</style>")).expect("a style").0;
    assert!(!look.contains("url(") && !look.contains("@import"), "{look}");
}

#[test]
fn a_rehearsed_move_and_its_rollback() {
    let place = Place(Desk::new());
    let desk = &place.0;
    desk.mig(&["run", "conductor", "--lab", "--yes"]).ends(0);
    desk.mig(&["show", "--html", "done.html"]).ends(0).has(&["done.html", "readable by you alone"]);
    stands_alone(&desk.read("done.html"));
    let mode = desk.path("done.html").metadata().expect("the page").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let page = render(desk, "done.html");
    page.fits_a_phone().has(&[
        "state good",
        "Outage",
        "of 5m",
        "Within the budget",
        "Recover the conductor on the new machine",
        "Copy the files to the new conductor",
        // A difference, and both sides where the journal has no text.
        "<ins>+{\"node-ip\":\"127.0.0.12\"",
        "<dt>before</dt>",
        "nothing there",
        "mig rollback",
        "newest first",
        "Users and passwords",
    ]);
    // Every step, and every deed on its machine.
    assert!(page.bars() >= 10 + 14, "{:?}", page.seen);

    desk.mig(&["rollback", "--yes"]).ends(0);
    desk.mig(&["show", "--html", "back.html"]).ends(0);
    let page = render(desk, "back.html");
    page.fits_a_phone()
        .has(&["rolled back", "taken back", "Nothing: the run is rolled back."])
        .lacks(&["newest first"]);
    assert!(page.bars() >= 10 + 14, "{:?}", page.seen);
}

#[test]
fn a_failed_run_with_hostile_names_stays_text() {
    let desk = Desk::new();
    desk.write("inventory.yml", "hosts:\n  here: { local: true }\nsecrets:\n  word: { env: MIG_PAGE_WORD }\n");
    desk.write("a<b>&'.conf", "old <b>bold</b>\nsame\n");
    let file = desk.path("a<b>&'.conf").display().to_string();
    let hidden = desk.path("hidden").display().to_string();
    desk.write(
        "p.rhai",
        format!(
            "let p = params(#{{ here: host(\"h\"), x: text(\"t\", \"<img src=x onerror=alert(1)>\") }});\n\
             cutover(\"Move </title><script>document.title='owned'</script>\", #{{ budget: \"1s\" }}, || {{\n\
             p.here.write_file({file:?}, \"new </pre><script>document.title='owned'</script>\\nsame\\n\");\n\
             p.here.write_file({hidden:?}, \"password = \" + secret(\"word\"));\n\
             note(\"<svg onload=alert(1)>\");\n\
             sleep_a_little(p.here);\n\
             p.here.ssh(\"echo '<script>alert(2)</script>' >&2; printf {long}; exit 3\");\n\
             }});\n\
             fn sleep_a_little(h) {{ h.ssh(\"sleep 1.1\", #{{ undo: \"true\" }}) }}\n",
            long = "x".repeat(400),
        ),
    );
    let mut command = desk.command(&["run", "p.rhai", "--yes"]);
    command.env("MIG_PAGE_WORD", "hunter-the-secret-22");
    desk.said(command).ends(4);
    desk.mig(&["show", "--html", "failed.html"]).ends(0);
    let text = desk.read("failed.html");
    stands_alone(&text);
    assert!(!text.contains("hunter-the-secret-22"), "the secret is not on the page");
    let page = render(&desk, "failed.html");
    page.fits_a_phone()
        .has(&[
            "state bad",
            "Where it stopped",
            "exit code 3",
            "mig resume",
            "Over budget; measured until it failed",
            "&lt;img src=x onerror=alert(1)&gt;",
            "<del>-old &lt;b&gt;bold&lt;/b&gt;</del>",
            "<ins>+new &lt;/pre&gt;&lt;script&gt;",
            "&lt;svg onload=alert(1)&gt;",
            "&lt;script&gt;alert(2)&lt;/script&gt;",
            "holds a secret",
        ])
        .lacks(&["<title>owned", "onerror=alert(1)>"]);
}

#[test]
fn what_a_branch_did_stands_in_its_step_under_its_name() {
    let desk = Desk::here();
    let file = desk.path("x").display().to_string();
    desk.runs(&format!(
        "let p = params(#{{ here: host(\"h\") }});\nlet here = p.here;\nstep(\"Before\", || here.write_file(`{file}0`, \"0\"));\n\
         step(\"Both\", || on_each([\"one\", \"two\"], |n| {{ here.write_file(`{file}${{n}}`, n); \
         step(\"Inside\", || here.write_file(`{file}${{n}}b`, n)); }}));\nhere.write_file(`{file}9`, \"9\");"
    ))
    .ends(0);
    desk.mig(&["show", "--html", "page.html"]).ends(0);
    let page = desk.read("page.html");
    let done = page.split_once("Step by step").expect("its steps").1;
    let at = |what: String| done.find(&what).unwrap_or_else(|| panic!("{what} is not in\n{done}"));
    let places = [
        at(format!("create {file}9 ")),
        at("<h3>Before".into()),
        at(format!("create {file}0 ")),
        at("<h3>Both".into()),
        at("<b>[one]</b>".into()),
        at(format!("create {file}one ")),
        at("<b>[two]</b>".into()),
        at(format!("create {file}two ")),
        at("<h3>[one] Inside".into()),
        at(format!("create {file}oneb ")),
    ];
    assert!(places.is_sorted(), "{places:?}\n{done}");
}

#[test]
fn the_page_is_a_new_file_and_never_written_through_a_link() {
    let desk = Desk::here();
    let file = desk.path("x").display().to_string();
    let text =
        format!("let p = params(#{{ here: host(\"h\") }});\nstep(\"S\", || p.here.write_file({file:?}, \"x\"));");
    desk.runs(&text).ends(0);
    desk.write("there.html", "mine");
    desk.refuses(&["show", "--html", "there.html"], 2, &["there.html: is there already, and is not overwritten"]);
    assert_eq!(desk.read("there.html"), "mine");
    symlink(desk.path("elsewhere.html"), desk.path("link.html")).expect("a link");
    desk.refuses(&["show", "--html", "link.html"], 2, &["link.html: is there already"]);
    assert!(!desk.path("elsewhere.html").exists());
    desk.refuses(&["show", "--html", "none/page.html"], 2, &["none/page.html: cannot be written"]);
    desk.refuses(&["show", "--json", "--html", "a.html"], 2, &["cannot be used with"]);
}
