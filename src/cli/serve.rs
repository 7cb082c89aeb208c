//! `tasker serve`.

use std::process::ExitCode;

use clap::Args;

use super::Place;
use crate::{
    app::{self, App, Extensions},
    config::{Overrides, OwnSignIn, Variables},
    telemetry,
};

/// Where to listen and on what to work.
#[derive(Debug, Clone, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    place: Place,
    /// Address and port, as in 127.0.0.1:8080
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Listen beyond this machine although nobody has to sign in
    #[arg(long)]
    insecure: bool,
}

impl Serve {
    pub(super) async fn run(self, extensions: Extensions, variables: Variables) -> anyhow::Result<ExitCode> {
        let overrides = Overrides {
            listen: self.listen.clone(),
            insecure: self.insecure,
            own_sign_in: if extensions.authenticators.is_empty() { OwnSignIn::None } else { OwnSignIn::Some },
            ..Overrides::default()
        };
        let config = self.place.load(overrides, &variables)?;
        telemetry::init(&config)?;
        let listener = app::listen(&config).await?;
        let app = App::open(config, extensions, variables).await?;
        app.serve(listener).await?;
        Ok(ExitCode::SUCCESS)
    }
}
