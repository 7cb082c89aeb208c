//! A `curl` command line, as far as the guide uses it.

/// Where the guide's service listens.
const HERE: &str = "http://127.0.0.1:8080";

/// What a command line sends.
#[derive(Debug, Default, PartialEq)]
pub struct Curl {
    pub method: String,
    /// Of the service, from its first slash on.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<String>,
}

impl Curl {
    /// From the words after `curl`.
    pub fn read(words: &[&str]) -> Result<Self, String> {
        let (mut curl, mut method, mut words) = (Self::default(), None, words.iter());
        while let Some(word) = words.next() {
            let mut value =
                || words.next().map(|value| (*value).to_owned()).ok_or(format!("{word} has no value"));
            match *word {
                "-X" | "--request" => method = Some(value()?),
                "-d" | "--data" => curl.body = Some(value()?),
                "-H" | "--header" => {
                    let header = value()?;
                    let (name, content) = header.split_once(':').ok_or(format!("{header:?} is no header"))?;
                    curl.headers.push((name.to_owned(), content.trim().to_owned()));
                }
                "-o" => drop(value()?),
                flags if is_quiet(flags) => {}
                flag if flag.starts_with('-') => {
                    return Err(format!("nobody knows what curl makes of {flag}"));
                }
                url => {
                    let path = url.strip_prefix(HERE).ok_or(format!("{url} is not at {HERE}"))?;
                    curl.path = path.to_owned();
                }
            }
        }
        if curl.path.is_empty() {
            return Err("curl is given no address".to_owned());
        }
        curl.method = method.unwrap_or_else(|| if curl.body.is_some() { "POST" } else { "GET" }.to_owned());
        Ok(curl)
    }
}

/// Those that change only what is shown: `-s`, `-sN`, `-sS`, `-si`.
fn is_quiet(flags: &str) -> bool {
    flags
        .strip_prefix('-')
        .is_some_and(|flags| !flags.is_empty() && flags.chars().all(|flag| "sSNif".contains(flag)))
}

#[test]
fn a_command_line_is_read_as_curl_reads_it() {
    let words = ["-s", "http://127.0.0.1:8080/x?a=1", "-H", "Accept: a/b", "-d", "{}"];
    let read = Curl::read(&words).expect("it is one");
    assert_eq!((read.method.as_str(), read.path.as_str()), ("POST", "/x?a=1"));
    assert_eq!(
        (read.headers, read.body),
        (vec![("Accept".to_owned(), "a/b".to_owned())], Some("{}".to_owned()))
    );
    assert!(Curl::read(&["https://example.com/"]).is_err());
    assert!(Curl::read(&["--insecure", "http://127.0.0.1:8080/x"]).is_err());
}
