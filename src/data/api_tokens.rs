//! The tokens that were issued. Their secrets are not here: only what they hash to.

use std::time::Duration;

use sea_orm::{
    ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    TransactionTrait, sea_query::Expr,
};
use uuid::Uuid;

use super::{
    Database, Error, audit,
    entity::api_token::{Column, Entity, Model},
};
use crate::model::{audit::AuditRecord, time::Timestamp};

/// Stores a new one, and what the audit log says of it.
pub async fn insert(database: &Database, token: Model, record: Option<AuditRecord>) -> Result<(), Error> {
    let transaction = database.upkeep.begin().await?;
    Entity::insert(token.into_active_model()).exec_without_returning(&transaction).await?;
    audit::commit(transaction, record).await
}

/// The token whose secret hashes to this. One statement, by a unique index.
pub async fn find_by_hash(database: &Database, hash: &[u8]) -> Result<Option<Model>, Error> {
    Ok(Entity::find().filter(Column::Hash.eq(hash)).one(&database.reader).await?)
}

/// One token.
pub async fn find(database: &Database, id: Uuid) -> Result<Option<Model>, Error> {
    Ok(Entity::find_by_id(id).one(&database.reader).await?)
}

/// Values in one statement: fewer than either database takes.
const TOGETHER: usize = 10_000;

/// Those of these tokens that nobody has withdrawn. One statement, but for very many.
pub async fn good_among(database: &Database, ids: &[Uuid]) -> Result<Vec<Uuid>, Error> {
    let mut good = Vec::with_capacity(ids.len());
    for ids in ids.chunks(TOGETHER) {
        let found = Entity::find().select_only().column(Column::Id).filter(Column::RevokedAt.is_null());
        let found = found.filter(Column::Id.is_in(ids.iter().copied()));
        good.extend(found.into_tuple::<Uuid>().all(&database.reader).await?);
    }
    Ok(good)
}

/// The newest tokens: ids are in the order of time.
pub async fn list(database: &Database, limit: u64, offset: u64) -> Result<Vec<Model>, Error> {
    let newest = Entity::find().order_by_desc(Column::CreatedAt).order_by_desc(Column::Id);
    Ok(newest.limit(limit).offset(offset).all(&database.reader).await?)
}

/// Withdraws a token, and answers with it; one that was withdrawn before stays as it was. None where there is none.
pub async fn revoke(
    database: &Database,
    id: Uuid,
    record: Option<AuditRecord>,
    now: Timestamp,
) -> Result<Option<Model>, Error> {
    let mine = Condition::all().add(Column::Id.eq(id)).add(Column::RevokedAt.is_null());
    let update = Entity::update_many().col_expr(Column::RevokedAt, Expr::value(now.0)).filter(mine);
    let transaction = database.upkeep.begin().await?;
    let changed = update.exec(&transaction).await?;
    let token = Entity::find_by_id(id).one(&transaction).await?;
    audit::commit(transaction, record.filter(|_| changed.rows_affected > 0)).await?;
    Ok(token)
}

/// Notes that a token was used, unless any node has done so within `interval`.
pub async fn used(database: &Database, id: Uuid, now: Timestamp, interval: Duration) -> Result<(), Error> {
    let before = now.0.saturating_sub(i64::try_from(interval.as_micros()).unwrap_or(i64::MAX));
    let due = Condition::any().add(Column::LastUsedAt.is_null()).add(Column::LastUsedAt.lte(before));
    let update = Entity::update_many().col_expr(Column::LastUsedAt, Expr::value(now.0));
    update.filter(Column::Id.eq(id)).filter(due).exec(&database.upkeep).await?;
    Ok(())
}
