//! The verbs of the playbook language that are not primitives, as they are documented.
//!
//! Deliberately not here: what they do. The script room registers them; it and the reference read
//! this table, so that names, options and pages stay the same.

/// One verb: a function that gives a playbook its shape.
pub struct Verb {
    pub name: &'static str,
    /// As it is called, with the names of its arguments.
    pub signature: &'static str,
    /// The first line is a sentence that stands alone.
    pub doc: &'static str,
    pub options: &'static [VerbOption],
    pub gives: &'static str,
    /// Lines of a playbook, in which the hosts `source` and `dest` exist.
    pub example: &'static str,
}

/// A key of a verb's options map.
pub struct VerbOption {
    pub name: &'static str,
    /// In the words of the reference: "duration", "int", "bool", "text", "closure".
    pub kind: &'static str,
    pub doc: &'static str,
    /// As it is written in a script; empty: there is none.
    pub default: &'static str,
}

const fn option(name: &'static str, kind: &'static str, default: &'static str, doc: &'static str) -> VerbOption {
    VerbOption { name, kind, doc, default }
}

const NOTHING: &str = "nothing";

/// Every verb, in the order in which a playbook meets them.
pub const VERBS: &[Verb] = &[
    Verb {
        name: "params",
        signature: "params(declarations)",
        doc: "Declare the parameters of the playbook, and give their values.\n\n\
              It comes first and once. Each key of the map is a parameter; its value says its kind: `host`, `hosts`, \
              `text`, `path`, `int`, `bool`, `duration`, `choice`, `list`, `secret`, each called with what the \
              parameter means and, where there is one, a default. Values come from `--set NAME=VALUE`, then from \
              the inventory; a host parameter takes the inventory host of the same name unless told otherwise. What \
              is missing is asked on a terminal.",
        options: &[],
        gives: "a map with the value of each parameter",
        example: "let p = params(#{\n    source: host(\"the machine in service\"),\n    root: path(\"where it keeps its data\", \"/var/app\"),\n});",
    },
    Verb {
        name: "step",
        signature: "step(title, closure)",
        doc: "Do a part of the playbook under a title.\n\n\
              The title is an imperative that a colleague could tick off. Steps nest. A step that fails stops the run.",
        options: &[],
        gives: "what the closure gives",
        example: "let version = step(\"Look at the version\", || source.read_file(\"/etc/app/version\"));",
    },
    Verb {
        name: "cutover",
        signature: "cutover(title, options, closure)",
        doc: "Do the part of the playbook in which the service is away.\n\n\
              A step whose length is the outage: it is measured and reported. When it fails, or takes longer than its \
              budget, a person is asked whether to go on or to roll back.",
        options: &[
            option("budget", "duration", "", "How long the service may be away."),
            option(
                "on_failure",
                "text",
                "\"ask\"",
                "\"ask\": ask a person. \"rollback\": take the run back without asking. \"stop\": stop as at any step.",
            ),
        ],
        gives: "what the closure gives",
        example: "cutover(\"Move the service\", #{ budget: \"5m\" }, || {\n    source.systemd(\"app\", \"stopped\");\n    dest.systemd(\"app\", \"started\");\n});",
    },
    Verb {
        name: "on_each",
        signature: "on_each(hosts, options, closure)",
        doc: "Do the same for many hosts, in parallel.\n\n\
              The first ones go alone, as a canary. The closure gets the host. It works on copies of what it \
              captured, so nothing it assigns is seen outside. A resumed run does only what is left.",
        options: &[
            option("at_once", "int", "10", "How many hosts at the same time."),
            option("first", "int", "1", "How many go first, and must succeed before the others begin."),
            option("max_failures", "int", "0", "How many hosts may fail before no further one is begun."),
        ],
        gives: "a list with what the closure gave for each host, in the order of the hosts",
        example: "on_each([source, dest], #{ at_once: 2 }, |h| h.systemd(\"app\", \"restarted\"));",
    },
    Verb {
        name: "wait_until",
        signature: "wait_until(what, options, closure)",
        doc: "Wait until a reading is true.\n\n\
              The closure only looks. Its polls are not recorded, and a reading that fails is \"not yet\". When the \
              time is over the run stops, and says what was seen last; a resume gives it new time.",
        options: &[
            option("every", "duration", "\"5s\"", "How long between two looks."),
            option("timeout", "duration", "\"10m\"", "How long to wait in all."),
            option(
                "hold",
                "duration",
                "\"0s\"",
                "How long it must be seen true without a break; only observed time counts.",
            ),
        ],
        gives: NOTHING,
        example: "wait_until(\"the web server answers\", #{ timeout: \"2m\" }, || port_open(\"192.0.2.11\", 443));",
    },
    Verb {
        name: "expect",
        signature: "expect(condition, what)",
        doc: "Stop the run unless a condition holds.\n\n\
              `what` says what must hold. The page of a failure shows the readings made since the last change. Before \
              the first change it is enforced while planning: that is the preflight.",
        options: &[],
        gives: NOTHING,
        example: "expect(source.file_info(\"/etc/app/key\").exists, \"the source has its key\");",
    },
    Verb {
        name: "expect_equal",
        signature: "expect_equal(left, right, what)",
        doc: "Stop the run unless two values are equal.\n\n`what` says what must be equal. A failure shows both sides.",
        options: &[],
        gives: NOTHING,
        example: "expect_equal(source.read_file(\"/etc/app/version\"), dest.read_file(\"/etc/app/version\"), \"the versions are equal\");",
    },
    Verb {
        name: "manual",
        signature: "manual(instruction, options)",
        doc: "Ask a person to do what only a person can do.\n\n\
              With `done_when` it watches by itself and goes on when it is done; without, the person says so.",
        options: &[
            option("done_when", "closure", "", "A closure of readings that is true when it is done."),
            option("undo", "text", "", "The instruction that takes it back, shown by a rollback."),
            option("every", "duration", "\"5s\"", "How long between two looks."),
            option("timeout", "duration", "\"1h\"", "How long to watch before the run stops."),
        ],
        gives: NOTHING,
        example: "manual(\"Power the old machine off.\", #{\n    done_when: || !port_open(\"192.0.2.10\", 22),\n    undo: \"Power the old machine on.\",\n});",
    },
    Verb {
        name: "confirm",
        signature: "confirm(question)",
        doc: "Ask a person a question, and stop the run unless the answer is yes.",
        options: &[],
        gives: NOTHING,
        example: "confirm(\"Is the maintenance announced?\");",
    },
    Verb {
        name: "note",
        signature: "note(text)",
        doc: "Write a line into the report of the run.",
        options: &[],
        gives: NOTHING,
        example: "note(\"The old machine stays up for a day.\");",
    },
    Verb {
        name: "secret",
        signature: "secret(name)",
        doc: "Stand for a secret of the inventory.\n\n\
              Scripts, journal and reports know its name only; its value exists while a deed is done. It can be part \
              of a text that a primitive takes as \"text or secret\".",
        options: &[],
        gives: "a handle that no script can read",
        example: "dest.write_file(\"/etc/app/password\", secret(\"app_password\"));",
    },
    Verb {
        name: "point_of_no_return",
        signature: "point_of_no_return(reason)",
        doc: "Mark the place behind which a rollback does not go by itself.\n\n\
              `mig rollback` stops here unless it is told `--past-no-return`; the plan shows it.",
        options: &[],
        gives: NOTHING,
        example: "point_of_no_return(\"From here on the new machine takes orders.\");",
    },
];
