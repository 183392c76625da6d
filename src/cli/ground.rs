//! What a run stands on: the inventory, the parameters bound, and the world opened on them.

use super::wrong::Wrong;
use super::{Face, Globals, Person};
use crate::contract::{Answer, Listener, Operator, Question};
use crate::error::{Error, Place};
use crate::inventory::{
    IdentityFacts, IdentityFound, Inventory, KeyForm, Reach, SecretSource, check_identity, check_secret_value,
};
use crate::lab::OpenLab;
use crate::primitives::ALL;
use crate::script::{self, Given, GivenValue, Known, ParamKind, ParamSpec, Playbook};
use crate::secret::Secret;
use crate::world::files::KeyFile;
use crate::world::{self, HostConfig, Remote};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

const LARGEST: u64 = (1 << 20) + 1;

/// The inventory, as it was read.
pub struct Ground {
    pub inventory: Inventory,
    pub text: String,
    pub file: String,
    /// What the locks of the machines say is being run; empty: no lock is taken.
    pub playbook: String,
}

impl Ground {
    /// Reads the inventory that the options or the environment name. One that nobody named may be
    /// missing: then it is empty.
    ///
    /// # Errors
    /// It is missing, or wrong; everything that is wrong is said.
    pub fn read(globals: &Globals) -> Result<Self, Wrong> {
        let (path, named) = globals.inventory();
        let file = path.display().to_string();
        match world::files::find_bytes(&path, LARGEST)? {
            Some(bytes) => Self::parse(&file, &bytes),
            None if named => Err(Error::bad_input(format!("{file}: no such inventory"))
                .hint("name one with -i FILE or MIG_INVENTORY, or write ./inventory.yml")
                .into()),
            None => Ok(Ground { inventory: Inventory::default(), text: String::new(), file, playbook: String::new() }),
        }
    }

