//! What the world needs to know before it is opened.

use super::lock::Holder;
use crate::contract::{Listener, Operator};
use crate::error::Result;
use crate::name::HostName;
use crate::secret::Secret;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Gives the value of a secret by its name.
pub type SecretSource = Arc<dyn Fn(&str) -> Result<Secret> + Send + Sync>;

/// What the world needs to know before it is opened.
#[derive(Clone)]
pub struct Settings {
    /// The id of the run: letters and digits, at least 8.
    pub run: String,
    /// The folder in which mig keeps its state on this machine.
    pub state: PathBuf,
    pub hosts: Vec<HostConfig>,
    pub secrets: SecretSource,
    pub listener: Arc<dyn Listener>,
    pub operator: Arc<dyn Operator>,
    /// For whom the locks of machines are taken; without one none is taken.
    pub holder: Option<Holder>,
    /// Variables of the environment in which secrets come: nothing that is run on this machine as
    /// on a host inherits them.
    pub hidden: Vec<String>,
    /// Pin unknown host keys without asking; what was pinned is told.
    pub accept_new_host_keys: bool,
    /// How long a lost connection is tried again before it counts as a failure.
    pub reconnect_for: Duration,
    /// How long a first connection may take.
    pub connect_timeout: Duration,
    pub aws: AwsConfig,
}

/// The AWS account, as far as the inventory says; what it leaves out is where the AWS tools keep it.
#[derive(Debug, Clone, Default)]
pub struct AwsConfig {
    pub region: Option<String>,
    pub profile: Option<String>,
    /// In place of Amazon: for tests.
    pub endpoint: Option<String>,
    /// Requests are signed with keys that nobody has: the endpoint is the stand-in of a lab.
    pub made_up: bool,
}

impl Settings {
    /// Settings with no hosts and the usual times.
    pub fn new(run: &str, state: PathBuf, listener: Arc<dyn Listener>, operator: Arc<dyn Operator>) -> Self {
        Settings {
            run: run.into(),
            state,
            hosts: vec![],
            secrets: Arc::new(|name| crate::error::Error::bad_input(format!("no secret is called \"{name}\"")).err()),
            listener,
            operator,
            holder: None,
            hidden: vec![],
            accept_new_host_keys: false,
            reconnect_for: Duration::from_secs(300),
            connect_timeout: Duration::from_secs(10),
            aws: AwsConfig::default(),
        }
    }
}

/// One host of the inventory.
#[derive(Debug, Clone)]
pub struct HostConfig {
    pub name: HostName,
    pub reach: Reach,
    /// Commands run as root, through `sudo -n`.
    pub sudo: bool,
    /// The address that it takes over during the run.
    pub moves_to: Option<String>,
}

/// How a host is reached.
#[derive(Debug, Clone)]
pub enum Reach {
    Ssh {
        address: String,
        port: u16,
        /// Empty: the name of the user here, as ssh does.
        user: String,
        identity: Option<PathBuf>,
    },
    /// An alias of the user's own ssh_config: ProxyJump, agents and keys work as there.
    Alias(String),
    /// The operator's machine.
    Local,
}
