//! Shop: Tasker with workflows of its own.
//!
//! Everything in this folder was written by `tasker generate`, apart from this file: here is what its "Next" asks for.
#![allow(
    dead_code,
    reason = "an application would begin sessions and export metrics"
)]

mod charge_card;
mod company_api_token_authenticator;
mod company_auth_coordinator;
mod company_custom_authenticator;
mod company_jwt_authenticator;
mod company_oauth_authenticator;
mod company_session_authenticator;
mod import;
mod metrics_subscriber;
mod notification_subscriber;
mod order_process;

use std::{collections::HashMap, process::ExitCode};

use tasker::{
    app::{Builder, Tasker},
    auth::Subject,
};

/// Everything that this program adds to Tasker: handlers, subscribers, ways to sign in.
fn application(builder: Builder) -> Builder {
    let builder = order_process::handlers(builder);
    let builder = import::handlers(builder);
    let builder = builder.step_handler("ChargeCardHandler", charge_card::ChargeCardHandler);
    let builder =
        builder.authorization(company_auth_coordinator::CompanyAuthCoordinator::default());
    let builder = builder.subscriber(notification_subscriber::NotificationSubscriber::new(
        |message| println!("{message}"),
    ));
    let builder = builder.subscriber(metrics_subscriber::MetricsSubscriber::default());
    let secret = "a secret that a real program gets from its environment";
    let builder = builder.authenticator(
        company_jwt_authenticator::CompanyJwtAuthenticator::new(secret)
            .expect("a secret of at least 32 bytes"),
    );
    let tokens = HashMap::new();
    let builder = builder
        .authenticator(company_api_token_authenticator::CompanyApiTokenAuthenticator::new(tokens));
    let builder = builder
        .authenticator(company_session_authenticator::CompanySessionAuthenticator::default());
    let builder = builder.authenticator(
        company_oauth_authenticator::CompanyOauthAuthenticator::new(|_| None::<Subject>),
    );
    builder.authenticator(
        company_custom_authenticator::CompanyCustomAuthenticator::new(|_| None::<Subject>),
    )
}

fn main() -> ExitCode {
    application(Tasker::builder()).run()
}
