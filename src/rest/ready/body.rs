//! What a body may hold: the schema that `/openapi.json` shows, and the only one that bodies are held to.

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};
use utoipa::openapi::ComponentsBuilder;

use crate::rest::{
    openapi::{Inputs, reference},
    types::Types,
};

/// Characters of a message; what would be longer quotes a large value.
const LONGEST: usize = 200;

/// Problems that are told at once.
const MOST: usize = 20;

/// A JSON object.
pub struct Body {
    /// Its component in `/openapi.json`.
    pub name: String,
    /// It and the components below it.
    pub inputs: Inputs,
    validator: Validator,
}

/// Something that a body must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Where, as a JSON pointer.
    pub pointer: String,
    pub message: String,
}

impl Body {
    /// An input object of the schema without what is `filled` in from elsewhere.
    pub fn of(input: &str, filled: &[&str], types: &Types) -> Result<Self, String> {
        let mut inputs = Inputs::default();
        let name = inputs.add(input, filled, types).ok_or_else(|| format!("{input} is no input object"))?;
        let components = inputs.iter().fold(ComponentsBuilder::new(), |components, (name, schema)| {
            components.schema(name, schema.clone())
        });
        let components = serde_json::to_value(components.build()).map_err(|error| error.to_string())?;
        let root = json!({ "$ref": reference(&name).ref_location, "components": components });
        let options =
            jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true).offline();
        let validator = options.build(&root).map_err(|error| error.to_string())?;
        Ok(Self { name, inputs, validator })
    }

    /// Everything in it that must not be so.
    pub fn misfits(&self, body: &Value) -> Vec<Misfit> {
        let misfit = |error: jsonschema::ValidationError<'_>| {
            let mut message = error.to_string();
            if message.len() > LONGEST {
                message.truncate(message.floor_char_boundary(LONGEST));
                message.push('…');
            }
            Misfit { pointer: error.instance_path().as_str().to_owned(), message }
        };
        self.validator.iter_errors(body).take(MOST).map(misfit).collect()
    }
}
