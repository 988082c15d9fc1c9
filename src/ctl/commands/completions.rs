//! `completions`: what `packaging/` holds, from the same table as `help`. It needs no server.

use super::super::error::CtlError;
use super::super::exit_status::ExitStatus;
use super::super::generate;
use super::super::line::words;
use super::super::session::Session;
use super::complain;

pub fn completions(session: &mut Session<'_>, argument: &str) -> Result<(), CtlError> {
    let text = match words(argument).as_slice() {
        ["bash"] => generate::bash(),
        ["zsh"] => generate::zsh(),
        ["fish"] => generate::fish(),
        ["man"] => generate::man(),
        _ => {
            let complaint = "Error: completions requires bash, zsh, fish or man";
            complain(
                session,
                "completions",
                complaint,
                ExitStatus::InvalidArguments,
            );
            return Ok(());
        }
    };
    session.output.bytes(text.as_bytes());
    Ok(())
}
