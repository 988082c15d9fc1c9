//! The sections of a configuration file, with their options: what manual and documentation are made from.

use crate::config::ini::PROGRAM_DEFAULT;
use crate::config::options::{Described, Table, extensions, program, server, supervisord};

/// A kind of section.
pub struct Section {
    pub header: &'static str,
    pub about: &'static str,
    pub tables: &'static [Table],
    /// Options that the reference does not have.
    pub extensions: &'static [Table],
    /// Whether the reference does not have the section itself.
    pub is_extension: bool,
}

impl Section {
    /// A section that the reference has, without an option of ours.
    const fn new(header: &'static str, about: &'static str, tables: &'static [Table]) -> Self {
        Self {
            header,
            about,
            tables,
            extensions: &[],
            is_extension: false,
        }
    }

    pub fn options(&self) -> impl Iterator<Item = &'static (dyn Described + Sync)> {
        self.tables.iter().flat_map(|table| table.iter()).copied()
    }

    pub fn own_options(&self) -> impl Iterator<Item = &'static (dyn Described + Sync)> {
        self.extensions
            .iter()
            .flat_map(|table| table.iter())
            .copied()
    }
}

pub const SECTIONS: &[Section] = &[
    Section {
        extensions: &[supervisord::EXTENSION_TABLE],
        ..Section::new("supervisord", "The daemon itself.", &[supervisord::TABLE])
    },
    Section {
        extensions: &[server::SERVER_EXTENSION_TABLE],
        ..Section::new(
            "unix_http_server",
            "A socket on which clients of this machine are served. Several are told apart by a name: \
             [unix_http_server:x].",
            &[server::UNIX_SERVER_TABLE],
        )
    },
    Section {
        extensions: &[
            server::SERVER_EXTENSION_TABLE,
            server::INET_SERVER_EXTENSION_TABLE,
        ],
        ..Section::new(
            "inet_http_server",
            "The same over TCP. Whoever reaches it, and knows the password if there is one, can run any command.",
            &[server::INET_SERVER_TABLE],
        )
    },
    Section::new(
        "rpcinterface:supervisor",
        "The methods for clients. They are there without it, too; Python's Supervisor serves none then.",
        &[server::RPC_INTERFACE_TABLE],
    ),
    Section::new(
        "supervisorctl",
        "What supervisorctl reads.",
        &[server::CTL_TABLE],
    ),
    Section::new(
        "include",
        "Further files; they cannot include others.",
        &[server::INCLUDE_TABLE],
    ),
    Section {
        extensions: &[extensions::TABLE],
        ..Section::new(
            "program:x",
            "A program, or several processes of it.",
            &[program::TABLE],
        )
    },
    Section {
        is_extension: true,
        ..Section::new(
            PROGRAM_DEFAULT,
            "Values for every [program:x] that does not set them itself. It has the options of a [program:x].",
            &[],
        )
    },
    Section::new(
        "group:x",
        "Programs that are started and stopped together, under one name.",
        &[server::GROUP_TABLE],
    ),
    Section::new(
        "eventlistener:x",
        "A program that is told what happens. It has the options of a [program:x], and these.",
        &[server::EVENT_LISTENER_TABLE],
    ),
    Section::new(
        "fcgi-program:x",
        "A program that is given a listening socket as its stdin. It has the options of a [program:x], and these.",
        &[server::FCGI_TABLE],
    ),
];
