//! `type: api_token`: tokens that this service issues. There is nothing to choose.

use super::{SignIn, reader::Reader};

pub fn read(reader: &mut Reader<'_>) -> Option<SignIn> {
    reader.finish();
    Some(SignIn::ApiToken)
}
