//! What a parameter's text stands for.

use async_graphql::parser::types::{BaseType, Type};
use serde_json::{Number, Value, json};
use uuid::Uuid;

use crate::rest::types::Types;

/// As the schema's type has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Whole,
    Truth,
    Text,
    Id,
    Moment,
    /// One of these, in capitals or small.
    Word(Vec<String>),
    /// JSON, or a text.
    Json,
    /// Several, with commas between them.
    List(Box<Kind>),
}

impl Kind {
    /// Of a type of the schema; nothing for what a parameter can't hold.
    pub fn of(of: &Type, types: &Types) -> Option<Self> {
        Some(match &of.base {
            BaseType::List(inner) => Self::List(Box::new(Self::of(inner, types)?)),
            BaseType::Named(name) => match name.as_str() {
                "Int" => Self::Whole,
                "Boolean" => Self::Truth,
                "String" => Self::Text,
                "ID" => Self::Id,
                "DateTime" => Self::Moment,
                "JSON" => Self::Json,
                words => Self::Word(types.words(words)?.into_iter().map(|(word, _)| word.into()).collect()),
            },
        })
    }

    /// Reads one text, or says what it must be.
    pub fn read(&self, text: &str) -> Result<Value, String> {
        Ok(match self {
            Self::Whole => json!(whole(text).ok_or("must be a whole number")?),
            Self::Truth => json!(text.parse::<bool>().map_err(|_| "must be true or false")?),
            Self::Text => json!(text),
            Self::Id => {
                let written = Uuid::try_parse(text).map(|id| id.to_string());
                let is_one = written.is_ok_and(|id| id.eq_ignore_ascii_case(text));
                let must = "must be an id: a UUID such as 01890a5d-ac96-774b-bcce-b302099a8057";
                is_one.then(|| json!(text)).ok_or(must)?
            }
            Self::Moment => {
                let must = "must be a moment as RFC 3339 writes it, such as 2026-11-23T09:30:00Z; in an address \
                            a + is written %2B";
                chrono::DateTime::parse_from_rfc3339(text).map_err(|_| must)?;
                json!(text)
            }
            Self::Word(words) => {
                let capitals = text.to_ascii_uppercase();
                let known =
                    words.contains(&capitals) && (text == capitals || text == text.to_ascii_lowercase());
                known
                    .then(|| json!(capitals))
                    .ok_or_else(|| format!("must be one of {}", words.join(", ")))?
            }
            Self::Json => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
            Self::List(each) => each.read(text).map(|one| json!([one]))?,
        })
    }
}

/// `1` and `-1`; not `+1`, not `01`.
fn whole(text: &str) -> Option<Number> {
    let number: i32 = text.parse().ok()?;
    (number.to_string() == text).then(|| number.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_as_what_it_must_be_or_not_at_all() {
        let words = Kind::Word(vec!["ASC".into(), "DESC".into()]);
        for (kind, text, value) in [
            (&Kind::Whole, "-3", json!(-3)),
            (&Kind::Truth, "true", json!(true)),
            (&Kind::Text, "", json!("")),
            (&words, "asc", json!("ASC")),
            (&words, "DESC", json!("DESC")),
            (&Kind::Json, "7", json!(7)),
            (&Kind::Json, "\"7\"", json!("7")),
            (&Kind::Json, "seven", json!("seven")),
        ] {
            assert_eq!(kind.read(text), Ok(value), "{text}");
        }
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        assert!(Kind::Id.read(id).is_ok() && Kind::Id.read(&id.to_uppercase()).is_ok());
        for (kind, text) in [
            (&Kind::Whole, "+3"),
            (&Kind::Whole, "03"),
            (&Kind::Whole, "3.0"),
            (&Kind::Whole, "3000000000"),
            (&Kind::Whole, ""),
            (&Kind::Truth, "1"),
            (&Kind::Id, "01890a5dac96774bbcceb302099a8057"),
            (&Kind::Id, "{01890a5d-ac96-774b-bcce-b302099a8057}"),
            (&Kind::Moment, "yesterday"),
            (&words, "Asc"),
            (&words, ""),
        ] {
            assert!(kind.read(text).is_err(), "{text}");
        }
    }
}
