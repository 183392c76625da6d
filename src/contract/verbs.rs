//! The verbs of the playbook language that are not primitives, as they are documented.
//!
//! Deliberately not here: what they do. The script room registers them; it and the reference read
//! these tables, so that names, options and pages stay the same.

/// One verb: a function that gives a playbook its shape; or one kind of parameter.
pub struct Verb {
    pub name: &'static str,
    /// How many arguments it may be given.
    pub takes: &'static [usize],
    /// As it is called with all of them.
    pub signature: &'static str,
    /// It runs a closure as a part of the playbook: rules for steps and branches hold in it.
    pub runs: bool,
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
        takes: &[1],
        signature: "params(declarations)",
        runs: false,
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
        takes: &[2],
        signature: "step(title, closure)",
        runs: true,
        doc: "Do a part of the playbook under a title.\n\n\
              The title is an imperative that a colleague could tick off. Steps nest. A step that fails stops the run.",
        options: &[],
        gives: "what the closure gives",
        example: "let version = step(\"Look at the version\", || source.read_file(\"/etc/app/version\"));",
    },
    Verb {
        name: "cutover",
        takes: &[2, 3],
        signature: "cutover(title, options, closure)",
        runs: true,
        doc: "Do the part of the playbook in which the service is away.\n\n\
              A step whose length is the outage: it is measured and reported. When it fails, or takes longer than its \
              budget, a person is asked whether to go on or to roll back.",
        options: &[
            option("budget", "duration", "\"5m\"", "How long the service may be away."),
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
        takes: &[2, 3],
        signature: "on_each(hosts, options, closure)",
        runs: true,
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
        takes: &[2, 3],
        signature: "wait_until(what, options, closure)",
        runs: true,
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
        takes: &[2],
        signature: "expect(condition, what)",
        runs: false,
        doc: "Stop the run unless a condition holds.\n\n\
              `what` says what must hold. The page of a failure shows the readings made since the last change. Before \
              the first change it is enforced while planning: that is the preflight.",
        options: &[],
        gives: NOTHING,
        example: "expect(source.file_info(\"/etc/app/key\").exists, \"the source has its key\");",
    },
    Verb {
        name: "expect_equal",
        takes: &[3],
        signature: "expect_equal(left, right, what)",
        runs: false,
        doc: "Stop the run unless two values are equal.\n\n`what` says what must be equal. A failure shows both sides.",
        options: &[],
        gives: NOTHING,
        example: "expect_equal(source.read_file(\"/etc/app/version\"), dest.read_file(\"/etc/app/version\"), \"the versions are equal\");",
    },
    Verb {
        name: "manual",
        takes: &[1, 2],
        signature: "manual(instruction, options)",
        runs: true,
        doc: "Ask a person to do what only a person can do.\n\n\
              With `done_when` it watches by itself and goes on when it is done; without, the person says so.",
        options: &[
            option("done_when", "closure", "", "A closure of readings that is true when it is done."),
            option("undo", "text", "", "The instruction that takes it back, shown by a rollback."),
            option(
                "off",
                "host",
                "",
                "The host that is off once it is done: that its lock stays on it is no surprise then.",
            ),
            option("every", "duration", "\"5s\"", "How long between two looks."),
            option("timeout", "duration", "\"24h\"", "How long to watch before the run stops."),
        ],
        gives: NOTHING,
        example: "manual(\"Power the old machine off.\", #{\n    done_when: || !port_open(\"192.0.2.10\", 22),\n    undo: \"Power the old machine on.\",\n});",
    },
    Verb {
        name: "confirm",
        takes: &[1],
        signature: "confirm(question)",
        runs: false,
        doc: "Ask a person a question, and stop the run unless the answer is yes.",
        options: &[],
        gives: "`true`; any other answer stops the run",
        example: "confirm(\"Is the maintenance announced?\");",
    },
    Verb {
        name: "note",
        takes: &[1],
        signature: "note(text)",
        runs: false,
        doc: "Write a line into the report of the run.",
        options: &[],
        gives: NOTHING,
        example: "note(\"The old machine stays up for a day.\");",
    },
    Verb {
        name: "print",
        takes: &[1],
        signature: "print(value)",
        runs: false,
        doc: "Write a value into the report of the run, as `note` does.",
        options: &[],
        gives: NOTHING,
        example: "print(source.machine().os);",
    },
    Verb {
        name: "debug",
        takes: &[1],
        signature: "debug(value)",
        runs: false,
        doc: "Write a value into the report of the run, with its texts in quotes.",
        options: &[],
        gives: NOTHING,
        example: "debug(source.file_info(\"/etc/hostname\"));",
    },
    Verb {
        name: "secret",
        takes: &[1, 2],
        signature: "secret(name, default)",
        runs: false,
        doc: "Stand for a secret of the inventory.\n\n\
              Scripts, journal and reports know its name only; its value exists while a deed is done. It can be part \
              of a text that a primitive takes as \"text or secret\". Within `params` it declares a parameter that names a \
              secret, and only there it takes a default.",
        options: &[],
        gives: "a handle that no script can read",
        example: "dest.write_file(\"/etc/app/password\", secret(\"app_password\"));",
    },
    Verb {
        name: "point_of_no_return",
        takes: &[1],
        signature: "point_of_no_return(reason)",
        runs: false,
        doc: "Mark the place behind which a rollback does not go by itself.\n\n\
              `mig rollback` stops here unless it is told `--past-no-return`; the plan shows it.",
        options: &[],
        gives: NOTHING,
        example: "point_of_no_return(\"From here on the new machine takes orders.\");",
    },
];

