//! Values that are written with a unit. Their errors say what is expected and never show the value, which may
//! have come out of a `${VAR}`.

/// `10s`, `1m 30s`, `250ms`.
pub(super) mod duration {
    use std::time::Duration;

    use serde::{Deserializer, Serializer, de};

    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        humantime_serde::serialize(duration, serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        humantime_serde::deserialize(deserializer)
            .map_err(|_| de::Error::custom("expected a duration with its unit, such as `10s` or `1m 30s`"))
    }
}

/// `4 MiB`, or the number of bytes.
pub(super) mod bytes {
    use serde::{Deserialize, Deserializer, Serializer, de};

    const UNITS: [(&str, usize); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

    pub fn serialize<S: Serializer>(bytes: &usize, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&written(*bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
        let text = String::deserialize(deserializer).ok();
        text.and_then(|text| parse(&text))
            .ok_or_else(|| de::Error::custom("expected a size, such as `4 MiB` or `65536`"))
    }

    /// In the largest unit that leaves no fraction.
    pub fn written(bytes: usize) -> String {
        match UNITS.iter().find(|(_, size)| bytes > 0 && bytes.is_multiple_of(*size)) {
            Some((name, size)) => format!("{} {name}", bytes / size),
            None => bytes.to_string(),
        }
    }

    fn parse(text: &str) -> Option<usize> {
        let text = text.trim();
        for (name, size) in UNITS {
            if let Some(number) = text.strip_suffix(name) {
                return number.trim().parse::<usize>().ok()?.checked_mul(size);
            }
        }
        text.parse().ok()
    }

    #[cfg(test)]
    mod tests {
        use super::parse;

        #[test]
        fn a_size_has_a_unit_or_is_in_bytes() {
            assert_eq!(parse("4 MiB"), Some(4_194_304));
            assert_eq!(parse("64KiB"), Some(65_536));
            assert_eq!(parse("17"), Some(17));
            assert_eq!(parse("4 MB"), None, "powers of ten are not guessed at");
            assert_eq!(parse("-1"), None);
            assert_eq!(parse("99999999999999999 GiB"), None);
        }
    }
}

/// `127.0.0.1:8080`.
pub(super) mod address {
    use std::net::SocketAddr;

    use serde::{Deserialize, Deserializer, Serializer, de};

    pub fn serialize<S: Serializer>(address: &SocketAddr, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(address)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
        let text = String::deserialize(deserializer).ok();
        text.and_then(|text| text.parse().ok()).ok_or_else(|| {
            de::Error::custom("expected an IP address and a port, such as `127.0.0.1:8080` or `[::1]:8080`")
        })
    }
}
