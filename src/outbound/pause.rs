//! How long a server wants to be left alone.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};

/// Whatever it says, it did not mean more.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 3_600);

/// Numbers from here on are moments and no waits, in seconds since 1970; from there on in milliseconds.
const MOMENT: f64 = 1e9;
const MILLISECONDS: f64 = 1e12;

/// `Retry-After`: seconds, or a date. `now` is the time since 1970.
pub fn retry_after(headers: &HeaderMap, now: Duration) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let told = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let moment = chrono::DateTime::parse_from_rfc2822(text).ok()?.timestamp();
            Duration::from_secs(u64::try_from(moment).ok()?).saturating_sub(now)
        }
    };
    Some(told.min(LONGEST))
}

/// `RateLimit-Reset` or `X-RateLimit-Reset`: when there is room again, as a wait or as a moment since 1970.
pub fn rate_limit_reset(headers: &HeaderMap, now: Duration) -> Option<Duration> {
    let number = |name| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok();
    let told = number("ratelimit-reset").or_else(|| number("x-ratelimit-reset"))?;
    let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).ok();
    let wait = if told >= MILLISECONDS {
        seconds(told / 1000.0)?.saturating_sub(now)
    } else if told >= MOMENT {
        seconds(told)?.saturating_sub(now)
    } else {
        seconds(told)?
    };
    Some(wait.min(LONGEST))
}

/// Whether the server says that nothing is left of what one may ask.
pub fn is_used_up(headers: &HeaderMap) -> bool {
    ["ratelimit-remaining", "x-ratelimit-remaining"]
        .iter()
        .filter_map(|name| headers.get(*name))
        .any(|left| left.to_str().is_ok_and(|left| left.trim() == "0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_445_412_400);

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name.parse().expect("a name"), value.parse().expect("a value"))])
    }

    #[test]
    fn a_pause_is_told_in_seconds_or_as_a_date() {
        let after = |text: &str| retry_after(&headers("retry-after", text), NOW);
        assert_eq!(after("120"), Some(Duration::from_secs(120)));
        assert_eq!(after("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::from_secs(80)));
        assert_eq!(after("Wed, 21 Oct 2015 07:00:00 GMT"), Some(Duration::ZERO), "it is over");
        assert_eq!(after("18446744073709551615"), Some(LONGEST));
        assert_eq!(after("soon"), None);
        assert_eq!(after("-5"), None);
    }

    #[test]
    fn a_reset_is_a_wait_or_a_moment() {
        for name in ["ratelimit-reset", "x-ratelimit-reset"] {
            let reset = |text: &str| rate_limit_reset(&headers(name, text), NOW);
            assert_eq!(reset("30"), Some(Duration::from_secs(30)));
            assert_eq!(reset("1.5"), Some(Duration::from_millis(1_500)));
            assert_eq!(reset("1445412460"), Some(Duration::from_secs(60)));
            assert_eq!(reset("1445412460000"), Some(Duration::from_secs(60)));
            assert_eq!(reset("1445412000"), Some(Duration::ZERO), "it is over");
            for text in ["soon", "-5", "NaN", "inf", "1e300", ""] {
                assert_eq!(reset(text).filter(|wait| *wait < LONGEST), None, "{text}");
            }
        }
        let both = HeaderMap::from_iter([
            ("ratelimit-reset".parse().expect("a name"), "7".parse().expect("a value")),
            ("x-ratelimit-reset".parse().expect("a name"), "9".parse().expect("a value")),
        ]);
        assert_eq!(rate_limit_reset(&both, NOW), Some(Duration::from_secs(7)), "the standard one wins");
    }
}