    /// The same from a text.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, Wrong> {
        let inventory = Inventory::parse(file, bytes)?;
        let text = String::from_utf8_lossy(bytes).into_owned();
        Ok(Ground { inventory, text, file: file.into(), playbook: String::new() })
    }

    pub(super) fn known(&self) -> Known {
        let inventory = &self.inventory;
        Known {
            hosts: inventory.order.iter().map(ToString::to_string).collect(),
            groups: self.groups(),
            secrets: inventory.secrets.keys().cloned().collect(),
        }
    }
    fn groups(&self) -> BTreeMap<String, Vec<String>> {
        let names = |hosts: &Vec<_>| hosts.iter().map(ToString::to_string).collect();
        self.inventory.groups.iter().map(|(name, hosts)| (name.clone(), names(hosts))).collect()
    }

    /// What a playbook finds when it begins.
    pub fn setting(&self) -> script::Setting {
        let address = |reach: &Reach| match reach {
            Reach::Ssh { address, .. } => address.to_string(),
            Reach::Alias(alias) => alias.to_string(),
            Reach::Local => "localhost".into(),
        };
        let hosts = self.inventory.hosts.iter().map(|(name, h)| (name.to_string(), address(&h.reach))).collect();
        script::Setting { table: ALL, hosts, groups: self.groups() }
    }

    /// Binds the playbook's parameters: `--set`, then the inventory, then the defaults; what is
    /// missing is asked on a terminal, and named all at once where there is none.
    ///
    /// # Errors
    /// Everything that is missing or wrong.
    pub fn bind(&self, playbook: &Playbook, globals: &Globals, operator: &dyn Operator) -> Result<Value, Wrong> {
        let specs = script::declared(playbook)?;
        let mut given: BTreeMap<String, Given> = BTreeMap::new();
        for (name, value) in &self.inventory.params {
            // An inventory serves several playbooks: what this one does not know is not for it.
            if specs.iter().any(|s| s.name == *name) {
                let place = self.inventory.param_places.get(name).cloned();
                let place = place.unwrap_or(Place { file: self.file.clone(), line: 0, column: 0 });
                given.insert(name.clone(), Given { value: GivenValue::Value(value.clone()), place });
            }
        }
        let mut seen = BTreeSet::new();
        for set in &globals.set {
            let place = Place { file: format!("--set {}", set.name), line: 0, column: 0 };
            let is_new = seen.insert(&set.name);
            if !is_new {
                return Err(Error::bad_input("it is given twice").at(place).hint("give each parameter once").into());
            }
            given.insert(set.name.clone(), Given { value: GivenValue::Text(set.value.clone()), place });
        }
        if operator.is_there() {
            self.ask_for_missing(&specs, &mut given, operator)?;
        }
        let bound = script::bind(&specs, &given, &self.known())?;
        self.check_identities(&specs, &bound)?;
        Ok(bound)
    }

    /// Looks at the private keys of the hosts that are parameters, before anything is sent.
    fn check_identities(&self, specs: &[ParamSpec], bound: &Value) -> Result<(), Wrong> {
        let of_hosts = specs.iter().filter(|s| matches!(s.kind, ParamKind::Host | ParamKind::Hosts));
        let names: BTreeSet<&str> = of_hosts
            .filter_map(|s| bound.get(&s.name))
            .flat_map(|v| v.as_array().map_or(std::slice::from_ref(v), Vec::as_slice))
            .filter_map(Value::as_str)
            .collect();
        let agent = std::env::var_os("SSH_AUTH_SOCK").is_some_and(|v| !v.is_empty());
        let mut wrong = vec![];
        for (_, host) in self.inventory.hosts.iter().filter(|(name, _)| names.contains(name.as_ref())) {
            if let Reach::Ssh { identity: Some(path), .. } = &host.reach {
                let found = match world::files::private_key(&at_home(path), LARGEST) {
                    Ok(None) => IdentityFound::Missing,
                    Ok(Some(KeyFile::Folder)) => IdentityFound::Folder,
                    Ok(Some(KeyFile::File { mode, bytes })) => IdentityFound::File { mode, form: KeyForm::of(&bytes) },
                    Err(why) => IdentityFound::Unreadable(why),
                };
                let facts = IdentityFacts { path: path.clone(), place: Some(host.place.clone()), found, agent };
                wrong.extend(check_identity(&facts));
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(Wrong(wrong)) }
    }

    fn ask_for_missing(
        &self,
        specs: &[ParamSpec],
        given: &mut BTreeMap<String, Given>,
        operator: &dyn Operator,
    ) -> Result<(), Wrong> {
        for spec in specs {
            let is_host = self.inventory.hosts.keys().any(|h| h.to_string() == spec.name)
                || self.inventory.groups.contains_key(&spec.name)
                || self.inventory.secrets.contains_key(&spec.name);
            if spec.default.is_some() || is_host || given.contains_key(&spec.name) {
                continue;
            }
            let text = format!("{} ({}): {}", spec.name, spec.kind.word(), spec.about);
            match operator.ask(&Question::Line { text }) {
                Ok(Answer::Text(value)) => {
                    let place = Place { file: format!("your answer for {}", spec.name), line: 0, column: 0 };
                    given.insert(spec.name.clone(), Given { value: GivenValue::Text(value), place });
                }
                Ok(_) => {}
                Err(halt) => return Err(super::exit::error_of_halt(&halt).into()),
            }
        }
        Ok(())
    }

    /// The world of these hosts, for a run with this id.
    ///
    /// # Errors
    /// The state folder, or a host that cannot be as the inventory says.
    pub fn open(
        &self,
        run: &str,
        globals: &Globals,
        lab: Option<&OpenLab>,
        listener: Arc<dyn Listener>,
        operator: Arc<dyn Operator>,
    ) -> Result<Arc<Remote>, Wrong> {
        // A lab's machines are made anew each time: what is pinned of them goes with the lab.
        let state = match lab {
            Some(lab) => lab.folder().join("mig"),
            None => globals.state()?,
        };
        let mut settings = world::Settings::new(run, state, listener, operator.clone());
        settings.hosts = self.hosts();
        settings.accept_new_host_keys = globals.accept_new_host_keys || lab.is_some();
        settings.secrets = self.secrets(operator);
        settings.holder = (!self.playbook.is_empty()).then(|| world::Holder::here(&self.playbook));
        settings.hidden = self.hidden();
        if let Some(aws) = &self.inventory.aws {
            settings.aws = world::AwsConfig {
                region: aws.region.clone(),
                profile: aws.profile.clone(),
                endpoint: aws.endpoint.clone(),
                // The operator's own keys are nothing for a lab.
                made_up: lab.is_some(),
            };
        }
        settings.reconnect_for = globals.reconnect_for;
        Ok(world::open(settings)?)
    }

    /// The secret whose value stands in a text, of those that can be had without asking anybody:
    /// what is typed must not end up in a history or a journal.
    pub fn secret_in(&self, text: &str) -> Option<String> {
        /// A shorter value could stand anywhere by chance.
        const SHORTEST: usize = 6;
        let value = |source: &SecretSource| match source {
            SecretSource::Env(name) => std::env::var(name).ok(),
            SecretSource::File(path) => world::files::read_text(&at_home(path), LARGEST).ok(),
            SecretSource::Command(_) | SecretSource::Prompt => None,
        };
        let stands = |source: &SecretSource| {
            value(source)
                .map(zeroize::Zeroizing::new)
                .is_some_and(|v| v.trim().len() >= SHORTEST && text.contains(v.trim()))
        };
        self.inventory.secrets.iter().find(|(_, source)| stands(source)).map(|(name, _)| name.to_string())
    }

    /// The variables of the environment that are secrets: what mig starts does not get them.
    fn hidden(&self) -> Vec<String> {
        let from_env = self.inventory.secrets.values().filter_map(|s| match s {
            SecretSource::Env(name) => Some(name.clone()),
            _ => None,
        });
        from_env.collect()
    }

    fn hosts(&self) -> Vec<HostConfig> {
        let config = |name: &crate::name::HostName, host: &crate::inventory::Host| HostConfig {
            name: name.clone(),
            reach: match &host.reach {
                Reach::Ssh { address, port, user, identity } => world::Reach::Ssh {
                    address: address.to_string(),
                    port: *port,
                    user: user.as_ref().map(ToString::to_string).unwrap_or_default(),
                    identity: identity.as_deref().map(at_home),
                },
                Reach::Alias(alias) => world::Reach::Alias(alias.to_string()),
                Reach::Local => world::Reach::Local,
            },
            sudo: host.sudo,
            moves_to: host.moves_to.as_ref().map(ToString::to_string),
        };
        self.inventory.hosts.iter().map(|(name, host)| config(name, host)).collect()
    }

    /// Secrets are fetched when they are first needed, once for each process, and never kept.
    fn secrets(&self, operator: Arc<dyn Operator>) -> world::SecretSource {
        let sources = self.inventory.secrets.clone();
        let places = self.inventory.secret_places.clone();
        let hidden = self.hidden();
        let fetched: Mutex<BTreeMap<String, Secret>> = Mutex::default();
        Arc::new(move |name| {
            let mut fetched = fetched.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = fetched.get(name) {
                return Ok(known.clone());
            }
            let Some(source) = sources.get(name) else {
                return Error::bad_input(format!("the inventory has no secret \"{name}\"")).err();
            };
            let value = fetch(name, source, &hidden, &*operator)?;
            if let Some(wrong) = check_secret_value(name, &value, places.get(name)) {
                return wrong.err();
            }
            fetched.insert(name.into(), value.clone());
            Ok(value)
        })
    }
}

