//! Users and groups by name and number, without the C library.
//!
//! The released program is linked statically, and a static C library must not be asked for names: its name service
//! loads shared objects of whatever the machine has configured. So `/etc/passwd` and `/etc/group` are read here, and
//! a name that is not in them (LDAP, systemd, sssd) is asked of the machine's own `getent`, if there is one, with a
//! time limit.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bstr::{BStr, BString, ByteSlice};

/// How long `getent` may take; a directory server that is gone must not hold a start up for ever.
const GETENT_LIMIT: Duration = Duration::from_secs(5);

/// A line of the user database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub name: BString,
    pub uid: u32,
    /// The primary group.
    pub gid: u32,
    pub home: BString,
}

/// A line of the group database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub name: BString,
    pub gid: u32,
    pub members: Vec<BString>,
}

/// Where names and numbers are looked up.
#[derive(Debug, Clone)]
pub struct UserDatabase {
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    System,
    Text { passwd: BString, group: BString },
}

#[derive(Clone, Copy)]
enum Table {
    Passwd,
    Group,
}

impl UserDatabase {
    /// This machine's users.
    pub fn system() -> Self {
        Self {
            source: Source::System,
        }
    }

    /// Users from text in the form of the two files; nothing else is asked.
    pub fn from_text(passwd: &str, group: &str) -> Self {
        Self {
            source: Source::Text {
                passwd: passwd.into(),
                group: group.into(),
            },
        }
    }

    pub fn user_by_name(&self, name: &BStr) -> Option<User> {
        self.find(Table::Passwd, name, |line| {
            parse_user(line).filter(|user| user.name == name)
        })
    }

    pub fn user_by_id(&self, uid: u32) -> Option<User> {
        let key = BString::from(uid.to_string());
        self.find(Table::Passwd, key.as_bstr(), |line| {
            parse_user(line).filter(|user| user.uid == uid)
        })
    }

    pub fn group_by_name(&self, name: &BStr) -> Option<Group> {
        self.find(Table::Group, name, |line| {
            parse_group(line).filter(|group| group.name == name)
        })
    }

    pub fn group_by_id(&self, gid: u32) -> Option<Group> {
        let key = BString::from(gid.to_string());
        self.find(Table::Group, key.as_bstr(), |line| {
            parse_group(line).filter(|group| group.gid == gid)
        })
    }

    /// The groups that list this user as a member, in the order of the file, the primary group first (the
    /// reference's `drop_privileges` builds the same list).
    pub fn groups_of(&self, user: &User) -> Vec<u32> {
        let text = self.text(Table::Group);
        let listed = text
            .lines()
            .filter_map(|line| parse_group(BStr::new(line)))
            .filter(|group| group.members.contains(&user.name))
            .map(|group| group.gid);
        std::iter::once(user.gid).chain(listed).collect()
    }

    fn text(&self, table: Table) -> BString {
        match &self.source {
            Source::Text { passwd, group } => match table {
                Table::Passwd => passwd.clone(),
                Table::Group => group.clone(),
            },
            Source::System => {
                let path = match table {
                    Table::Passwd => "/etc/passwd",
                    Table::Group => "/etc/group",
                };
                // A machine without the file has no such users; that is not worth a refusal to start.
                std::fs::read(path).unwrap_or_default().into()
            }
        }
    }

    fn find<T>(&self, table: Table, key: &BStr, parse: impl Fn(&BStr) -> Option<T>) -> Option<T> {
        let in_file = self
            .text(table)
            .lines()
            .find_map(|line| parse(BStr::new(line)));
        if in_file.is_some() {
            return in_file;
        }
        match self.source {
            Source::Text { .. } => None,
            Source::System => {
                let answer = getent(table, key)?;
                answer.lines().find_map(|line| parse(BStr::new(line)))
            }
        }
    }
}

fn parse_user(line: &BStr) -> Option<User> {
    let fields: Vec<&[u8]> = line.split_str(":").collect();
    let [name, _, uid, gid, _, home, ..] = fields.as_slice() else {
        return None;
    };
    Some(User {
        name: BString::from(*name),
        uid: number(uid)?,
        gid: number(gid)?,
        home: BString::from(*home),
    })
}

