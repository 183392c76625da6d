//! Upstreams of nginx pointed elsewhere: the edit itself is `text::nginx`.

use super::container_file::ContainerFile;
use super::nginx_program::{apply, in_container, validate};
use super::place::{edited, read_to_edit, seen};
use super::shell::because;
use crate::contract::{
    Args, Change, Command, Deed, Example, Failure, Given, Look, Outcome, Plan, Put, PutChecked, Step, Undo,
};
use crate::name::{ContainerName, HostName, RemotePath};
use crate::text::nginx::{self, Edited, Fault, Server, Wanted, point};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const LOOK_MS: u64 = 30_000;
/// Checking, reloading, and putting back with another reload.
const DEED_MS: u64 = 120_000;

/// Point upstreams of nginx at another machine.
///
/// In each upstream the `server` lines become comments, so that a person can go back by hand, and the new
/// server comes behind them; everything else in it stays. Where `scheme`, `keep_uri` or `host_header` ask for
/// it, the `proxy_pass` lines that use these upstreams follow, wherever they stand. Speaking http to port 443,
/// or https to port 80, is refused unless `scheme` says that it is meant. Every other byte of the file stays.
///
/// Then nginx checks its configuration and is reloaded. This is one deed: a file that nginx refuses, or a
/// reload after which the old workers go on serving, brings the old file back, also when the connection is
/// lost meanwhile. It is done when new workers serve. With `reload: false` only the file is edited, for an
/// nginx that does not run.
///
/// A rollback brings the file back byte for byte, and reloads. Both texts are kept in the journal.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EditNginxUpstream {
    /// Host on which the file lies.
    host: HostName,
    /// File in which the upstreams and their `proxy_pass` lines stand, at most 4 MiB.
    file: RemotePath,
    /// Each upstream, and the `address:port` that it is to have.
    upstreams: Upstreams,
    /// Scheme of the `proxy_pass` lines that use them. Default: as they are.
    #[serde(default)]
    scheme: Option<Scheme>,
    /// Whether the `Host` of the client is passed on, where no header line sets it yet.
    #[serde(default)]
    host_header: bool,
    /// Whether the URI of the `proxy_pass` lines stays. Without it the machine behind gets the path as the
    /// client sent it.
    #[serde(default = "yes")]
    keep_uri: bool,
    /// Container in which nginx runs; the file lies on the host all the same, in a folder that the container
    /// has from there, or is such a file itself. Default: it runs on the host.
    #[serde(default)]
    container: Option<ContainerName>,
    /// Whether nginx checks the file and is reloaded.
    #[serde(default = "yes")]
    reload: bool,
    /// How nginx is called, with the arguments it needs to find its configuration. Default: `nginx`.
    #[serde(default)]
    program: Option<Command>,
}
fn yes() -> bool {
    true
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Scheme {
    Http,
    Https,
}

/// Names of upstreams, and addresses with ports.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>", into = "BTreeMap<String, String>")]
struct Upstreams(Vec<(String, Server)>);

impl TryFrom<BTreeMap<String, String>> for Upstreams {
    type Error = String;
    fn try_from(map: BTreeMap<String, String>) -> Result<Self, String> {
        if map.is_empty() {
            return Err("no upstream is named; write #{ NAME: \"192.0.2.20:443\" }".into());
        }
        let server = |(name, server): (String, String)| match Server::parse(&server) {
            Ok(server) => Ok((name, server)),
            Err(why) => Err(format!("upstream {name:?}: {why}")),
        };
        map.into_iter().map(server).collect::<Result<_, _>>().map(Upstreams)
    }
}
impl From<Upstreams> for BTreeMap<String, String> {
    fn from(u: Upstreams) -> Self {
        u.0.into_iter().map(|(name, server)| (name, server.to_string())).collect()
    }
}
impl JsonSchema for Upstreams {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Upstreams".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "object", "x-type": "map" })
    }
}

const SITE: &str =
    "upstream app {\n  server app:3000;\n}\nserver {\n  location / {\n    proxy_pass http://app/;\n  }\n}\n";

impl Args for EditNginxUpstream {
    const NAME: &'static str = "edit_nginx_upstream";
    const POSITIONAL: &'static [&'static str] = &["host", "file", "upstreams"];
    const EXAMPLES: &'static [Example] = &[
        Example {
            script: r#"source.edit_nginx_upstream("/etc/nginx/site.conf", #{ app: "192.0.2.20:443" }, #{ scheme: "https", host_header: true })"#,
            given: &[Given::File("source: /etc/nginx/site.conf", SITE)],
            does: &[
                "source: write /etc/nginx/site.conf (94 -> 158 bytes), kept only if `nginx -t` takes it, and nginx reloaded",
            ],
            undo: &["source: write /etc/nginx/site.conf (158 -> 94 bytes), and nginx reloaded"],
            gives: "",
        },
        Example {
            script: r#"source.edit_nginx_upstream("/srv/site.conf", #{ app: "192.0.2.20:80" }, #{ container: "web", keep_uri: false })"#,
            given: &[
                Given::File("source: /srv/site.conf", SITE),
                Given::Prints(
                    "source: docker inspect --type container -f '{{json .Mounts}}' -- web",
                    r#"[{"Type":"bind","Source":"/srv","Destination":"/etc/nginx/conf.d","RW":false}]"#,
                ),
                Given::Prints("source: readlink -m -- /srv/site.conf /srv", "/srv/site.conf\n/srv\n"),
                Given::Prints(
                    "source: docker exec web sha256sum /etc/nginx/conf.d/site.conf",
                    "cd66a462ab119c22b03ee96062718bb0cc5f8bb34639e992a5c3db1617f701cb  /etc/nginx/conf.d/site.conf\n",
                ),
                Given::Prints(
                    "source: docker exec web sha256sum /etc/nginx/conf.d/site.conf",
                    "72424fdf4c16390f695600925c917bb15046674d5670ec16766b7b90be26c0cd  /etc/nginx/conf.d/site.conf\n",
                ),
            ],
            does: &[
                "source: write /srv/site.conf (94 -> 119 bytes), kept only if `docker exec web nginx -t` takes it, and nginx reloaded",
            ],
            undo: &["source: write /srv/site.conf (119 -> 94 bytes), and nginx reloaded"],
            gives: "",
        },
        Example {
            script: r#"source.edit_nginx_upstream("/etc/nginx/site.conf", #{ app: "app:3000" })"#,
            given: &[
                Given::File("source: /etc/nginx/site.conf", SITE),
                Given::Prints("source: getent hosts -- app", "192.0.2.7 app\n"),
            ],
            does: &[],
            undo: &[],
            gives: "",
        },
    ];
}