fn fetch(
    name: &str,
    source: &SecretSource,
    hidden: &[String],
    operator: &dyn Operator,
) -> crate::error::Result<Secret> {
    let missing = |what: String| Error::bad_input(format!("the secret \"{name}\": {what}"));
    match source {
        SecretSource::Env(var) => match std::env::var(var) {
            Ok(value) => Ok(Secret::new(value)),
            Err(_) => missing(format!("the environment has no {var}")).hint(format!("export {var}=...")).err(),
        },
        SecretSource::File(path) => {
            let text = world::files::read_text(&at_home(path), LARGEST).map_err(|mut e| {
                e.message = format!("the secret \"{name}\": {}", e.message);
                e
            })?;
            Ok(Secret::new(text.trim_end_matches(['\n', '\r']).to_string()))
        }
        SecretSource::Command(command) => match output_of(command, hidden) {
            Ok(text) => Ok(Secret::new(text.trim_end_matches(['\n', '\r']).to_string())),
            Err(why) => missing(format!("its command failed: {why}")).err(),
        },
        SecretSource::Prompt => match operator.ask(&Question::Hidden { text: format!("{name}:") }) {
            Ok(Answer::Text(value)) => Ok(Secret::new(value)),
            Ok(_) => missing("no answer was given".into()).err(),
            Err(halt) => super::exit::error_of_halt(&halt).err(),
        },
    }
}

/// What a command of the operator's own shell prints. It does not get the variables that are secrets themselves: what it
/// leaves running, such as an agent, would keep them.
fn output_of(command: &str, hidden: &[String]) -> Result<String, String> {
    let mut shell = std::process::Command::new("sh");
    for name in hidden {
        shell.env_remove(name);
    }
    let out = shell
        .args(["-c", command])
        .stdin(std::process::Stdio::null())
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|e| e.to_string())?;
    match out.status.success() {
        true => String::from_utf8(out.stdout).map_err(|_| "what it printed is not UTF-8".into()),
        false => Err(out.status.to_string()),
    }
}

/// `~/` is the home folder of whoever runs mig.
fn at_home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest),
        _ => path.into(),
    }
}

/// The face and the person of a command.
pub fn faces(globals: &Globals) -> (Face, Arc<Person>) {
    let began = std::time::Instant::now();
    let now = move || u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let face = Face::new(globals, Box::new(now));
    let person = Arc::new(Person::new(globals.yes, face.screen()));
    (face, person)
}
