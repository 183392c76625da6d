//! The account: opened when it is first needed, with the usual chain of credentials; and the one
//! way in which a request is sent.

use super::super::link::Fleet;
use super::super::settings::AwsConfig;
use super::refusal::{Refusal, Trouble, causes};
use crate::contract::{Answer, Event, Failure, Halt, Outcome, Question, Stop};
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::operation::RequestId;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// A request that is turned away, or of which nothing is heard, is sent again for so long.
const PATIENCE: Duration = Duration::from_secs(120);
/// The first pause before it is sent again, and the longest.
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// One request.
const ANSWER: Duration = Duration::from_secs(30);

/// The account of a run: not opened yet, or open.
#[derive(Default)]
pub struct Account {
    open: tokio::sync::Mutex<Option<Arc<Open>>>,
    has_said_where: AtomicBool,
}

/// An account that requests can be sent to.
pub struct Open {
    pub config: SdkConfig,
    pub region: String,
    pub ec2: Client,
}

impl Fleet {
    /// The account, with credentials that were there a moment ago.
    pub async fn open_account(&self) -> Outcome<Arc<Open>> {
        let mut open = self.account.open.lock().await;
        if let Some(open) = open.as_ref() {
            return Ok(open.clone());
        }
        loop {
            let new = connect(&self.settings.aws).await?;
            match credentials(&new.config).await {
                Ok(_) => {
                    self.say_where();
                    let new = Arc::new(new);
                    *open = Some(new.clone());
                    return Ok(new);
                }
                // As a session of `aws sso login` that is over: the same as a token that AWS refuses.
                Err(error @ (CredentialsError::ProviderError(_) | CredentialsError::ProviderTimedOut(_))) => {
                    self.ask_to_renew(&format!("the credentials cannot be had: {}", causes(&error)))?;
                }
                Err(error) => return Err(no_credentials(&self.settings.aws, &causes(&error)).into()),
            }
        }
    }

    /// Requests go elsewhere than a reader of the playbook would think.
    fn say_where(&self) {
        let Some(endpoint) = &self.settings.aws.endpoint else { return };
        if !self.account.has_said_where.swap(true, Ordering::Relaxed) {
            let text = format!("requests to AWS go to {endpoint}, not to Amazon (aws.endpoint of the inventory)");
            self.settings.listener.hear(&Event::Warning { text });
        }
    }

    /// Pauses until the credentials are renewed. Nobody there: the run stops, and a resume sends the
    /// same request again.
    pub fn ask_to_renew(&self, why: &str) -> Outcome<()> {
        let how = match &self.settings.aws.profile {
            Some(profile) => format!("aws sso login --profile {profile}, or new keys in ~/.aws/credentials"),
            None => "aws sso login, or new keys in ~/.aws/credentials; keys in the environment need a new mig".into(),
        };
        let text = format!("{why}\nnothing was done by it. Renew the AWS credentials ({how}).\nAre they renewed?");
        // Not a question that --yes may answer: it would ask AWS again and again.
        match self.settings.operator.ask(&Question::Confirm { text: text.clone(), default: false }) {
            Ok(Answer::Yes) => Ok(()),
            Ok(_) => Err(Halt::Stop(Stop::NoAnswer(format!("{why}\nrenew the AWS credentials ({how}), then go on")))),
            Err(Halt::Stop(Stop::NoAnswer(_))) => {
                Err(Halt::Stop(Stop::NoAnswer(format!("{why}\nrenew the AWS credentials ({how}), then go on"))))
            }
            Err(halt) => Err(halt),
        }
    }

