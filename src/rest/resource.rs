//! From a path to what it means.
//!
//! Segments are decoded one by one, so that a name may hold what a path may not.

use bstr::ByteSlice;

/// What can be done with programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Start,
    Stop,
    Restart,
}

/// One of a program's streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    Stdout,
    Stderr,
}

/// What a path leads to. A node is only there where the path names one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// GO-296
    List,
    /// GO-298
    Info { node: Option<String>, name: String },
    /// GO-299 to GO-303
    Act {
        deed: Deed,
        node: Option<String>,
        name: String,
    },
    /// GO-306, GO-307
    Many(Deed),
    /// GO-305
    Log {
        node: Option<String>,
        name: String,
        channel: Channel,
    },
    /// GO-309, GO-312
    Shutdown { node: Option<String> },
    /// GO-310, GO-311
    Reload { node: Option<String> },
    /// GO-313
    Ping { node: String },
    /// GO-314
    ListNodes,
    /// GO-321: a log of a program by the name of its file.
    LogFile { program: String, file: String },
    /// `/log?name=X` (GO-320)
    LogPage,
    /// GO-322
    Conf { program: String },
    /// Below a prefix that is ours, and nothing there (GO-308).
    Nothing,
}

impl Resource {
    /// `None` where the path is not for us. It comes as the client sent it, without its query.
    pub fn at(path: &str) -> Option<Self> {
        let mut segments = path.strip_prefix('/')?.split('/').map(decoded);
        let area = segments.next()?;
        let segments: Vec<String> = segments.collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match area.as_str() {
            "program" if !segments.is_empty() => Some(Self::program(&segments)),
            "supervisor" if !segments.is_empty() => Some(Self::supervisor(&segments)),
            "log" => Some(match segments.as_slice() {
                [] => Self::LogPage,
                [program, file] if !program.is_empty() && !file.is_empty() => Self::LogFile {
                    program: (*program).to_owned(),
                    file: (*file).to_owned(),
                },
                _ => Self::Nothing,
            }),
            "conf" if !segments.is_empty() => Some(match segments.as_slice() {
                [program] if !program.is_empty() => Self::Conf {
                    program: (*program).to_owned(),
                },
                _ => Self::Nothing,
            }),
            _ => None,
        }
    }

    fn program(segments: &[&str]) -> Self {
        let text = |text: &str| text.to_owned();
        let (node, rest) = match segments {
            ["list"] => return Self::List,
            ["startPrograms"] => return Self::Many(Deed::Start),
            ["stopPrograms"] => return Self::Many(Deed::Stop),
            ["log", name, channel] => (None, ["log", name, channel]),
            ["log", node, name, channel] => (Some(text(node)), ["log", name, channel]),
            [verb, name] => (None, [verb, name, ""]),
            [verb, node, name] => (Some(text(node)), [verb, name, ""]),
            _ => return Self::Nothing,
        };
        let [verb, name, channel] = rest;
        if name.is_empty() || node.as_deref() == Some("") {
            return Self::Nothing;
        }
        let name = text(name);
        let act = |deed, node, name| Self::Act { deed, node, name };
        match (verb, channel) {
            ("info", "") => Self::Info { node, name },
            ("start", "") => act(Deed::Start, node, name),
            ("stop", "") => act(Deed::Stop, node, name),
            ("restart", "") => act(Deed::Restart, node, name),
            ("log", "stdout") => Self::Log {
                node,
                name,
                channel: Channel::Stdout,
            },
            ("log", "stderr") => Self::Log {
                node,
                name,
                channel: Channel::Stderr,
            },
            _ => Self::Nothing,
        }
    }

    fn supervisor(segments: &[&str]) -> Self {
        let node = |node: &str| Some(node.to_owned());
        match segments {
            ["shutdown"] => Self::Shutdown { node: None },
            ["reload"] => Self::Reload { node: None },
            ["listNodes"] => Self::ListNodes,
            ["", _] => Self::Nothing,
            [name, "shutdown"] => Self::Shutdown { node: node(name) },
            [name, "reload"] => Self::Reload { node: node(name) },
            [name, "ping"] => Self::Ping {
                node: (*name).to_owned(),
            },
            _ => Self::Nothing,
        }
    }

