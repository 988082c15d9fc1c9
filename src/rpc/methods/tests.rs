use super::{ALIASES, Method, SUPERVISOR, SYSTEM, find, list};
use crate::model::fault::FaultCode;
use crate::rpc::params::Args;
use crate::xmlrpc::Value;

fn supervisor() -> Vec<String> {
    vec!["supervisor".to_owned()]
}

fn everything() -> Vec<(String, &'static Method)> {
    list(&supervisor())
        .into_iter()
        .map(|name| {
            let method = find(&supervisor(), &name).expect("what is listed can be found");
            (name, method)
        })
        .collect()
}

// RPC-190, RPC-191, CLT-014
#[test]
fn the_listing_has_the_names_of_the_contract_in_byte_order() {
    let expected = "\
        supervisor.addProcessGroup supervisor.clearAllProcessLogs supervisor.clearLog supervisor.clearProcessLog \
        supervisor.clearProcessLogs supervisor.getAPIVersion supervisor.getAllConfigInfo \
        supervisor.getAllProcessInfo supervisor.getIdentification supervisor.getPID supervisor.getProcessInfo \
        supervisor.getState supervisor.getSupervisorVersion supervisor.getVersion supervisor.readLog \
        supervisor.readMainLog supervisor.readProcessLog supervisor.readProcessStderrLog \
        supervisor.readProcessStdoutLog supervisor.reloadConfig supervisor.removeProcessGroup supervisor.restart \
        supervisor.sendProcessStdin supervisor.sendRemoteCommEvent supervisor.shutdown \
        supervisor.signalAllProcesses supervisor.signalProcess supervisor.signalProcessGroup \
        supervisor.startAllProcesses supervisor.startProcess supervisor.startProcessGroup \
        supervisor.stopAllProcesses supervisor.stopProcess supervisor.stopProcessGroup supervisor.tailProcessLog \
        supervisor.tailProcessStderrLog supervisor.tailProcessStdoutLog system.listMethods system.methodHelp \
        system.methodSignature system.multicall";
    let names = list(&supervisor());
    assert_eq!(names.join(" "), expected);
    assert_eq!(names.len(), 41);
}

/// The signatures of the contract, each with the methods that have it.
const SIGNATURES: &[(&str, &str)] = &[
    (
        "string",
        "getAPIVersion getVersion getSupervisorVersion getIdentification",
    ),
    ("struct", "getState"),
    ("int", "getPID"),
    ("boolean", "clearLog shutdown restart"),
    (
        "boolean string",
        "addProcessGroup removeProcessGroup clearProcessLogs clearProcessLog",
    ),
    (
        "array",
        "reloadConfig getAllConfigInfo getAllProcessInfo clearAllProcessLogs listMethods",
    ),
    ("struct string", "getProcessInfo"),
    ("string int int", "readLog readMainLog"),
    (
        "string string int int",
        "readProcessStdoutLog readProcessStderrLog readProcessLog",
    ),
    (
        "array string int int",
        "tailProcessStdoutLog tailProcessStderrLog tailProcessLog",
    ),
    ("boolean string boolean", "startProcess stopProcess"),
    ("array string boolean", "startProcessGroup stopProcessGroup"),
    ("array boolean", "startAllProcesses stopAllProcesses"),
    (
        "boolean string string",
        "signalProcess sendProcessStdin sendRemoteCommEvent",
    ),
    ("array string string", "signalProcessGroup"),
    ("array string", "signalAllProcesses methodSignature"),
    ("string string", "methodHelp"),
    ("array array", "multicall"),
];

// RPC-193, RPC-194
#[test]
fn every_method_has_the_signature_of_the_contract() {
    for (full_name, method) in everything() {
        let (_, name) = full_name.split_once('.').expect("two parts");
        let signature = method.signature().collect::<Vec<_>>().join(" ");
        let (expected, _) = SIGNATURES
            .iter()
            .find(|(_, names)| names.split(' ').any(|known| known == name))
            .expect("every method is in the contract");
        assert_eq!(signature, *expected, "{full_name}");
    }
}