impl Change for EditNginxUpstream {
    fn plan(&self, look: &dyn Look) -> Outcome<Plan> {
        let EditNginxUpstream { host, file, .. } = self;
        let (from, old) = read_to_edit("edit_nginx_upstream", host, file, look)?;
        let wrong = |why: Fault| {
            let failure = Failure::new(format!("edit_nginx_upstream: {file} on {host}: {}", why.message));
            why.hint.into_iter().fold(failure, Failure::hint)
        };
        let new = match point(&old, &self.wanted()).map_err(wrong)? {
            Edited::Already => return Ok(Plan::Already),
            Edited::Changed(splices) => nginx::apply(&old, &splices),
        };
        self.names_resolve(look)?;
        let inside = self.inside(look)?;
        if let Some(inside) = &inside {
            inside.is_the_same("edit_nginx_upstream", &from, look)?;
        }
        let step = edited(host, file, (from, old), new, look)?;
        let in_place = inside.is_some_and(|i| i.is_mounted_alone);
        Ok(Plan::Do(vec![if self.reload { self.checked(step, in_place) } else { step }]))
    }

    fn observe(&self, look: &dyn Look, done: &[Step]) -> Outcome<Plan> {
        let plan = seen(done, look)?;
        let put = done.iter().find_map(|s| s.deed.put()?.to.as_ref());
        if let (Plan::Already, Some(to), Some(inside)) = (&plan, put, self.inside(look)?) {
            inside.is_the_same("edit_nginx_upstream", to, look)?;
        }
        Ok(plan)
    }
}

impl EditNginxUpstream {
    fn wanted(&self) -> Wanted {
        Wanted {
            upstreams: self.upstreams.0.clone(),
            scheme: self.scheme.map(|s| match s {
                Scheme::Http => nginx::Scheme::Http,
                Scheme::Https => nginx::Scheme::Https,
            }),
            host_header: self.host_header,
            keep_uri: self.keep_uri,
        }
    }

    /// The file as an nginx in a container sees it. Without a reload that nginx need not run.
    fn inside(&self, look: &dyn Look) -> Outcome<Option<ContainerFile<'_>>> {
        match &self.container {
            Some(c) if self.reload => {
                ContainerFile::find("edit_nginx_upstream", &self.host, c, &self.file, look).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// nginx looks names up when it starts, and does not start without them.
    fn names_resolve(&self, look: &dyn Look) -> Outcome<()> {
        if !self.reload && self.container.is_some() {
            return Ok(());
        }
        for (name, server) in self.upstreams.0.iter().filter(|(_, s)| !s.address().is_ip()) {
            let asked = Command::argv(["getent", "hosts", "--", server.address().as_ref()]);
            let asked = in_container(self.container.as_ref(), asked);
            let answer = look.run(&self.host, &asked, LOOK_MS)?;
            // 126 and 127: there is no getent, so nobody can say; nginx itself will.
            if answer.code != 0 && answer.code < 126 {
                let (host, address) = (&self.host, server.address());
                return Err(Failure::new(format!(
                    "edit_nginx_upstream: upstream {name:?}: {address} does not resolve on {host}{}",
                    because(&answer)
                ))
                .hint("nginx would not start with it; give its IP address")
                .into());
            }
        }
        Ok(())
    }

    /// The same step under check.
    fn checked(&self, step: Step, in_place: bool) -> Step {
        let (Deed::Put(put), Undo::By(undo)) = (&step.deed, &step.undo) else { return step };
        let container = self.container.as_ref();
        let checked = |put: Put, insist: bool| {
            Deed::PutChecked(PutChecked {
                put,
                validate: validate(container, self.program.as_ref()),
                apply: apply(container, self.program.as_ref()),
                applied: "nginx reloaded".into(),
                insist,
                in_place,
                timeout_ms: DEED_MS,
            })
        };
        // Also on its host, for the one who puts it back there.
        let keep = put.from.as_ref().map(|from| Put::keep_name(&put.path, from));
        let back = |d: &Deed| d.put().map_or_else(|| d.clone(), |old| checked(old.clone(), true));
        let undo = Undo::By(undo.iter().map(back).collect());
        Step { deed: checked(Put { keep, ..put.clone() }, false), undo }
    }
}
