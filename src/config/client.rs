//! `[supervisorctl]`: how the client reaches supervisord (CTL-008 to CTL-016).
//!
//! The client reads the same file as the daemon, without its `[include]` (PLG-007), and does not need one at all.

use std::path::PathBuf;

use bstr::{BStr, BString, ByteSlice};

use super::context::LoadContext;
use super::error::{ConfigError, Reason};
use super::expand::{Names, Scope};
use super::ini::Document;
use super::loader::process_variables;
use super::options::server as rows;
use super::options::supervisord as daemon_rows;
use super::paths;
use super::reading::{OptionError, SectionReader};
use super::value;

pub(super) const SECTION: &str = "supervisorctl";

/// What `[supervisorctl]` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientConfig {
    /// `unix://` and an absolute path, or as written.
    pub serverurl: String,
    pub prompt: String,
    pub username: Option<String>,
    pub password: Option<String>,
    pub history_file: Option<PathBuf>,
    pub plugins: Vec<CtlPlugin>,
    /// Where the daemon of the same file writes its pid; for advice only, so it is none when it cannot be read.
    pub pidfile: Option<PathBuf>,
}

/// A `[ctlplugin:x]` section: Python code that only Python's own client can load (CLT-016).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CtlPlugin {
    pub name: String,
    pub factory: String,
}

impl Default for ClientConfig {
    /// What holds when there is no file (CTL-009).
    fn default() -> Self {
        Self {
            serverurl: rows::CTL_SERVERURL.default.to_owned(),
            prompt: rows::CTL_PROMPT.default.to_owned(),
            username: None,
            password: None,
            history_file: None,
            plugins: Vec::new(),
            pidfile: None,
        }
    }
}

/// Reads the client's section of a file.
pub fn load(config_file: &BStr, context: &LoadContext) -> Result<ClientConfig, ConfigError> {
    let bytes = super::read_main_file(config_file, context)?;
    let mut document = Document::new();
    document.read_main(config_file, &bytes)?;
    interpret(&document, config_file, context)
}

/// The same for `supervisord ctl`: without the section, the HTTP servers of the file say how they are reached, a unix socket
/// before an inet one (GO-040); without them the defaults hold (GO-112).
pub fn load_or_infer(
    config_file: &BStr,
    context: &LoadContext,
) -> Result<ClientConfig, ConfigError> {
    let bytes = super::read_main_file(config_file, context)?;
    let mut document = Document::new();
    document.read_main(config_file, &bytes)?;
    if document.has_section(SECTION) {
        return interpret(&document, config_file, context);
    }
    let mut config = ClientConfig::default();
    let sections = document.sections();
    for kind in ["unix_http_server", "inet_http_server"] {
        let found = sections.iter().find(|section| section.starts_with(kind));
        if let Some(section) = found {
            infer(&document, section, config_file, context, &mut config)
                .map_err(|error| error.in_section(section))?;
            break;
        }
    }
    Ok(config)
}

/// How the server of this section is reached. A password that is kept as a digest cannot be told; it will be asked for.
fn infer(
    document: &Document,
    section: &str,
    config_file: &BStr,
    context: &LoadContext,
    config: &mut ClientConfig,
) -> Result<(), OptionError> {
    let variables = process_variables(context);
    let file = paths::normalize(config_file, context);
    let mut here = Names::default();
    here.set_text("here", paths::dirname(file.as_bstr()).to_owned());
    let layers = [&variables, &here];
    let reader = SectionReader {
        document,
        context,
        section,
        scope: Scope { layers: &layers },
    };
    if let Some(socket) = reader.optional(&rows::FILE)? {
        let path = paths::normalize(socket.as_bstr(), context);
        config.serverurl = format!("unix://{}", path.to_str_lossy());
    } else if let Some((host, port)) = reader.optional(&rows::PORT)? {
        let host = if host.is_empty() { "localhost" } else { &host };
        config.serverurl = format!("http://{host}:{port}");
    }
    config.username = reader.optional(&rows::USERNAME)?;
    config.password = reader
        .optional(&rows::PASSWORD)?
        .filter(|password| !password.starts_with("{SHA}"));
    if config.password.is_none() {
        config.username = None;
    }
    Ok(())
}

