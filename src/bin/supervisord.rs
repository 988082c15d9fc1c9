//! The daemon, and the small programs around it.
//!
//! One binary does for all: under the name of one of the reference's other programs (a link will do) it is that program.
//! The release consists of it and three links; Cargo's other executables are for development.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use bstr::BString;
use supervisord::app;
use supervisord::config::path_search::started_as;
use supervisord::ctl;
use supervisord::tools::demo::Demo;
use supervisord::tools::words::{self, Said};
use supervisord::tools::{about, check, effective, init, manual, pidproxy, sample, service};

fn main() -> ExitCode {
    let mut words = std::env::args_os();
    let argv0 = words
        .next()
        .unwrap_or_else(|| OsString::from("supervisord"));
    let name = Path::new(&argv0).file_name().and_then(|name| name.to_str());
    match name {
        Some("supervisorctl") => return ctl::main(&argv0, words).into(),
        Some("echo_supervisord_conf") => return sample::run(words),
        Some("pidproxy") => return pidproxy::run(&argv0, words),
        _ => {}
    }
    let arguments: Vec<OsString> = words.collect();
    if let Some(arguments) = ctl::go::arguments(&arguments) {
        return ctl::go::main(&argv0, arguments).into();
    }
    let Some(Said {
        word,
        arguments: rest,
    }) = words::said(&arguments)
    else {
        return app::run(argv0, arguments, || {});
    };
    match word {
        "demo" => demo(argv0),
        "check" => check::run(full_path_of(&argv0), &rest),
        "config" => effective::run(full_path_of(&argv0), &rest),
        "init" => init::run(&rest),
        "service" => service::run(full_path_of(&argv0), &rest),
        "manual" => manual::run(&rest),
        "echo-config" => sample::run(rest.into_iter()),
        "version" => about::version(),
        "about" => about::about(),
        // Each word has its arm above.
        _ => app::run(argv0, arguments, || {}),
    }
}

fn full_path_of(argv0: &OsStr) -> BString {
    started_as(argv0, std::env::var_os("PATH").as_deref())
}

fn demo(argv0: OsString) -> ExitCode {
    match Demo::prepare() {
        Ok(demo) => {
            let arguments = vec![
                "-n".into(),
                "-c".into(),
                demo.configuration().into_os_string(),
            ];
            let introduction = demo.introduction();
            app::run(argv0, arguments, || println!("{introduction}"))
        }
        Err(error) => {
            eprintln!("Error: cannot prepare the demonstration: {error}");
            ExitCode::FAILURE
        }
    }
}
