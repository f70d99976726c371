//! The log on stderr, for `-v` and `LARDER_LOG`. Without either, nothing is set up.

use std::io::{self, Write};

use secrecy::SecretString;
use tracing_subscriber::EnvFilter;

use larder::error::{Cause, Error, Subject};

use super::config::{Config, Setting};
use super::output::masked;

/// Starts the log if one is wanted.
pub(crate) fn start(config: &Config) -> Result<(), Error> {
    let Some(Setting { value, .. }) = &config.log else {
        return Ok(());
    };
    let filter = EnvFilter::try_new(value).map_err(|error| {
        let cause = Cause::Usage {
            why: error.to_string(),
            hint: Some("a log filter looks like `larder=debug`".to_owned()),
        };
        Error {
            doing: "use",
            subject: Subject::Text(value.clone()),
            cause,
        }
    })?;
    let secrets = config.secrets();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(config.color.value)
        .with_writer(move || Masked(secrets.clone()))
        .init();
    Ok(())
}

/// stderr, except for secrets. A log record arrives in one write.
struct Masked(Vec<SecretString>);

impl Write for Masked {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = masked(&String::from_utf8_lossy(bytes), &self.0);
        io::stderr().write_all(text.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
