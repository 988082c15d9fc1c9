//! Who may come in: the gate in front of every route of one server (HTTP-070).
//!
//! Basic authentication with one user name and one password, which may be kept as a SHA-1 digest. Comparisons take
//! the same time whether they fail early or late. Credentials are never written anywhere: where the reference quotes
//! a malformed header on its stderr, we stay silent.

use std::hint::black_box;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bstr::ByteSlice;
use sha1::{Digest, Sha1};

use super::origin::Names;
use super::routes::Route;
use crate::config::types::{ServerAddress, ServerConfig};

/// The credentials of one server, or none at all, and its names.
#[derive(Clone)]
pub struct Gate {
    credentials: Option<Credentials>,
    /// By which names browsers may know us.
    names: Names,
    /// The same where no password is asked for.
    names_without_password: Names,
    metrics_are_open: bool,
    health_is_open: bool,
    /// Nobody comes here without a password or what the mode of the socket asks.
    pub is_guarded: bool,
    /// What REST calls this node, if the configuration says it (GO-264).
    pub node: Option<String>,
}

#[derive(Clone)]
struct Credentials {
    username: Vec<u8>,
    password: Password,
}

#[derive(Clone)]
enum Password {
    Plain(Vec<u8>),
    /// The lower-case hex digits as configured (SRV-006).
    Sha1(Vec<u8>),
}

/// What the gate says to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Welcome,
    /// 401.
    Unauthorized,
    /// 400: the header cannot be decoded (HTTP-075).
    Malformed,
}

impl Gate {
    /// An absent or empty user name means that everybody may come in (SRV-005).
    pub fn of(config: &ServerConfig) -> Self {
        let username = config.username.as_deref().filter(|name| !name.is_empty());
        let credentials = username.map(|username| {
            let password = config.password.as_deref().unwrap_or_default();
            Credentials {
                username: username.into(),
                password: match password.strip_prefix("{SHA}") {
                    Some(digest) => Password::Sha1(digest.into()),
                    None => Password::Plain(password.into()),
                },
            }
        });
        let is_local = matches!(config.address, ServerAddress::Unix { .. });
        let is_guarded = credentials.is_some() || is_local;
        Self {
            credentials,
            names: Names::of(config),
            names_without_password: Names::without_password(config),
            metrics_are_open: !config.metrics_auth,
            health_is_open: !config.health_auth,
            is_guarded,
            node: config.nodename.clone(),
        }
    }

    /// Whether this route is for everybody although the rest is not.
    pub fn leaves_open(&self, route: &Route) -> bool {
        match route {
            Route::Metrics => self.metrics_are_open,
            Route::Health(_) => self.health_is_open,
            Route::Rpc
            | Route::LogTail(_)
            | Route::MainLogTail
            | Route::Ok
            | Route::Rest(_)
            | Route::Web(_)
            | Route::Elsewhere => false,
        }
    }

    /// The names that count for such a route, or for the others.
    pub fn names(&self, open: bool) -> &Names {
        if open {
            &self.names_without_password
        } else {
            &self.names
        }
    }

    pub fn is_open(&self) -> bool {
        self.credentials.is_none()
    }

    /// Judges the value of the first `Authorization` header.
    pub fn check(&self, authorization: Option<&[u8]>) -> Verdict {
        let Some(credentials) = &self.credentials else {
            return Verdict::Welcome;
        };
        let Some((scheme, cookie)) = authorization.and_then(|value| value.split_once_str(" "))
        else {
            return Verdict::Unauthorized;
        };
        if !scheme.eq_ignore_ascii_case(b"basic") {
            return Verdict::Unauthorized;
        }
        let decoded = match decode_base64(cookie) {
            Some(decoded) if decoded.is_utf8() => decoded,
            Some(_) | None => return Verdict::Malformed,
        };
        // Without a colon the reference fails with 500 (HTTP-075); they are simply no credentials.
        let Some((username, password)) = decoded.split_once_str(":") else {
            return Verdict::Unauthorized;
        };
        let same_user = same(&credentials.username, username);
        let same_password = credentials.password.is(password);
        if same_user & same_password {
            Verdict::Welcome
        } else {
            Verdict::Unauthorized
        }
    }
}

impl Password {
    fn is(&self, offered: &[u8]) -> bool {
        match self {
            Self::Plain(password) => same(password, offered),
            Self::Sha1(digest) => {
                let offered = format!("{:x}", Sha1::digest(offered));
                same(digest, offered.as_bytes())
            }
        }
    }
}

/// Compares in a time that depends on the length of what was offered alone.
fn same(secret: &[u8], offered: &[u8]) -> bool {
    let mut difference = u8::from(secret.len() != offered.len());
    for (at, byte) in offered.iter().enumerate() {
        let secret_byte = secret.get(at % secret.len().max(1)).copied().unwrap_or(0);
        difference |= black_box(secret_byte ^ byte);
    }
    black_box(difference) == 0
}