// RPC-192, RPC-193: readers of help find the types in the tag lines.
#[test]
fn help_ends_with_a_tag_line_for_each_parameter_and_for_the_result() {
    for (name, method) in everything() {
        let help = method.help();
        let (about, tags) = help
            .split_once("\n\n")
            .expect("a blank line before the tags");
        assert!(!about.is_empty(), "{name}");
        let in_tags: Vec<(&str, &str)> = tags
            .lines()
            .map(|line| {
                let mut words = line.split(' ');
                let (tag, kind) = (words.next(), words.next());
                assert!(words.next().is_some(), "{name}: {line}");
                (tag.unwrap_or_default(), kind.unwrap_or_default())
            })
            .collect();
        let mut signature = method.signature();
        let result = signature.next().expect("the result comes first");
        let expected: Vec<(&str, &str)> = signature
            .map(|kind| ("@param", kind))
            .chain([("@return", result)])
            .collect();
        assert_eq!(in_tags, expected, "{name}");
    }
}

#[test]
fn the_tables_are_sorted_as_their_search_needs_it() {
    assert!(SUPERVISOR.is_sorted_by(|a, b| a.name < b.name));
    assert!(SYSTEM.is_sorted_by(|a, b| a.name < b.name));
}

// RPC-020, RPC-021, RPC-025
#[test]
fn one_method_of_the_supervisor_stays_open_during_shutdown() {
    let open: Vec<String> = everything()
        .into_iter()
        .filter(|(_, method)| !method.gated)
        .map(|(name, _)| name)
        .collect();
    assert_eq!(
        open,
        [
            "supervisor.sendRemoteCommEvent",
            "system.listMethods",
            "system.methodHelp",
            "system.methodSignature",
            "system.multicall"
        ]
    );
}

// RPC-040, RPC-047, RPC-160, RPC-171, RPC-181
#[test]
fn an_alias_is_its_target_and_no_row_of_its_own() {
    for (alias, target) in ALIASES {
        let found = find(&supervisor(), &format!("supervisor.{alias}")).expect("an alias is found");
        assert_eq!(found.name, *target);
        assert!(SUPERVISOR.iter().all(|method| method.name != *alias));
    }
}

// RPC-001 to RPC-004
#[test]
fn only_a_namespace_a_dot_and_a_published_name_find_a_method() {
    for name in [
        "",
        "getState",
        "supervisor.",
        ".getState",
        "supervisor.getState.x",
        "supervisor..getState",
        "supervisor._update",
        "supervisor.supervisord",
        "supervisor.getstate",
        " supervisor.getState",
        "supervisor.getState ",
        "nope.getState",
        "system.getState",
        "system.__init__",
        "system.getCapabilities",
    ] {
        assert!(find(&supervisor(), name).is_none(), "{name}");
    }
    assert!(find(&supervisor(), "supervisor.getState").is_some());
}

// RPC-008, RPC-009
#[test]
fn the_configuration_decides_where_the_methods_are_found() {
    let two = ["alt".to_owned(), "supervisor".to_owned()];
    assert!(find(&two, "alt.getVersion").is_some());
    assert!(find(&two, "supervisor.getState").is_some());
    assert_eq!(list(&two).len(), 2 * 37 + 4);
    assert!(list(&two).is_sorted());

    assert!(find(&[], "supervisor.getState").is_none());
    assert!(find(&[], "system.listMethods").is_some());
    assert_eq!(list(&[]).len(), 4);
}

// RPC-005
#[test]
fn the_number_of_arguments_is_checked_and_wait_may_be_left_out() {
    let accepted = |name: &str| -> Vec<usize> {
        let method = find(&supervisor(), name).expect("a known name");
        let arguments = vec![Value::Nil; 5];
        let check = |count: &usize| match method.check_number(Args(&arguments[..*count])) {
            Ok(()) => true,
            Err(fault) => {
                assert_eq!(fault.code, FaultCode::IncorrectParameters);
                assert_eq!(fault.to_string(), "INCORRECT_PARAMETERS");
                false
            }
        };
        (0..=5).filter(check).collect()
    };
    assert_eq!(accepted("supervisor.getPID"), [0]);
    assert_eq!(accepted("supervisor.startProcess"), [1, 2]);
    assert_eq!(accepted("supervisor.stopAllProcesses"), [0, 1]);
    assert_eq!(accepted("supervisor.readProcessLog"), [3]);
    assert_eq!(accepted("system.multicall"), [1]);
}
