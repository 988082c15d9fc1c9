//! Reads configuration files and prints each as one line of JSON, for the comparison with the reference.
//!
//! `config_dump FILE…`, or with `-` the names come from stdin, one a line, each answered at once. An error is
//! `{"error": text}`. Everything else (`-n`, `-l x`) goes before a `--` and is taken as supervisord's command line.

use std::io::{BufRead, Write};
use std::os::unix::ffi::OsStringExt;

use bstr::{BString, ByteSlice};
use supervisord::config::command_line::{Request, parse};
use supervisord::config::context::LoadContext;
use supervisord::config::{dump, load};

fn answer(switches: &[BString], file: &str, context: &LoadContext) -> String {
    let mut words = switches.to_vec();
    words.push("-c".into());
    words.push(file.into());
    let result = parse(&words, context).and_then(|request| match request {
        Request::Run(line) => load(&line, context).map(|config| dump::dump(&config)),
        Request::Help | Request::Version => Ok("{}".to_owned()),
    });
    result.unwrap_or_else(|error| format!("{{\"error\": {}}}", dump::text(&error.to_string())))
}

fn main() -> std::io::Result<()> {
    let mut words: Vec<BString> = std::env::args_os()
        .skip(1)
        .map(|word| word.into_vec().into())
        .collect();
    let switches = match words.iter().position(|word| word == "--") {
        Some(at) => {
            let files = words.split_off(at + 1);
            words.pop();
            std::mem::replace(&mut words, files)
        }
        None => Vec::new(),
    };
    let context = LoadContext::of_this_process("supervisord".into())?;
    let mut out = std::io::stdout().lock();
    if words == ["-"] {
        for line in std::io::stdin().lock().lines() {
            writeln!(out, "{}", answer(&switches, &line?, &context))?;
            out.flush()?;
        }
    }
    for word in words.iter().filter(|word| *word != "-") {
        writeln!(out, "{}", answer(&switches, &word.to_str_lossy(), &context))?;
    }
    Ok(())
}
