//! Text that fits and that means nothing but itself.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How many columns of a terminal it would take: wide characters take two, combining ones none.
pub(super) fn columns(text: &str) -> usize {
    text.width()
}

/// The beginning of it, with an ellipsis where something is left out.
pub(super) fn shortened(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.to_owned();
    }
    let mut taken = 0;
    let kept: String = text
        .chars()
        .take_while(|c| {
            taken += c.width().unwrap_or(0);
            taken < most
        })
        .collect();
    // A joiner that joins nothing any more, or a space before the ellipsis.
    format!("{}…", kept.trim_end_matches(|c: char| c == '\u{200d}' || c.is_whitespace()))
}

/// The end of it, from between two of its parts where there is such a place: what distinguishes class names.
pub(super) fn ending(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.to_owned();
    }
    let mut taken = 0;
    let from = text.char_indices().rev().take_while(|(_, c)| {
        taken += c.width().unwrap_or(0);
        taken < most
    });
    let from = from.last().map_or(text.len(), |(at, _)| at);
    let kept = text[from..].trim_start_matches(|c: char| c.width() == Some(0));
    let part = kept.find("::").or_else(|| kept.find('.')).filter(|&at| at + 2 < kept.len());
    format!("…{}", &kept[part.unwrap_or(0)..])
}

/// For XML, as text and in attributes. What XML can't hold at all becomes U+FFFD.
pub(super) fn xml(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_too_long_is_cut_where_it_is_seen() {
        assert_eq!(shortened("fetch_products", 14), "fetch_products");
        assert_eq!(shortened("fetch_products", 9), "fetch_pr…");
        assert_eq!(shortened("注文を取得する", 9), "注文を取…");
        assert_eq!(shortened("👩\u{200d}👩\u{200d}👧 and more", 4), "👩…");
        assert_eq!(ending("Shop::Handler::FetchHandler", 14), "…:FetchHandler");
        assert_eq!(ending("Shop::Handler::FetchHandler", 20), "…::FetchHandler");
        assert_eq!(ending("shop.handler.fetch_cart", 14), "….fetch_cart");
    }

    proptest! {
        #[test]
        fn it_never_takes_more_room_than_there_is(text in "\\PC{0,60}", most in 1_usize..40) {
            // An emoji in parts may be narrower than its parts, never wider.
            let sum = |text: &str| text.chars().map(|c| c.width().unwrap_or(0)).sum::<usize>();
            prop_assert!(columns(&text) <= most || sum(&shortened(&text, most)) <= most);
            prop_assert!(columns(&text) <= most || sum(&ending(&text, most)) <= most);
        }

        #[test]
        fn escaped_text_holds_nothing_that_xml_reads(text in any::<String>()) {
            let safe = xml(&text);
            let read = ['<', '>', '"', '\'', '\0', '\u{b}', '\u{ffff}'];
            prop_assert!(!safe.contains(read));
            let rest = safe.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "");
            prop_assert!(!rest.replace("&quot;", "").replace("&#39;", "").contains('&'));
        }
    }
}
