//! The daemon, and the small programs around it.

use std::ffi::OsString;
use std::process::ExitCode;

use supervisord::app;
use supervisord::tools::demo::Demo;

fn main() -> ExitCode {
    let mut words = std::env::args_os();
    let argv0 = words
        .next()
        .unwrap_or_else(|| OsString::from("supervisord"));
    let arguments: Vec<OsString> = words.collect();
    match arguments.first().and_then(|word| word.to_str()) {
        Some("demo") => demo(argv0),
        _ => app::run(argv0, arguments, || {}),
    }
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