/// From the file as read to its meaning.
pub(super) fn interpret(
    document: &Document,
    config_file: &BStr,
    context: &LoadContext,
) -> Result<ClientConfig, ConfigError> {
    if !document.has_section(SECTION) {
        let reason = Reason::NoSection { section: SECTION };
        return Err(OptionError::of_section(reason).in_section(SECTION));
    }
    let variables = process_variables(context);
    let mut config = read_settings(document, config_file, context, &variables)
        .map_err(|error| error.in_section(SECTION))?;
    config.plugins = read_plugins(document, context, &variables)?;
    Ok(config)
}

fn read_settings(
    document: &Document,
    config_file: &BStr,
    context: &LoadContext,
    variables: &Names,
) -> Result<ClientConfig, OptionError> {
    let file = paths::normalize(config_file, context);
    let mut here = Names::default();
    here.set_text("here", paths::dirname(file.as_bstr()).to_owned());
    // `here` exists in two options only (CTL-013).
    let with_here = [variables, &here];
    let without_here = [variables];
    let with_here = SectionReader {
        document,
        context,
        section: SECTION,
        scope: Scope { layers: &with_here },
    };
    let reader = SectionReader {
        scope: Scope {
            layers: &without_here,
        },
        ..with_here
    };
    // Evaluated in the order written.
    Ok(ClientConfig {
        serverurl: server_url(with_here.read(&rows::CTL_SERVERURL)?, context),
        prompt: reader.read(&rows::CTL_PROMPT)?,
        username: reader.optional(&rows::USERNAME)?,
        password: reader.optional(&rows::PASSWORD)?,
        history_file: with_here
            .optional(&rows::CTL_HISTORY_FILE)?
            .filter(|file| !file.is_empty())
            .map(|file| paths::to_path(paths::normalize(file.as_bstr(), context).as_bstr())),
        plugins: Vec::new(),
        pidfile: pidfile(document, &with_here),
    })
}

fn pidfile(document: &Document, client: &SectionReader<'_>) -> Option<PathBuf> {
    let section = "supervisord";
    if !document.has_section(section) {
        return None;
    }
    let daemon = SectionReader { section, ..*client };
    daemon.read(&daemon_rows::PIDFILE).ok()
}

/// A socket path is made absolute (CTL-015).
fn server_url(url: BString, context: &LoadContext) -> String {
    match url.strip_prefix(b"unix://") {
        Some(path) => {
            let path = paths::normalize(BStr::new(path), context);
            format!("unix://{}", path.to_str_lossy())
        }
        None => value::string(url.as_bstr()),
    }
}

fn read_plugins(
    document: &Document,
    context: &LoadContext,
    variables: &Names,
) -> Result<Vec<CtlPlugin>, ConfigError> {
    let row = &rows::CTL_FACTORY;
    let layers = [variables];
    let mut plugins = Vec::new();
    for section in document.sections() {
        let Some(name) = section.strip_prefix("ctlplugin:") else {
            continue;
        };
        let reader = SectionReader {
            document,
            context,
            section: &section,
            scope: Scope { layers: &layers },
        };
        let factory = reader
            .optional(row)
            .and_then(|factory| {
                factory.ok_or_else(|| {
                    let (section, key) = (section.clone(), row.name);
                    OptionError::new(row.name, Reason::NoFactory { section, key })
                })
            })
            .map_err(|error| error.in_section(&section))?;
        plugins.push(CtlPlugin {
            name: name.to_owned(),
            factory: value::string(factory.as_bstr()),
        });
    }
    Ok(plugins)
}

#[cfg(test)]
mod tests {
    use bstr::BStr;

    use super::{ClientConfig, ConfigError, CtlPlugin, load, load_or_infer};
    use crate::config::context::LoadContext;

    fn read(text: &str) -> Result<ClientConfig, String> {
        read_by(text, load)
    }

    type Load = fn(&BStr, &LoadContext) -> Result<ClientConfig, ConfigError>;

