//! Names that are right by construction: whoever has a [`HostName`] need not check it again.
//!
//! Every text of a user that becomes part of a command line, a path or a configuration goes
//! through one of these. Each says in its error what is allowed.

mod address;
mod container_name;
mod dns_name;
mod host_name;
mod lease_name;
mod param_name;
mod remote_path;
mod secret_name;
mod ssh_alias;
mod user_name;

pub use address::Address;
pub use container_name::ContainerName;
pub use dns_name::DnsName;
pub use host_name::HostName;
pub use lease_name::LeaseName;
pub use param_name::ParamName;
pub use remote_path::RemotePath;
pub use secret_name::SecretName;
pub use ssh_alias::SshAlias;
pub use user_name::UserName;

/// What Rhai keeps for itself: no host, parameter or option may bear such a name, because a
/// script could not write it (`p.new` is a syntax error).
pub const RESERVED: &[&str] = &[
    "as",
    "async",
    "await",
    "break",
    "case",
    "catch",
    "const",
    "continue",
    "default",
    "do",
    "else",
    "exit",
    "export",
    "false",
    "fn",
    "for",
    "function",
    "global",
    "go",
    "goto",
    "if",
    "import",
    "in",
    "is",
    "let",
    "loop",
    "match",
    "module",
    "new",
    "nil",
    "null",
    "package",
    "private",
    "protected",
    "public",
    "return",
    "shared",
    "spawn",
    "static",
    "super",
    "switch",
    "sync",
    "thread",
    "this",
    "throw",
    "true",
    "try",
    "until",
    "use",
    "var",
    "void",
    "while",
    "with",
    "yield",
];

/// Implements what every name has: parsing from text for serde, printing, and its schema.
macro_rules! is_text {
    ($name:ident, $words:literal) => {
        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(s: String) -> Result<Self, String> {
                Self::parse(&s)
            }
        }
        impl From<$name> for String {
            fn from(n: $name) -> String {
                n.0
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn inline_schema() -> bool {
                true
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "x-type": $words })
            }
        }
    };
}
pub(crate) use is_text;
