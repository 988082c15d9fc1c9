//! What the pages are made of, compiled into the program (HTTP-110). All of it is our own.

/// A file that never changes while the daemon runs.
#[derive(Debug, PartialEq, Eq)]
pub struct Asset {
    /// Without the leading slash.
    pub path: &'static str,
    pub content_type: &'static str,
    pub bytes: &'static [u8],
}

macro_rules! asset {
    ($path:literal, $content_type:literal, $file:literal) => {
        Asset {
            path: $path,
            content_type: $content_type,
            bytes: include_bytes!(concat!("assets/", $file)),
        }
    };
}

/// The style of every page; it comes with the page itself, so that there is something to see after one request.
pub const STYLE: &str = include_str!("assets/page.css");

/// What a browser may load for a page: what is ours, and the style that comes with it, known by its digest.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; \
     style-src 'self' 'sha256-RI+t9zR0i/fBYOuhn8l2WeKyic6ITs7ksX97oVo4Msg='; img-src 'self'; connect-src 'self'; form-action 'self'; \
     frame-ancestors 'none'; base-uri 'none'";

pub static ASSETS: [Asset; 9] = [
    asset!("stylesheets/supervisor.css", "text/css", "page.css"),
    asset!("web/page.js", "text/javascript", "page.js"),
    asset!("images/icon.png", "image/png", "icon.png"),
    asset!("images/rule.gif", "image/gif", "rule.gif"),
    asset!("images/state0.gif", "image/gif", "state0.gif"),
    asset!("images/state1.gif", "image/gif", "state1.gif"),
    asset!("images/state2.gif", "image/gif", "state2.gif"),
    asset!("images/state3.gif", "image/gif", "state3.gif"),
    asset!("images/supervisor.gif", "image/gif", "supervisor.gif"),
];

/// Their folders, which can be asked for (HTTP-114).
pub const DIRECTORIES: [&str; 3] = ["stylesheets", "images", "web"];

pub fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

#[cfg(test)]
mod tests {
    use super::{ASSETS, POLICY, STYLE};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use sha2::{Digest, Sha256};

    #[test]
    fn the_policy_knows_the_style() {
        let digest = STANDARD.encode(Sha256::digest(STYLE));
        assert!(
            POLICY.contains(&format!("'sha256-{digest}'")),
            "it is {digest}"
        );
    }

    #[test]
    fn all_of_it_is_small() {
        let total: usize = ASSETS.iter().map(|asset| asset.bytes.len()).sum();
        assert!(total < 100_000, "{total} bytes");
    }
}