/// Decodes as Python's `decodebytes` does: foreign characters are skipped, what follows the padding is ignored.
/// `None` where Python raises.
fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::RequireNone)
            .with_decode_allow_trailing_bits(true),
    );
    let mut digits = Vec::with_capacity(text.len());
    let mut pads = 0;
    let mut padded = false;
    for &byte in text {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => {
                digits.push(byte);
                pads = 0;
            }
            b'=' => {
                let in_quad = digits.len() % 4;
                pads += 1;
                if in_quad >= 2 && in_quad + pads >= 4 {
                    padded = true;
                    break;
                }
            }
            _ => {}
        }
    }
    if !padded && !digits.len().is_multiple_of(4) {
        return None;
    }
    LENIENT.decode(digits).ok()
}

#[cfg(test)]
mod tests {
    use super::{Gate, Verdict, decode_base64};
    use crate::config::types::{ServerAddress, ServerConfig};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    fn gate(username: &str, password: &str) -> Gate {
        Gate::of(&ServerConfig {
            section: "inet_http_server".to_owned(),
            address: ServerAddress::Inet {
                host: String::new(),
                port: 0,
            },
            username: Some(username.to_owned()),
            password: Some(password.to_owned()),
            allowed_hosts: Vec::new(),
            nodename: None,
            metrics_auth: true,
            health_auth: true,
        })
    }

    fn offer(gate: &Gate, credentials: &str) -> Verdict {
        let header = format!("Basic {}", STANDARD.encode(credentials));
        gate.check(Some(header.as_bytes()))
    }

    // HTTP-070, SRV-005
    #[test]
    fn an_empty_user_name_lets_everybody_in() {
        let open = gate("", "");
        assert!(open.is_open());
        assert_eq!(open.check(None), Verdict::Welcome);
        assert!(!gate("u", "").is_open());
        assert_eq!(gate("u", "p").check(None), Verdict::Unauthorized);
    }

    // HTTP-076, HTTP-078, CLT-013
    #[test]
    fn passwords_may_have_colons_and_any_letters() {
        let gate = gate("usér", "pä:w");
        assert_eq!(offer(&gate, "usér:pä:w"), Verdict::Welcome);
        for wrong in ["usér:pä", "usér:pä:ww", "user:pä:w", "usér:", ":", ":pä:w"] {
            assert_eq!(offer(&gate, wrong), Verdict::Unauthorized, "{wrong}");
        }
    }

    // HTTP-077, SRV-006
    #[test]
    fn a_digest_is_compared_with_the_digest_of_the_password() {
        let digest = "{SHA}82ab876d1387bfafe46cc1c8a2ef074eae50cb1d";
        let gate_of_digest = gate("u", digest);
        assert_eq!(offer(&gate_of_digest, "u:thepassword"), Verdict::Welcome);
        assert_eq!(
            offer(&gate_of_digest, &format!("u:{digest}")),
            Verdict::Unauthorized
        );
        let upper = gate("u", "{SHA}82AB876D1387BFAFE46CC1C8A2EF074EAE50CB1D");
        assert_eq!(offer(&upper, "u:thepassword"), Verdict::Unauthorized);
    }

    // HTTP-073, HTTP-074
    #[test]
    fn only_basic_is_known_in_any_letter_case() {
        let gate = gate("u", "p");
        let check = |header: &[u8]| gate.check(Some(header));
        assert_eq!(check(b"bAsIc dTpw"), Verdict::Welcome);
        assert_eq!(check(b"Basic  dTpw"), Verdict::Welcome);
        assert_eq!(check(b"Digest dTpw"), Verdict::Unauthorized);
        assert_eq!(check(b"Basic"), Verdict::Unauthorized);
        assert_eq!(check(b""), Verdict::Unauthorized);
    }

    // HTTP-075
    #[test]
    fn credentials_that_cannot_be_decoded_are_malformed() {
        let gate = gate("u", "p");
        let check = |header: &[u8]| gate.check(Some(header));
        assert_eq!(check(b"Basic ZZZ"), Verdict::Malformed);
        assert_eq!(check(b"Basic /////w=="), Verdict::Malformed);
        assert_eq!(check(b"Basic !!!!"), Verdict::Unauthorized);
        assert_eq!(check(b"Basic dQ=="), Verdict::Unauthorized);
    }

    // The answers of Python's base64.decodebytes
    #[test]
    fn base64_is_read_as_leniently_as_in_python() {
        let read = |text: &str| decode_base64(text.as_bytes());
        assert_eq!(read("dT\npw\r\n"), Some(b"u:p".to_vec()));
        assert_eq!(read("dQ==garbage"), Some(b"u".to_vec()));
        assert_eq!(read("=dTpw"), Some(b"u:p".to_vec()));
        assert_eq!(read("dR=="), Some(b"u".to_vec()));
        assert_eq!(read("dTp"), None);
        assert_eq!(read("d"), None);
        assert_eq!(read(""), Some(Vec::new()));
    }
}