    /// Sends a request until AWS answers it: again after a pause when AWS is busy or the answer was
    /// lost, and again with new credentials. Every request of this room may be sent twice.
    pub async fn ec2<T, E>(
        &self,
        action: &str,
        request: impl AsyncFn(&Client) -> Result<T, SdkError<E>>,
    ) -> Outcome<Result<T, Refusal>>
    where
        E: ProvideErrorMetadata + Error + RequestId + 'static,
    {
        let mut until = Instant::now() + PATIENCE;
        let mut pause = PAUSE;
        loop {
            let open = self.open_account().await?;
            let error = match request(&open.ec2).await {
                Ok(answer) => return Ok(Ok(answer)),
                Err(error) => error,
            };
            match Trouble::of_sdk(action, &error) {
                Trouble::Refused(refusal) => return Ok(Err(refusal)),
                Trouble::Expired(why) => {
                    self.ask_to_renew(&why)?;
                    self.forget_account().await;
                    until = Instant::now() + PATIENCE;
                }
                Trouble::Later(why) if Instant::now() >= until => {
                    let text = format!("{why}\nthat has been so for {} s", PATIENCE.as_secs());
                    return Err(Failure::new(text).into());
                }
                Trouble::Later(why) => {
                    tracing::debug!("sent again in {pause:?}: {why}");
                    tokio::time::sleep(pause.mul_f64(0.5 + rand::random::<f64>())).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// The same, where a no of AWS is a failure.
    pub async fn must<T, E>(&self, action: &str, request: impl AsyncFn(&Client) -> Result<T, SdkError<E>>) -> Outcome<T>
    where
        E: ProvideErrorMetadata + Error + RequestId + 'static,
    {
        self.ec2(action, request).await?.map_err(|refusal| Failure::new(refusal.text).into())
    }

    pub async fn forget_account(&self) {
        *self.account.open.lock().await = None;
    }

    /// Waits a little between two looks, and says what is waited for.
    pub async fn look_again_in(&self, pause: Duration, what: &str, seen: &str, until: Instant) {
        self.settings.listener.hear(&Event::Waiting {
            path: vec![],
            what: what.into(),
            last: seen.into(),
            left_ms: u64::try_from((until - Instant::now()).as_millis()).unwrap_or(0),
        });
        tokio::time::sleep(pause.min(until.saturating_duration_since(Instant::now()))).await;
    }
}

/// The credentials as they are now.
pub async fn credentials(config: &SdkConfig) -> Result<Credentials, CredentialsError> {
    match config.credentials_provider() {
        Some(provider) => provider.provide_credentials().await,
        None => Err(CredentialsError::not_loaded("there is no source of credentials")),
    }
}

async fn connect(settings: &AwsConfig) -> Outcome<Open> {
    // As the other AWS tools: through HTTPS_PROXY and its like, where they are set.
    let http = aws_smithy_http_client::Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = Connector::builder().proxy_config(ProxyConfig::from_env());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(|c| c.sleep_impl()));
        connector.tls_provider(Provider::Rustls(CryptoMode::Ring)).build()
    });
    let times = TimeoutConfig::builder().connect_timeout(Duration::from_secs(10)).operation_attempt_timeout(ANSWER);
    let mut config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        // What is sent again, and when, is decided here: a change is read back first.
        .retry_config(RetryConfig::disabled())
        .timeout_config(times.build());
    if let Some(region) = &settings.region {
        config = config.region(Region::new(region.clone()));
    }
    if let Some(profile) = &settings.profile {
        config = config.profile_name(profile);
    }
    if settings.made_up {
        config = config.credentials_provider(Credentials::new("LAB", "made-up", None, None, "the lab"));
    }
    if let Some(endpoint) = &settings.endpoint {
        config = config.endpoint_url(endpoint);
    }
    let config = config.load().await;
    let Some(region) = config.region().map(ToString::to_string) else {
        return Err(Failure::new("no AWS region is given")
            .hint("in the inventory: aws: { region: eu-west-1 }")
            .hint("or AWS_REGION, or the profile in ~/.aws/config")
            .into());
    };
    let ec2 = Client::new(&config);
    Ok(Open { config, region, ec2 })
}

fn no_credentials(settings: &AwsConfig, why: &str) -> Failure {
    let who = settings.profile.as_ref().map_or(String::new(), |p| format!(" for the profile {p}"));
    Failure::new(format!("no AWS credentials were found{who}: {why}"))
        .hint("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or ~/.aws/credentials, or aws sso login")
        .hint("another profile: aws: { profile: NAME } in the inventory")
}
