//! Every scenario in `fixtures/scenarios` tells the same story when our machine plays it.
//!
//! With `UPDATE_SCENARIOS=1` the files are rewritten by *our* machine; the traces on main come from the oracle.

mod runner;

#[test]
fn the_machine_plays_every_scenario_as_the_reference_did() {
    play(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/scenarios"));
}

/// What the reference does not know: these traces are ours, read and found right.
#[test]
fn the_machine_plays_the_stories_of_its_extensions() {
    let folder = "/fixtures/scenarios/extensions";
    play(&format!("{}{folder}", env!("CARGO_MANIFEST_DIR")));
}

fn play(folder: &str) {
    let mut played = 0;
    let mut differing = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder is part of the repository") {
        let path = entry.expect("a folder entry").path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let expected = std::fs::read_to_string(&path).expect("scenarios are text");
        let got =
            runner::rewrite(&expected).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        played += 1;
        if got == expected {
            continue;
        }
        if std::env::var_os("UPDATE_SCENARIOS").is_some() {
            std::fs::write(&path, got).expect("the scenario can be written");
        } else {
            differing.push(format!("{}:\n{got}", path.display()));
        }
    }
    assert!(played > 0, "no scenario in {folder}");
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}
