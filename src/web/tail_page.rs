//! `/tail.html`: the end of a process's stdout log (WEB-040 to WEB-044).

use super::assets::STYLE;
use super::form::Form;
use super::html::{escape, escape_text, quote};
use super::status::DOCTYPE;
use super::{actions, admit, unexpected};
use crate::daemon::handle::Handle;
use crate::logs::slice::{self, ReadError};
use crate::model::fault::{Fault, FaultCode};
use crate::supervisor::event::Channel;

/// What is shown at least (WEB-041).
const LEAST: i64 = 1024;

/// What is shown at most; the reference knows no limit and reads whatever is asked for into memory.
const MOST: i64 = 8 << 20;

pub fn page(handle: &Handle, form: &Form) -> String {
    let name = form.get("processname");
    let limit = limit(form.get("limit"));
    let text = match name {
        None => "No process name found".to_owned(),
        Some(name) => match end_of_log(handle, name, limit) {
            Ok(text) => text,
            Err(fault) if fault.code == FaultCode::NoFile => format!("No file for {name}"),
            Err(fault) => format!("ERROR: {}", unexpected(&fault)),
        },
    };
    let refresh = name.map_or(String::new(), |name| {
        let name = escape(&quote(name)).into_owned();
        format!(
            "<a href=\"tail.html?processname={name}&amp;limit={limit}\">\n    \
             <input name=\"refresh\" type=\"button\" value=\" Refresh \" />\n  </a>\n"
        )
    });
    let title = escape_text(name.unwrap_or("None"));
    let text = escape_text(&text);
    format!(
        "{DOCTYPE}\n<html>\n<head>\n  <title>Supervisor tail of process {title}</title>\n  \
         <meta content=\"width=device-width, initial-scale=1\" name=\"viewport\" />\n  \
         <style type=\"text/css\">{STYLE}</style>\n  \
         <link href=\"images/icon.png\" rel=\"icon\" type=\"image/png\" />\n</head>\n<body>\n\n<div>\n\n\
         <pre>{text}</pre>\n\n<form action=\"index.html\" method=\"POST\">\n\n<div>\n  {refresh}</div>\n\n</form>\n\n\
         </div>\n\n</body>\n</html>"
    )
}

/// Digits count when they say more than the least; everything else means the least.
fn limit(text: Option<&str>) -> i64 {
    let digits = text.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    // Only a number that is too large fails.
    digits.map_or(LEAST, |text| {
        text.parse().unwrap_or(i64::MAX).clamp(LEAST, MOST)
    })
}

fn end_of_log(handle: &Handle, name: &str, limit: i64) -> Result<String, Fault> {
    admit(handle)?;
    let id = actions::find(handle, name).ok_or_else(|| Fault::with(FaultCode::BadName, name))?;
    let path = handle
        .read(|supervisor, _| {
            supervisor
                .log_path(id, Channel::Stdout)
                .map(ToOwned::to_owned)
        })
        .filter(|path| path.exists())
        .ok_or_else(|| Fault::bare(FaultCode::NoFile))?;
    let end = slice::read_file(&path, -limit, 0).map_err(|error| {
        Fault::bare(match error {
            ReadError::BadArguments => FaultCode::BadArguments,
            ReadError::Failed(_) => FaultCode::Failed,
        })
    })?;
    // WEB-044: the reference fails when the window begins within a character.
    Ok(String::from_utf8_lossy(&end).into_owned())
}

#[cfg(test)]
mod tests {
    use super::limit;

    // WEB-041
    #[test]
    fn a_limit_is_a_minimum() {
        assert_eq!(limit(None), 1024);
        assert_eq!(limit(Some("5")), 1024);
        assert_eq!(limit(Some("-5000")), 1024);
        assert_eq!(limit(Some("5000")), 5000);
        assert_eq!(limit(Some("99999999999999999999")), 8 << 20);
    }
}
