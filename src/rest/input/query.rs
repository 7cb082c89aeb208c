//! The part of an address behind its `?`.

use percent_encoding::percent_decode_str;

/// A name, decoded, and a value that is not: commas that are meant are written, others are encoded.
pub struct Pair<'a> {
    /// Nothing where it is not UTF-8.
    pub name: Option<String>,
    pub value: &'a str,
}

/// In order, each as often as it is there.
pub fn pairs(query: &str) -> impl Iterator<Item = Pair<'_>> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Pair { name: decoded(name), value }
    })
}

/// The text that is meant; nothing where it is not UTF-8.
pub fn decoded(raw: &str) -> Option<String> {
    let spaced = raw.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_decoded_and_commas_in_values_keep_apart() {
        let read: Vec<_> = pairs("a=1&&b%20c=x%2Cy,z&d&%FF=1").map(|pair| (pair.name, pair.value)).collect();
        let name = |name: &str| Some(name.to_owned());
        assert_eq!(read, [(name("a"), "1"), (name("b c"), "x%2Cy,z"), (name("d"), ""), (None, "1")]);
        assert_eq!(decoded("x%2Cy+z").as_deref(), Some("x,y z"));
        assert_eq!(decoded("%FF"), None);
    }
}
