//! One value of a YAML file: the edit itself is `text::yaml::set`.

use super::place::{read_to_edit, seen, spliced};
use crate::contract::{Args, Change, Example, Failure, Given, Look, Outcome, Plan, Step};
use crate::name::{HostName, RemotePath};
use crate::text::yaml::{Edited, Key, Path, Plain, Refusal, Wish, set};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Change one value of a YAML file, and leave every other byte as it is.
///
/// The path is a text with dots between the keys, `services.redis.image`; digits count the items of a list
/// from 0. Where a key has a dot in it, give a list: `["hosts", "co1.example.org", "ip"]`. Every key must be
/// there: a path that is not found is refused, with the keys that are.
///
/// A single value is set; its quotes stay as they are written where they can. A list adds: each of its
/// items that is not in the list at the path goes to the end of it. Only such a list may be missing, or be
/// there as a comment, which stays; then it is made in its map.
///
/// Anchors, aliases, tags, merges and keys written twice on the path are refused. Owner and mode stay. A
/// rollback brings back the file byte for byte, from a copy that is kept aside on the host: such a file often
/// holds keys, so of its text plan and journal have no more than the lines that change.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EditYaml {
    /// Host on which the file lies.
    host: HostName,
    /// File to edit, at most 1 MiB.
    file: RemotePath,
    /// Keys to the value: a text with dots, or a list.
    path: YamlPath,
    /// Value to set, or a list of items to have in the list there.
    value: YamlValue,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected keys: a text with dots, or a list of keys")]
enum YamlPath {
    Dotted(String),
    Keys(Vec<YamlKey>),
}
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a key: a text, or the number of an item")]
enum YamlKey {
    Index(usize),
    Name(String),
}
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a value: a text, an int, a bool, or a list of those")]
enum YamlValue {
    One(YamlScalar),
    Items(Vec<YamlScalar>),
}
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a value: a text, an int or a bool")]
enum YamlScalar {
    Bool(bool),
    Int(i64),
    Text(String),
}

impl JsonSchema for YamlPath {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "YamlPath".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["string", "array"], "x-type": "text or list" })
    }
}
impl JsonSchema for YamlValue {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "YamlValue".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let types = ["string", "integer", "boolean", "array"];
        schemars::json_schema!({ "type": types, "x-type": "text, int, bool or list" })
    }
}

const COMPOSE: &str = "services:\n  redis:\n    image: redis:7.0\n    #ports:\n    #  - \"6379:6379\"\n";

impl Args for EditYaml {
    const NAME: &'static str = "edit_yaml";
    const POSITIONAL: &'static [&'static str] = &["host", "file", "path", "value"];
    const EXAMPLES: &'static [Example] = &[
        Example {
            script: r#"dest.edit_yaml("/srv/compose.yml", "services.redis.image", "redis:7.2")"#,
            given: &[Given::File("dest: /srv/compose.yml", COMPOSE)],
            does: &["dest: write /srv/compose.yml (73 -> 73 bytes)"],
            undo: &["dest: put /srv/compose.yml back"],
            gives: "",
        },
        Example {
            script: r#"dest.edit_yaml("/srv/compose.yml", ["services", "redis", "ports"], ["127.0.0.1:6379:6379"])"#,
            given: &[Given::File("dest: /srv/compose.yml", COMPOSE)],
            does: &["dest: write /srv/compose.yml (73 -> 114 bytes)"],
            undo: &["dest: put /srv/compose.yml back"],
            gives: "",
        },
        Example {
            script: r#"dest.edit_yaml("/srv/compose.yml", "services.redis.image", "redis:7.0")"#,
            given: &[Given::File("dest: /srv/compose.yml", COMPOSE)],
            does: &[],
            undo: &[],
            gives: "",
        },
    ];
}

impl Change for EditYaml {
    fn plan(&self, look: &dyn Look) -> Outcome<Plan> {
        let EditYaml { host, file, .. } = self;
        let (from, old) = read_to_edit("edit_yaml", host, file, look)?;
        let wrong = |why: Refusal| {
            let failure = Failure::new(format!("edit_yaml: {file} on {host}: {}", why.message));
            why.hint.into_iter().fold(failure, Failure::hint)
        };
        let path = self.path.read().map_err(|why| Failure::new(format!("edit_yaml: path: {why}")))?;
        let new = match set(&old, &path, &self.value.wish()).map_err(wrong)? {
            Edited::Already => return Ok(Plan::Already),
            Edited::Changed(new) => new,
        };
        Ok(Plan::Do(vec![spliced(host, file, (from, old), &new, look)?]))
    }

    fn observe(&self, look: &dyn Look, done: &[Step]) -> Outcome<Plan> {
        seen(done, look)
    }
}

impl YamlPath {
    fn read(&self) -> Result<Path, String> {
        let key = |key: &YamlKey| match key {
            YamlKey::Index(n) => Key::Index(*n),
            YamlKey::Name(name) => Key::Name(name.clone()),
        };
        match self {
            YamlPath::Dotted(text) => Path::dotted(text),
            YamlPath::Keys(keys) => Path::new(keys.iter().map(key).collect()),
        }
    }
}
impl YamlValue {
    fn wish(&self) -> Wish {
        match self {
            YamlValue::One(one) => Wish::Scalar(one.plain()),
            YamlValue::Items(items) => Wish::Items(items.iter().map(YamlScalar::plain).collect()),
        }
    }
}
impl YamlScalar {
    fn plain(&self) -> Plain {
        match self {
            YamlScalar::Bool(b) => Plain::Bool(*b),
            YamlScalar::Int(n) => Plain::Int(*n),
            YamlScalar::Text(text) => Plain::Text(text.clone()),
        }
    }
}