const fn kind(
    name: &'static str,
    takes: &'static [usize],
    signature: &'static str,
    doc: &'static str,
    gives: &'static str,
    example: &'static str,
) -> Verb {
    Verb { name, takes, signature, runs: false, doc, options: &[], gives, example }
}

/// What a parameter may be: the functions that are called within `params`. (`secret` is a verb too.)
pub const KINDS: &[Verb] = &[
    kind(
        "host",
        &[1, 2],
        "host(meaning, default)",
        "Declare a parameter that is a host of the inventory.\n\nOutside of `params` it gives the host of a name.",
        "a host",
        "let p = params(#{ source: host(\"the machine in service\") });",
    ),
    kind(
        "hosts",
        &[1, 2],
        "hosts(meaning, default)",
        "Declare a parameter that is a list of hosts.\n\nIts value is a group, or names with commas between \
         them. Outside of `params` it gives the hosts of a group.",
        "a list of hosts",
        "let p = params(#{ routers: hosts(\"the routers that follow\") });",
    ),
    kind(
        "text",
        &[1, 2],
        "text(meaning, default)",
        "Declare a parameter that is a text.",
        "a text",
        "let p = params(#{ domain: text(\"the domain of the platform\", \"pryv.me\") });",
    ),
    kind(
        "path",
        &[1, 2],
        "path(meaning, default)",
        "Declare a parameter that is an absolute path.",
        "a text",
        "let p = params(#{ root: path(\"where the data lies\", \"/var/app\") });",
    ),
    kind(
        "int",
        &[1, 2],
        "int(meaning, default)",
        "Declare a parameter that is a whole number.",
        "an int",
        "let p = params(#{ at_once: int(\"how many at a time\", 10) });",
    ),
    kind(
        "bool",
        &[1, 2],
        "bool(meaning, default)",
        "Declare a parameter that is true or false.",
        "a bool",
        "let p = params(#{ reboots: bool(\"whether it reboots\", true) });",
    ),
    kind(
        "duration",
        &[1, 2],
        "duration(meaning, default)",
        "Declare a parameter that is a length of time.\n\nA text with units: `30s`, `5m`, `1h30m`.",
        "a text that every duration option takes",
        "let p = params(#{ patience: duration(\"how long it may take\", \"10m\") });",
    ),
    kind(
        "choice",
        &[2, 3],
        "choice(meaning, choices, default)",
        "Declare a parameter that is one of several words.",
        "a text",
        "let p = params(#{ from: choice(\"where the files are\", [\"live\", \"backup\"], \"live\") });",
    ),
    kind(
        "list",
        &[1, 2],
        "list(meaning, default)",
        "Declare a parameter that is a list of texts.",
        "a list of texts",
        "let p = params(#{ users: list(\"users that must be found\", []) });",
    ),
];