fn parse_group(line: &BStr) -> Option<Group> {
    let fields: Vec<&[u8]> = line.split_str(":").collect();
    let [name, _, gid, rest @ ..] = fields.as_slice() else {
        return None;
    };
    let members = rest.first().copied().unwrap_or_default();
    Some(Group {
        name: BString::from(*name),
        gid: number(gid)?,
        members: members
            .split_str(",")
            .filter(|member| !member.is_empty())
            .map(BString::from)
            .collect(),
    })
}

fn number(field: &[u8]) -> Option<u32> {
    field.to_str().ok()?.parse().ok()
}

/// What `getent` says about one key; `None` also when there is no `getent`, when it fails and when it takes too long.
fn getent(table: Table, key: &BStr) -> Option<BString> {
    if key.is_empty() || key.starts_with(b"-") || key.contains(&0) {
        return None;
    }
    let program = ["/usr/bin/getent", "/bin/getent"]
        .into_iter()
        .find(|path| Path::new(path).exists())?;
    let database = match table {
        Table::Passwd => "passwd",
        Table::Group => "group",
    };
    let mut command = Command::new(program);
    command.arg(database).arg(key.to_os_str().ok()?);
    output_within(command, GETENT_LIMIT)
}

/// What a program prints on stdout, if it ends in time. One entry of a database is far smaller than a pipe, so the
/// program never waits for us to read.
fn output_within(mut command: Command, limit: Duration) -> Option<BString> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let give_up_at = Instant::now() + limit;
    while let Ok(None) = child.try_wait() {
        if Instant::now() >= give_up_at {
            // Both fail only when it has ended meanwhile.
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let mut answer = Vec::new();
    child.stdout.take()?.read_to_end(&mut answer).ok()?;
    Some(answer.into())
}

#[cfg(test)]
mod tests {
    use bstr::BStr;

    use std::process::Command;
    use std::time::Duration;

    use super::{UserDatabase, output_within};

    fn database() -> UserDatabase {
        UserDatabase::from_text(
            "root:x:0:0:root:/root:/bin/sh\n\
             # a comment\n\
             +nis\n\
             web:x:1001:1002:Web:/srv/web:/bin/sh\n\
             web:x:7:7:second:/:\n",
            "root:x:0:\nstaff:x:50:web,me\nweb:x:1002:\nodd:x:60\nwheel:x:10:me,web\n",
        )
    }

    // TYP-008
    #[test]
    fn the_first_line_of_a_name_counts() {
        let users = database();
        let web = users.user_by_name(BStr::new("web")).expect("web is listed");
        assert_eq!((web.uid, web.gid), (1001, 1002));
        assert_eq!(web.home, "/srv/web");
        assert_eq!(users.user_by_id(0).expect("root is listed").name, "root");
        assert_eq!(users.user_by_name(BStr::new("nobody")), None);
        assert_eq!(users.user_by_name(BStr::new("")), None);
        assert_eq!(users.user_by_id(9), None);
    }

    // TYP-009
    #[test]
    fn groups_are_found_by_name_and_number() {
        let users = database();
        assert_eq!(
            users.group_by_name(BStr::new("staff")).map(|g| g.gid),
            Some(50)
        );
        assert_eq!(
            users.group_by_id(60).map(|g| (g.name, g.members)),
            Some(("odd".into(), vec![]))
        );
        let web = users.user_by_name(BStr::new("web")).expect("web is listed");
        assert_eq!(users.groups_of(&web), [1002, 50, 10]);
    }

    // The user with the number 0 exists on every Linux; the name without letters on none.
    #[test]
    fn this_machine_knows_root_and_not_an_absurd_name() {
        let users = UserDatabase::system();
        assert_eq!(users.user_by_id(0).map(|user| user.uid), Some(0));
        assert_eq!(users.user_by_name(BStr::new("no such user, surely")), None);
    }

    // A directory server that is gone must not hold up a start.
    #[test]
    fn a_program_that_does_not_answer_is_given_up() {
        let shell = |script: &str| {
            let mut command = Command::new("/bin/sh");
            command.arg("-c").arg(script);
            command
        };
        let patient = Duration::from_secs(60);
        assert_eq!(output_within(shell("echo x"), patient), Some("x\n".into()));
        let impatient = Duration::from_millis(20);
        assert_eq!(output_within(shell("exec sleep 60"), impatient), None);
    }
}
