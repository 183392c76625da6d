//! The verbs of a playbook, declared: read by `mig check`, by error messages and by the reference.

/// One verb, or one kind of parameter.
pub struct Verb {
    pub name: &'static str,
    /// How many arguments it may be given.
    pub takes: &'static [usize],
    /// How it is called.
    pub usage: &'static str,
    /// What it does: one sentence.
    pub about: &'static str,
    /// The keys its options map may have, each with what it takes.
    pub options: &'static [(&'static str, &'static str)],
    /// It runs a closure as a part of the playbook: rules for steps and branches hold in it.
    pub runs: bool,
    /// How many arguments that closure is called with.
    pub hands: usize,
}

const fn verb(name: &'static str, takes: &'static [usize], usage: &'static str, about: &'static str) -> Verb {
    Verb { name, takes, usage, about, options: &[], runs: false, hands: 0 }
}

/// Every verb.
pub const VERBS: &[Verb] = &[
    verb(
        "params",
        &[1],
        "params(#{ source: host(\"...\"), root: path(\"...\", \"/var/x\") })",
        "Declares the parameters of the playbook, once and first, and gives them back.",
    ),
    Verb {
        runs: true,
        ..verb("step", &[2], "step(\"title\", || { ... })", "A heading; gives back what its closure gives.")
    },
    Verb {
        runs: true,
        options: CUTOVER,
        ..verb(
            "cutover",
            &[2, 3],
            "cutover(\"title\", #{ budget: \"5m\", on_failure: \"ask\" }, || { ... })",
            "A step in which the service is away: measured, and held against its budget.",
        )
    },
    Verb {
        runs: true,
        hands: 1,
        options: ON_EACH,
        ..verb(
            "on_each",
            &[2, 3],
            "on_each(hosts, #{ at_once: 10, first: 1, max_failures: 0 }, |h| { ... })",
            "The same for many hosts: the first ones alone, then the others in parallel.",
        )
    },
    Verb {
        runs: true,
        options: WAIT,
        ..verb(
            "wait_until",
            &[2, 3],
            "wait_until(\"what\", #{ every: \"5s\", timeout: \"10m\", hold: \"0s\" }, || reading)",
            "Polls until it is true, and true for as long as `hold` says.",
        )
    },
    verb(
        "expect",
        &[2],
        "expect(condition, \"what must hold\")",
        "Stops the run if the condition is false, and shows what was read since the last change.",
    ),
    verb(
        "expect_equal",
        &[3],
        "expect_equal(left, right, \"what must be equal\")",
        "Stops the run if both differ, and shows both.",
    ),
    Verb {
        runs: true,
        options: MANUAL,
        ..verb(
            "manual",
            &[1, 2],
            "manual(\"instruction\", #{ done_when: || reading, undo: \"instruction\" })",
            "Asks a person to do what only a person can; with `done_when` it goes on by itself.",
        )
    },
    verb("confirm", &[1], "confirm(\"question?\")", "Asks a person yes or no, and gives true or false."),
    verb(
        "point_of_no_return",
        &[1],
        "point_of_no_return(\"reason\")",
        "Rollback stops here unless it is told otherwise.",
    ),
    verb("note", &[1], "note(\"text\")", "A line in the report."),
    verb("print", &[1], "print(value)", "The same as note."),
    verb("debug", &[1], "debug(value)", "The same as note, with texts in quotes."),
    verb(
        "secret",
        &[1, 2],
        "secret(\"name\")",
        "A secret of the inventory: its value exists only while acting. In params: a parameter that names one.",
    ),
    verb("host", &[1, 2], "host(\"name\")", "A host of the inventory. In params: a parameter that is a host."),
    verb("hosts", &[1, 2], "hosts(\"group\")", "The hosts of a group. In params: a parameter that is a list of hosts."),
    verb("text", &[1, 2], "text(\"what it is\", \"default\")", "In params: a text."),
    verb("path", &[1, 2], "path(\"what it is\", \"/default\")", "In params: an absolute path."),
    verb("int", &[1, 2], "int(\"what it is\", 3)", "In params: a whole number."),
    verb("bool", &[1, 2], "bool(\"what it is\", true)", "In params: true or false."),
    verb("duration", &[1, 2], "duration(\"what it is\", \"5m\")", "In params: a length of time, as 5m or 1h30m."),
    verb("choice", &[2, 3], "choice(\"what it is\", [\"a\", \"b\"], \"a\")", "In params: one of several words."),
    verb("list", &[1, 2], "list(\"what it is\", [\"a\", \"b\"])", "In params: a list of texts."),
];

const CUTOVER: &[(&str, &str)] =
    &[("budget", "a length of time, as \"5m\""), ("on_failure", "\"ask\", \"rollback\" or \"stop\"")];
const ON_EACH: &[(&str, &str)] = &[
    ("at_once", "how many branches run at a time (10)"),
    ("first", "how many run alone, before the others (1)"),
    ("max_failures", "how many may fail (0)"),
];
const WAIT: &[(&str, &str)] = &[
    ("every", "a length of time between looks (\"5s\")"),
    ("timeout", "a length of time (\"10m\")"),
    ("hold", "for how long it must stay true (\"0s\")"),
];
const MANUAL: &[(&str, &str)] = &[
    ("done_when", "a closure that is true once it is done"),
    ("undo", "the instruction that takes it back"),
    ("off", "the host that is off once it is done"),
    ("every", "a length of time between looks (\"5s\")"),
    ("timeout", "a length of time (\"24h\")"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_verb_and_no_option_bears_a_reserved_word() {
        let options = VERBS.iter().flat_map(|v| v.options.iter().map(|(name, _)| *name));
        let reserved: Vec<_> =
            VERBS.iter().map(|v| v.name).chain(options).filter(|name| crate::name::RESERVED.contains(name)).collect();
        assert_eq!(reserved, Vec::<&str>::new());
    }
}
