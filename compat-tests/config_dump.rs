//! Reads configurations and prints each as one line of JSON, for the comparison with the reference.
//!
//! The arguments are supervisord's. Without any, command lines come from stdin, one a line, words separated by tabs,
//! each answered at once. A refusal is `{"error": text}`.

use std::io::{BufRead, Write};
use std::os::unix::ffi::OsStringExt;

use bstr::{BString, ByteSlice};
use supervisord::config::command_line::{Request, parse};
use supervisord::config::context::LoadContext;
use supervisord::config::{dump, load};

fn answer(words: &[BString], context: &LoadContext) -> String {
    let result = parse(words, context).and_then(|request| match request {
        Request::Run(line) => load(&line, context).map(|config| dump::dump(&config)),
        Request::Help => Ok("{\"exit\": \"help\"}".to_owned()),
        Request::Version => Ok("{\"exit\": \"version\"}".to_owned()),
    });
    result.unwrap_or_else(|error| format!("{{\"error\": {}}}", dump::text(&error.to_string())))
}

fn main() -> std::io::Result<()> {
    let words: Vec<BString> = std::env::args_os()
        .skip(1)
        .map(|word| word.into_vec().into())
        .collect();
    let context = LoadContext::of_this_process("supervisord".into())?;
    let mut out = std::io::stdout().lock();
    if !words.is_empty() {
        return writeln!(out, "{}", answer(&words, &context));
    }
    for line in std::io::stdin().lock().split(b'\n') {
        let line = line?;
        let words: Vec<BString> = line.split_str("\t").map(BString::from).collect();
        writeln!(out, "{}", answer(&words, &context))?;
        out.flush()?;
    }
    Ok(())
}
