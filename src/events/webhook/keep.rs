//! Sees to it that a webhook's events are delivered by one node.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    Post, Webhook,
    delivery::{Delivery, End},
};
use crate::data::{
    Error,
    log::{self, EventFilter},
    subscribers::{self, Lease},
};

/// Before a database that did not do what it should is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// Delivers whenever no other node does, until it is told to stop.
pub(super) async fn keep(webhook: Arc<Webhook>, post: Arc<Post>, stop: CancellationToken) {
    // One for as long as it keeps: what it held itself it need not wait for.
    let id = Uuid::now_v7();
    while !stop.is_cancelled() {
        let pause = match once(&webhook, &post, id, &stop).await {
            Ok(Some(End::Stopped)) => return,
            Ok(Some(End::Lost)) => {
                tracing::warn!(subscriber = &*webhook.name, "another node delivers for this webhook now");
                webhook.lease / 2
            }
            Ok(None) => webhook.lease / 2,
            Ok(Some(End::Failed(Error::Expired))) | Err(Error::Expired) => {
                skip(&webhook).await;
                PAUSE
            }
            Ok(Some(End::Failed(error))) | Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(
                    subscriber = &*webhook.name,
                    error,
                    "a webhook can't be kept; tried again in a second"
                );
                PAUSE
            }
        };
        let _ = stop.run_until_cancelled(tokio::time::sleep(pause)).await;
    }
}

/// What it had not got to was removed while nobody delivered: it goes on with what is there, and says what is missing.
async fn skip(webhook: &Webhook) {
    let database = webhook.log.database();
    let skipped = async {
        let floor = log::floor(database, &EventFilter::default()).await?;
        subscribers::skip(database, &webhook.name, floor).await?;
        Ok::<_, Error>(floor)
    };
    match skipped.await {
        Ok(floor) => tracing::error!(
            subscriber = &*webhook.name,
            floor,
            "the log is no longer kept as far back as this webhook had got: what was removed is not delivered"
        ),
        Err(error) => {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(
                subscriber = &*webhook.name,
                error,
                "a webhook can't be moved to where the log begins"
            );
        }
    }
}

/// None while another node delivers.
async fn once(
    webhook: &Arc<Webhook>,
    post: &Arc<Post>,
    id: Uuid,
    stop: &CancellationToken,
) -> Result<Option<End>, Error> {
    let database = webhook.log.database();
    subscribers::register(database, &webhook.name).await?;
    let lease =
        Lease { subscriber: webhook.name.to_string(), id, holder: webhook.node.clone(), ttl: webhook.lease };
    let began = tokio::time::Instant::now();
    let Some(place) = subscribers::acquire(database, &lease).await? else { return Ok(None) };
    let (position, parked) = (place.position, place.parked.len());
    tracing::info!(subscriber = &*webhook.name, position, parked, "this node delivers for a webhook");
    Ok(Some(Delivery::new(webhook.clone(), post.clone(), lease, place, began).run(stop).await))
}
