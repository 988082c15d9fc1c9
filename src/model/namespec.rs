//! Namespecs: how a client names a process or a whole group (`group:process`, `group:*`, `process`).

/// A name as a client sent it, taken apart (NAM-006, RPC-030 to 033).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Namespec<'a> {
    pub group: &'a str,
    /// `None` means every process of the group.
    pub process: Option<&'a str>,
}

impl<'a> Namespec<'a> {
    /// Splits at the first colon only; nothing after it, or `*`, means the whole group; without a colon the word
    /// is both the group's and the process's name.
    pub fn parse(text: &'a str) -> Self {
        match text.split_once(':') {
            Some((group, "" | "*")) => Self {
                group,
                process: None,
            },
            Some((group, process)) => Self {
                group,
                process: Some(process),
            },
            None => Self {
                group: text,
                process: Some(text),
            },
        }
    }
}

/// The name by which a process is shown (RPC-036).
pub fn display_name(group: &str, process: &str) -> String {
    if group == process {
        process.to_owned()
    } else {
        format!("{group}:{process}")
    }
}

#[cfg(test)]
mod tests {
    use super::{Namespec, display_name};

    fn parts(text: &str) -> (&str, Option<&str>) {
        let spec = Namespec::parse(text);
        (spec.group, spec.process)
    }

    // NAM-006, RPC-030 to RPC-034
    #[test]
    fn names_split_at_the_first_colon() {
        assert_eq!(parts("a"), ("a", Some("a")));
        assert_eq!(parts("a:b:c"), ("a", Some("b:c")));
        assert_eq!(parts("a:*"), ("a", None));
        assert_eq!(parts("a:"), ("a", None));
        assert_eq!(parts("grp:m*"), ("grp", Some("m*")));
        assert_eq!(parts(""), ("", Some("")));
        assert_eq!(parts(":"), ("", None));
    }

    // RPC-036
    #[test]
    fn a_process_named_as_its_group_is_shown_alone() {
        assert_eq!(display_name("cat", "cat"), "cat");
        assert_eq!(display_name("web", "api"), "web:api");
    }
}