    fn read_by(text: &str, load: Load) -> Result<ClientConfig, String> {
        // Tests run side by side.
        static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("client-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        std::fs::write(folder.join("x.conf"), text).expect("a temporary file");
        let context = LoadContext {
            cwd: folder.clone(),
            environment: vec![
                ("FOO".into(), "foo".into()),
                ("HOME".into(), "/home/me".into()),
            ],
            ..LoadContext::for_tests()
        };
        let shown = folder.to_string_lossy().into_owned();
        let config = load(BStr::new("x.conf"), &context)
            .map(|mut config| {
                config.serverurl = config.serverurl.replace(&shown, "@HERE@");
                config
            })
            .map_err(|error| error.to_string());
        std::fs::remove_dir_all(&folder).expect("the temporary folder");
        config
    }

    // CTL-009
    #[test]
    fn an_empty_section_has_the_defaults() {
        assert_eq!(read("[supervisorctl]\n"), Ok(ClientConfig::default()));
        assert_eq!(ClientConfig::default().serverurl, "http://localhost:9001");
        assert_eq!(ClientConfig::default().prompt, "supervisor");
    }

    // CTL-013, CTL-015, CTL-016
    #[test]
    fn every_key_is_read() {
        let config = read(
            "[supervisorctl]\nserverurl=unix://%(here)s/../x/./s.sock\nusername=%(ENV_FOO)s\npassword=p\nprompt=me\n\
             history_file=~/hist\n[include]\nfiles=never\n[ctlplugin:x]\nsupervisor.ctl_factory=a:b\nother=%(nope)s\n",
        );
        let config = config.expect("a good file");
        assert!(
            config.serverurl.starts_with("unix:///"),
            "{}",
            config.serverurl
        );
        assert!(
            config.serverurl.ends_with("/x/s.sock"),
            "{}",
            config.serverurl
        );
        assert_eq!(config.username.as_deref(), Some("foo"));
        assert_eq!(config.password.as_deref(), Some("p"));
        assert_eq!(config.prompt, "me");
        assert_eq!(config.history_file, Some("/home/me/hist".into()));
        let plugin = CtlPlugin {
            name: "x".to_owned(),
            factory: "a:b".to_owned(),
        };
        assert_eq!(config.plugins, [plugin]);
        let relative =
            read("[supervisorctl]\nserverurl=unix://s.sock\nhistory_file=\n").expect("a good file");
        assert_eq!(relative.serverurl, "unix://@HERE@/s.sock");
        assert_eq!(relative.history_file, None);
        let odd = read("[supervisorctl]\nserverurl=no url at all\n").expect("a good file");
        assert_eq!(odd.serverurl, "no url at all");
    }

    // CTL-010, CTL-011, CTL-013
    #[test]
    fn mistakes_have_the_words_of_the_reference() {
        assert_eq!(
            read("[supervisord]\n"),
            Err(".ini file does not include supervisorctl section".to_owned())
        );
        assert_eq!(
            read("[supervisorctl]\nprompt=%(here)s\n"),
            Err(
                "Format string '%(here)s' for 'supervisorctl.prompt' contains names ('here') which cannot be expanded. \
                 Available names: ENV_FOO, ENV_HOME"
                    .to_owned()
            )
        );
        assert_eq!(
            read("[supervisorctl]\n[ctlplugin:x]\n"),
            Err("section [ctlplugin:x] does not specify a supervisor.ctl_factory".to_owned())
        );
        let context = LoadContext::for_tests();
        let error = load(BStr::new("/no/such/file"), &context).expect_err("no file");
        assert_eq!(
            error.to_string(),
            "could not find config file /no/such/file"
        );
    }

    // GO-037, GO-040, GO-112: only for `supervisord ctl`
    #[test]
    fn without_a_section_of_its_own_the_servers_say_where_they_are() {
        let inferred = |text: &str| {
            let url = |config: ClientConfig| (config.serverurl, config.username, config.password);
            read_by(text, load_or_infer).map(url)
        };
        let some = |text: &str| Some(text.to_owned());
        for (text, url, username, password) in [
            ("[supervisord]\n", "http://localhost:9001", None, None),
            (
                "[inet_http_server]\nport = :9005\nusername=\npassword=\n",
                "http://localhost:9005",
                some(""),
                some(""),
            ),
            (
                "[inet_http_server]\nport=1.2.3.4:5\nusername=u\npassword={SHA}x\n",
                "http://1.2.3.4:5",
                None,
                None,
            ),
            (
                "[inet_http_server]\nport=1\n[unix_http_server]\nfile=%(here)s/s\nusername=u\npassword=p\n",
                "unix://@HERE@/s",
                some("u"),
                some("p"),
            ),
            (
                "[supervisorctl]\n[unix_http_server]\nfile=/s\n",
                "http://localhost:9001",
                None,
                None,
            ),
        ] {
            let expected = (url.to_owned(), username, password);
            assert_eq!(inferred(text), Ok(expected), "{text}");
        }
        assert!(inferred("[inet_http_server]\nport=x:y:z\n").is_err());
    }
}