    /// The methods by which it can be asked for; the others are 405 (GO-308).
    pub fn methods(&self) -> &'static [&'static str] {
        match self {
            Self::Act { .. } | Self::Many(_) | Self::Shutdown { .. } | Self::Reload { .. } => {
                &["POST", "PUT"]
            }
            Self::List
            | Self::Info { .. }
            | Self::Log { .. }
            | Self::Ping { .. }
            | Self::ListNodes
            | Self::LogFile { .. }
            | Self::LogPage
            | Self::Conf { .. } => &["GET", "HEAD"],
            Self::Nothing => &["GET", "HEAD", "POST", "PUT"],
        }
    }

    /// Whether it changes something.
    pub fn changes(&self) -> bool {
        match self {
            Self::Act { .. } | Self::Many(_) | Self::Shutdown { .. } | Self::Reload { .. } => true,
            Self::List
            | Self::Info { .. }
            | Self::Log { .. }
            | Self::Ping { .. }
            | Self::ListNodes
            | Self::LogFile { .. }
            | Self::LogPage
            | Self::Conf { .. }
            | Self::Nothing => false,
        }
    }
}

/// `%XX` of one segment; what is no such thing stays.
pub(super) fn decoded(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match tail {
            [high, low, ..] if *first == b'%' => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                bytes.push(high << 4 | low);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    bytes.to_str_lossy().into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::{Channel, Deed, Resource};

    fn info(node: Option<&str>, name: &str) -> Option<Resource> {
        let (node, name) = (node.map(str::to_owned), name.to_owned());
        Some(Resource::Info { node, name })
    }

    fn act(deed: Deed, node: Option<&str>, name: &str) -> Option<Resource> {
        let (node, name) = (node.map(str::to_owned), name.to_owned());
        Some(Resource::Act { deed, node, name })
    }

    // GO-296 to GO-303
    #[test]
    fn programs_are_named_with_and_without_a_node() {
        let at = Resource::at;
        assert_eq!(at("/program/list"), Some(Resource::List));
        assert_eq!(at("/program/info/a"), info(None, "a"));
        assert_eq!(at("/program/info/n/g:a"), info(Some("n"), "g:a"));
        assert_eq!(at("/program/info/n%2Fm/a%20b"), info(Some("n/m"), "a b"));
        assert_eq!(at("/program/start/g:*"), act(Deed::Start, None, "g:*"));
        assert_eq!(at("/program/stop/n/a"), act(Deed::Stop, Some("n"), "a"));
        assert_eq!(at("/program/restart/a"), act(Deed::Restart, None, "a"));
        let start = Some(Resource::Many(Deed::Start));
        assert_eq!(at("/program/startPrograms"), start);
        let log = |node: Option<&str>| Resource::Log {
            node: node.map(str::to_owned),
            name: "a".to_owned(),
            channel: Channel::Stderr,
        };
        assert_eq!(at("/program/log/a/stderr"), Some(log(None)));
        assert_eq!(at("/program/log/n/a/stderr"), Some(log(Some("n"))));
    }

    // GO-309 to GO-314, GO-320 to GO-323
    #[test]
    fn the_rest_has_its_places() {
        let at = Resource::at;
        assert_eq!(
            at("/supervisor/shutdown"),
            Some(Resource::Shutdown { node: None })
        );
        let node = Some("n".to_owned());
        assert_eq!(
            at("/supervisor/n/reload"),
            Some(Resource::Reload { node: node.clone() })
        );
        assert_eq!(
            at("/supervisor/n/shutdown"),
            Some(Resource::Shutdown { node })
        );
        assert_eq!(at("/supervisor/listNodes"), Some(Resource::ListNodes));
        let file = Some(Resource::LogFile {
            program: "a".to_owned(),
            file: "a.log.1".to_owned(),
        });
        assert_eq!(at("/log/a/a.log.1"), file);
        assert_eq!(at("/log"), Some(Resource::LogPage));
        let conf = Some(Resource::Conf {
            program: "g:a".to_owned(),
        });
        assert_eq!(at("/conf/g%3Aa"), conf);
    }

    // GO-308
    #[test]
    fn what_is_not_there_is_not_there() {
        for path in [
            "/program/",
            "/program/x/y",
            "/program/start/",
            "/program/start//a",
            "/program/start/n/a/b",
            "/program/log/a/stdin",
            "/program/log/a",
            "/program/list/",
            "/supervisor/x",
            "/supervisor/n/x",
            "/supervisor//ping",
            "/log/a",
            "/log/a/",
            "/log/a/b/c",
            "/conf/",
            "/conf/a/b",
        ] {
            assert_eq!(Resource::at(path), Some(Resource::Nothing), "{path}");
        }
        for path in [
            "/program",
            "/supervisor",
            "/conf",
            "/confFile",
            "/programs/list",
            "/",
            "x",
        ] {
            assert_eq!(Resource::at(path), None, "{path}");
        }
    }
}
