//! What the pages are made of, compiled into the program (HTTP-110). All of it is our own.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

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

/// The one script. Its parts are files of their own for those who read them; in this order they are one script.
const SCRIPT: &str = concat!(
    include_str!("assets/script/words.js"),
    include_str!("assets/script/nodes.js"),
    include_str!("assets/script/deeds.js"),
    include_str!("assets/script/table.js"),
    include_str!("assets/script/logs.js"),
    include_str!("assets/script/process.js"),
    include_str!("assets/script/views.js"),
    include_str!("assets/script/page.js"),
);

/// What a browser may load for a page: what is ours, and the style that comes with it, known by its digest.
pub fn policy() -> &'static str {
    static POLICY: LazyLock<String> = LazyLock::new(|| {
        let style = STANDARD.encode(Sha256::digest(STYLE));
        format!(
            "default-src 'none'; script-src 'self'; style-src 'self' 'sha256-{style}'; img-src 'self'; \
             connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        )
    });
    &POLICY
}

/// Where the page finds its script. Another script is in another place, so that a browser which keeps one shows no new
/// page with an old script.
pub fn script() -> &'static str {
    static PLACE: LazyLock<String> = LazyLock::new(|| {
        let digest = Sha256::digest(SCRIPT);
        format!(
            "web/page.js?{:02x}{:02x}{:02x}{:02x}",
            digest[0], digest[1], digest[2], digest[3]
        )
    });
    &PLACE
}

pub static ASSETS: [Asset; 9] = [
    asset!("stylesheets/supervisor.css", "text/css", "page.css"),
    Asset {
        path: "web/page.js",
        content_type: "text/javascript",
        bytes: SCRIPT.as_bytes(),
    },
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
    use super::{ASSETS, SCRIPT, STYLE, policy, script};

    // The digest is of what is between the tags, as `openssl dgst -sha256 -binary | base64` has it too.
    #[test]
    fn nothing_may_run_or_style_a_page_but_what_is_ours() {
        assert!(policy().contains("script-src 'self';") && policy().contains(" 'sha256-"));
        assert!(
            !["-inline", "-eval", "http", "*"]
                .iter()
                .any(|word| policy().contains(word))
        );
        assert!(script().starts_with("web/page.js?") && script().len() == 20);
    }

    #[test]
    fn what_is_ours_fits_between_its_tags() {
        assert!(!STYLE.contains("</") && !STYLE.contains("url("));
        assert!(SCRIPT.starts_with("\"use strict\";") && !SCRIPT.contains("innerHTML"));
    }

    #[test]
    fn all_of_it_is_small() {
        let total: usize = ASSETS.iter().map(|asset| asset.bytes.len()).sum();
        assert!(total < 100_000, "{total} bytes");
    }
}
