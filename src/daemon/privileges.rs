//! Becoming somebody else: who that is and whether it may be done (`drop_privileges` in the reference's options.py),
//! and doing it for supervisord itself. Children do it between fork and exec, in `exec`.
//!
//! Users and groups come from [`UserDatabase`]; the C library is never asked for names.

use std::fmt;

use nix::unistd::{Gid, Uid, getgid, getuid, setgid, setgroups, setuid};

use crate::config::users::UserDatabase;

/// What a change of user comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// We are that user already (LIF-008).
    None,
    Become(Identity),
}

/// All that a process of this user has: the primary group stands first among the groups (LIF-010).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub uid: u32,
    pub gid: u32,
    pub groups: Vec<u32>,
}

/// Why a user cannot be changed to (LIF-009).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrivilegeError {
    UnknownUid(u32),
    NotRoot,
    Groups,
    Gid,
    Uid,
}

impl fmt::Display for PrivilegeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownUid(uid) => write!(f, "Can't find uid {uid}"),
            Self::NotRoot => f.write_str("Can't drop privilege as nonroot user"),
            Self::Groups => f.write_str("Could not set groups of effective user"),
            Self::Gid => f.write_str("Could not set group id of effective user"),
            // The reference ends with a traceback.
            Self::Uid => f.write_str("Could not set user id of effective user"),
        }
    }
}

impl std::error::Error for PrivilegeError {}

/// What this process would have to do to become that user; the questions in the order of the reference.
pub fn change_to(uid: u32, users: &UserDatabase) -> Result<Change, PrivilegeError> {
    change_from(getuid(), uid, users)
}

fn change_from(own: Uid, uid: u32, users: &UserDatabase) -> Result<Change, PrivilegeError> {
    let user = users
        .user_by_id(uid)
        .ok_or(PrivilegeError::UnknownUid(uid))?;
    if own.as_raw() == uid {
        return Ok(Change::None);
    }
    if !own.is_root() {
        return Err(PrivilegeError::NotRoot);
    }
    Ok(Change::Become(Identity {
        uid,
        gid: user.gid,
        groups: users.groups_of(&user),
    }))
}

/// The same with a group of the user's choice in the place of the primary one (GO-138).
pub fn change_to_group(uid: u32, gid: u32, users: &UserDatabase) -> Result<Change, PrivilegeError> {
    let user = users
        .user_by_id(uid)
        .ok_or(PrivilegeError::UnknownUid(uid))?;
    let own = getuid();
    if !own.is_root() {
        // Nobody but root chooses; what we are already may be asked for.
        return if own.as_raw() == uid && getgid().as_raw() == gid {
            Ok(Change::None)
        } else {
            Err(PrivilegeError::NotRoot)
        };
    }
    let mut groups = users.groups_of(&user);
    if let Some(primary) = groups.first_mut() {
        *primary = gid;
    }
    Ok(Change::Become(Identity { uid, gid, groups }))
}

/// Makes this whole process that user's, for good (LIF-010). The environment stays as it is.
pub fn become_user(uid: u32, users: &UserDatabase) -> Result<(), PrivilegeError> {
    let Change::Become(Identity { uid, gid, groups }) = change_to(uid, users)? else {
        return Ok(());
    };
    let groups: Vec<Gid> = groups.into_iter().map(Gid::from_raw).collect();
    setgroups(&groups).map_err(|_| PrivilegeError::Groups)?;
    setgid(Gid::from_raw(gid)).map_err(|_| PrivilegeError::Gid)?;
    setuid(Uid::from_raw(uid)).map_err(|_| PrivilegeError::Uid)
}

#[cfg(test)]
mod tests {
    use nix::unistd::Uid;

    use super::{Change, Identity, PrivilegeError, change_from};
    use crate::config::users::UserDatabase;

    fn users() -> UserDatabase {
        UserDatabase::from_text(
            "root:x:0:0:root:/root:/bin/sh\nweb:x:1001:1002:Web:/srv/web:/bin/sh\n",
            "root:x:0:\nstaff:x:50:web,me\nweb:x:1002:web\nwheel:x:10:me\n",
        )
    }

    fn change(own: u32, uid: u32) -> Result<Change, PrivilegeError> {
        change_from(Uid::from_raw(own), uid, &users())
    }

    // LIF-010
    #[test]
    fn root_takes_the_primary_group_and_then_every_group_that_lists_the_user() {
        assert_eq!(
            change(0, 1001),
            Ok(Change::Become(Identity {
                uid: 1001,
                gid: 1002,
                groups: vec![1002, 50, 1002],
            }))
        );
    }

    // LIF-008, LIF-009, LIF-011: an unknown user is complained about before anything else
    #[test]
    fn nobody_else_changes_and_becoming_oneself_is_no_change() {
        assert_eq!(change(0, 0), Ok(Change::None));
        assert_eq!(change(1001, 1001), Ok(Change::None));
        assert_eq!(change(1001, 0), Err(PrivilegeError::NotRoot));
        assert_eq!(change(7, 7), Err(PrivilegeError::UnknownUid(7)));
        assert_eq!(
            PrivilegeError::UnknownUid(7).to_string(),
            "Can't find uid 7"
        );
    }
}
