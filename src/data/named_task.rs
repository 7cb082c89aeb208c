//! The content of templates: what tasks are pinned to, for as long as there are tasks.

use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::OnConflict};

use super::{
    Database, Error,
    entity::named_task::{ActiveModel, Column, Entity, Model},
};
use crate::model::{template::Template, time::Timestamp};

/// What storing a template came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// Its content is known.
    Known,
    /// Nothing was stored under its version before.
    New,
    /// Its version had other content before: a new revision.
    Revised,
}

/// Stores a template's content under its digest. `revise` allows changed content under an unchanged version;
/// without it nothing is stored and the answer is still `Revised`.
pub async fn store(
    database: &Database,
    template: &Template,
    revise: bool,
    now: Timestamp,
) -> Result<Stored, Error> {
    let revisions = revisions(database, template).await?;
    if revisions.iter().any(|row| row.digest == *template.digest) {
        return Ok(Stored::Known);
    }
    let newest = revisions.first().map(|row| row.revision);
    if newest.is_some() && !revise {
        return Ok(Stored::Revised);
    }
    let row = ActiveModel {
        digest: Set(template.digest.to_string()),
        namespace: Set(template.namespace.clone()),
        name: Set(template.name.clone()),
        version: Set(template.version.to_string()),
        revision: Set(newest.unwrap_or(0) + 1),
        document: Set(template.document.clone()),
        created_at: Set(now.0),
    };
    let once = OnConflict::column(Column::Digest).do_nothing().to_owned();
    Entity::insert(row).on_conflict(once).exec_without_returning(&database.upkeep).await?;
    Ok(if newest.is_some() { Stored::Revised } else { Stored::New })
}

/// The stored document with this digest.
pub async fn find(database: &Database, digest: &str) -> Result<Option<Model>, Error> {
    Ok(Entity::find_by_id(digest.to_owned()).one(&database.reader).await?)
}

async fn revisions(database: &Database, template: &Template) -> Result<Vec<Model>, Error> {
    let same = Entity::find()
        .filter(Column::Namespace.eq(&template.namespace))
        .filter(Column::Name.eq(&template.name))
        .filter(Column::Version.eq(template.version.to_string()))
        .order_by_desc(Column::Revision);
    Ok(same.all(&database.reader).await?)
}
