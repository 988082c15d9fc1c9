//! `/` and `/index.html`: the table of processes (WEB-010 to WEB-018).
//!
//! Programs read this page, so its elements, classes, texts and links are those of the reference, in its order. The
//! head is our own; with JavaScript the script that it names takes the page over.

use std::fmt::Write;

use super::assets::{self, STYLE};
use super::html::{escape, escape_text, quote};
use crate::daemon::handle::Handle;
use crate::logs::local_time::LocalTime;
use crate::model::namespec::display_name;
use crate::model::process_info::{ProcessInfo, description};
use crate::model::states::{ProcessState, SupervisorState};

/// What every page begins with (WEB-004).
pub const DOCTYPE: &str = "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" \
     \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">";

/// The release that clients compare (WEB-017, RPC-041).
const VERSION: &str = "4.3.0";

/// The page with its message, if there is one. While supervisord goes down it cannot be had, unless there is nothing
/// to show (WEB-033).
pub fn page(handle: &Handle, message: Option<&str>) -> Result<String, String> {
    handle.read(|supervisor, now| {
        let mut rows = String::new();
        for (at, info) in supervisor.all_infos(now.unix).enumerate() {
            row(&mut rows, &info, at % 2 == 1);
        }
        if !rows.is_empty() && supervisor.state() != SupervisorState::Running {
            return Err("RPCError: SHUTDOWN_STATE".to_owned());
        }
        let year = LocalTime::at(i64::from(now.unix.capped_seconds())).year;
        Ok(whole(&rows, message, year))
    })
}

fn whole(rows: &str, message: Option<&str>, year: i64) -> String {
    let (class, message) = match message {
        Some(message) => ("status_msg", escape_text(message)),
        None => ("hidden", "#".to_owned()),
    };
    let table = if rows.is_empty() {
        "No programs to manage".to_owned()
    } else {
        format!(
            "<table cellspacing=\"0\">\n<thead>\n<tr>\n<th class=\"state\">State</th>\n<th class=\"desc\">Description\
             </th>\n<th class=\"name\">Name</th>\n<th class=\"action\">Action</th>\n</tr>\n</thead>\n<tbody>\n{rows}\
             </tbody>\n</table>"
        )
    };
    let button = |action, text| {
        format!(
            "<li class=\"action-button\"><a href=\"index.html?action={action}\">{text}</a></li>\n"
        )
    };
    let buttons = [
        button("refresh", "Refresh"),
        button("restartall", "Restart All"),
        button("stopall", "Stop All"),
    ]
    .concat();
    let script = assets::script();
    format!(
        "{DOCTYPE}\n<html>\n<head>\n<title>Supervisor Status</title>\n\
         <meta content=\"width=device-width, initial-scale=1\" name=\"viewport\" />\n\
         <style type=\"text/css\">{STYLE}</style>\n\
         <link href=\"images/icon.png\" rel=\"icon\" type=\"image/png\" />\n\
         <script defer=\"defer\" src=\"{script}\"></script>\n</head>\n<body>\n\
         <div id=\"wrapper\">\n<div id=\"header\">\n<img alt=\"Supervisor status\" src=\"images/supervisor.gif\" />\n\
         </div>\n<div>\n<div class=\"{class}\">{message}</div>\n<form action=\"index.html\" method=\"post\">\n\
         <ul class=\"clr\" id=\"buttons\">\n{buttons}</ul>\n{table}\n</form>\n</div>\n<div class=\"push\">\n</div>\n\
         </div>\n<div class=\"clr\" id=\"footer\">\n<div class=\"left\">\n<a href=\"http://supervisord.org\">Supervisor\
         </a> <span>{VERSION}</span>\n</div>\n<div class=\"right\">\n&copy; 2006-<span>{year}</span> <strong>\
         <a href=\"http://agendaless.com/\">Agendaless Consulting and Contributors</a></strong>\n</div>\n</div>\n\
         </body>\n</html>\n"
    )
}

/// One process. Writing to a String cannot fail.
fn row(page: &mut String, info: &ProcessInfo<'_>, shaded: bool) {
    let name = display_name(info.group, info.name);
    let (quoted, name) = (quote(&name), escape_text(&name));
    let state = info.state.name().to_lowercase();
    let description = description(info, |seconds| {
        LocalTime::at(seconds.into()).date_and_clock()
    });
    let _ = write!(
        page,
        "<tr class=\"{}\">\n<td class=\"status\"><span class=\"{}\">{state}</span></td>\n<td><span>{}</span></td>\n\
         <td><a href=\"tail.html?processname={quoted}\" target=\"_blank\">{name}</a></td>\n<td class=\"action\">\n<ul>\n",
        if shaded { "shade" } else { "" },
        class_of(info.state),
        escape_text(&description),
    );
    for action in actions(info.state) {
        page.push_str("<li>\n");
        let _ = match action {
            Some((text, action)) => write!(
                page,
                "<a href=\"index.html?processname={quoted}&amp;action={action}\" name=\"{text}\">{text}</a>"
            ),
            None => write!(page, "<a class=\"hidden\" href=\"#\" name=\"#\">Action</a>"),
        };
        page.push_str("\n</li>\n");
    }
    for (text, channel) in [("Tail -f Stdout", ""), ("Tail -f Stderr", "/stderr")] {
        let href = format!("logtail/{quoted}{channel}");
        let _ = write!(
            page,
            "<li>\n<a href=\"{}\" name=\"{text}\" target=\"_blank\">{text}</a>\n</li>\n",
            escape(&href)
        );
    }
    page.push_str("</ul>\n</td>\n</tr>\n");
}

/// WEB-012
fn class_of(state: ProcessState) -> &'static str {
    match state {
        ProcessState::Running => "statusrunning",
        ProcessState::Fatal | ProcessState::Backoff => "statuserror",
        _ => "statusnominal",
    }
}

/// The actions before the tails, as text and value; `None` is a hidden placeholder (WEB-014).
fn actions(state: ProcessState) -> [Option<(&'static str, &'static str)>; 3] {
    let clear = Some(("Clear Log", "clearlog"));
    match state {
        ProcessState::Running => [Some(("Restart", "restart")), Some(("Stop", "stop")), clear],
        ProcessState::Stopped | ProcessState::Exited | ProcessState::Fatal => {
            [Some(("Start", "start")), None, clear]
        }
        _ => [None, None, clear],
    }
}

#[cfg(test)]
mod tests {
    use super::whole;

    // WEB-016, WEB-018, WEB-019
    #[test]
    fn a_page_without_programs_says_so_and_shows_its_message() {
        let page = whole("", Some("<script>\"&"), 2026);
        assert!(page.contains("</ul>\nNo programs to manage\n</form>"));
        assert!(page.contains("<div class=\"status_msg\">&lt;script>\"&amp;</div>"));
        assert!(page.contains("2006-<span>2026</span>"));
        assert!(whole("", None, 2026).contains("<div class=\"hidden\">#</div>"));
    }
}
