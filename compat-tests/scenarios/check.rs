//! `scenario FILE…`: runs the machine through scenarios and shows where it differs from what they say.

mod runner;

use std::process::ExitCode;

/// Differing lines shown per file, with as many lines of what went before.
const SHOWN: usize = 12;

fn main() -> ExitCode {
    let mut failed = false;
    for path in std::env::args().skip(1) {
        match check(&path) {
            Ok(()) => {}
            Err(why) => {
                failed = true;
                println!("{path}: {why}");
            }
        }
    }
    if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn check(path: &str) -> Result<(), String> {
    let expected = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let got = runner::rewrite(&expected)?;
    if got == expected {
        return Ok(());
    }
    let expected: Vec<&str> = expected.lines().collect();
    let got: Vec<&str> = got.lines().collect();
    let first = expected
        .iter()
        .zip(&got)
        .position(|(a, b)| a != b)
        .unwrap_or(expected.len().min(got.len()));
    let excerpt = |lines: &[&str], mark: char| {
        let end = lines.len().min(first + SHOWN);
        lines[first.min(end)..end]
            .iter()
            .map(|line| format!("{mark} {line}\n"))
            .collect::<String>()
    };
    let before: String = expected[first.saturating_sub(SHOWN)..first]
        .iter()
        .map(|line| format!("  {line}\n"))
        .collect();
    Err(format!(
        "differs at line {}\n{before}expected\n{}got\n{}",
        first + 1,
        excerpt(&expected, '-'),
        excerpt(&got, '+')
    ))
}
