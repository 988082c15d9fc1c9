//! Asking a browser that proves nothing whether an action is meant.
//!
//! On plain HTTP a link on another site looks like one of ours. The answer to it is a page whose form carries a token:
//! no other site can read it, so whoever sends it has seen our page. The token lives as long as the daemon.

use std::cell::OnceCell;
use std::fmt::Write;
use std::fs::File;
use std::hint::black_box;
use std::io::Read;

use super::assets::STYLE;
use super::form::Form;
use super::html::escape_exactly;
use super::status::DOCTYPE;

/// A secret that our own pages know; made when it is first needed.
#[derive(Default)]
pub struct Token(OnceCell<String>);

impl Token {
    /// 128 random bits from the kernel, in hexadecimal digits.
    fn value(&self) -> Result<&str, String> {
        if let Some(value) = self.0.get() {
            return Ok(value);
        }
        let mut bits = [0; 16];
        File::open("/dev/urandom")
            .and_then(|mut random| random.read_exact(&mut bits))
            .map_err(|error| format!("no random numbers for a token: {error}"))?;
        let mut value = String::new();
        for byte in bits {
            // Writing to a String cannot fail.
            let _ = write!(value, "{byte:02x}");
        }
        Ok(self.0.get_or_init(|| value))
    }

    /// Compares in a time that says nothing about where they differ.
    pub fn is(&self, offered: Option<&str>) -> bool {
        let (Some(own), Some(offered)) = (self.0.get(), offered) else {
            return false;
        };
        let pairs = own.bytes().zip(offered.bytes());
        let different = pairs.fold(0, |different, (a, b)| black_box(different | (a ^ b)));
        own.len() == offered.len() && different == 0
    }
}

/// The page that asks. What was asked for comes along, and nothing else.
pub fn page(token: &Token, form: &Form) -> Result<String, String> {
    let field = |name: &str, value: &str| {
        let (name, value) = (escape_exactly(name), escape_exactly(value));
        format!("<input name=\"{name}\" type=\"hidden\" value=\"{value}\" />\n")
    };
    let asked = form
        .iter()
        .filter(|(name, _)| matches!(*name, "action" | "processname"));
    let fields: String = asked.map(|(name, value)| field(name, value)).collect();
    let token = field("token", token.value()?);
    let action = escape_exactly(form.get("action").unwrap_or_default());
    let on = form
        .get("processname")
        .map(|name| format!(" on <strong>{}</strong>", escape_exactly(name)))
        .unwrap_or_default();
    Ok(format!(
        "{DOCTYPE}\n<html>\n<head>\n<title>Supervisor: is this meant?</title>\n\
         <meta content=\"width=device-width, initial-scale=1\" name=\"viewport\" />\n\
         <style type=\"text/css\">{STYLE}</style>\n\
         <link href=\"images/icon.png\" rel=\"icon\" type=\"image/png\" />\n</head>\n<body>\n<div id=\"wrapper\">\n\
         <p>Your browser does not say which page asks for this, and it could be one of another site.</p>\n\
         <p>Run <strong>{action}</strong>{on}?</p>\n<form action=\"index.html\" method=\"post\">\n{fields}{token}\
         <button type=\"submit\">Yes, do it</button> <a href=\"index.html\">No, show me the processes</a>\n</form>\n\
         </div>\n</body>\n</html>\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::{Form, Token, page};

    #[test]
    fn only_who_has_seen_the_page_knows_the_token() {
        let token = Token::default();
        assert!(!token.is(None) && !token.is(Some("")));
        let value = token.value().expect("random numbers").to_owned();
        assert_eq!(value.len(), 32);
        assert_ne!(Token::default().value().expect("random numbers"), value);
        assert!(token.is(Some(&value)));
        assert!(!token.is(Some(&value[1..])) && !token.is(Some(&format!("{value}0"))));
    }

    #[test]
    fn the_question_repeats_what_was_asked_and_nothing_else() {
        let form = Form::parse("action=stop&processname=%22%3E%3Cb&other=x", b"");
        let page = page(&Token::default(), &form).expect("random numbers");
        assert!(page.contains("name=\"action\" type=\"hidden\" value=\"stop\""));
        assert!(page.contains("name=\"processname\" type=\"hidden\" value=\"&quot;>&lt;b\""));
        assert!(page.contains("on <strong>&quot;>&lt;b</strong>") && !page.contains("\"other\""));
    }
}
