//! Where to look out for changes of what a path leads to: every directory on the way there, with the name in it that
//! matters, through links.
//!
//! A program may be replaced by a file of the same name, but as well by another link, or by another directory somewhere
//! above it. So `/srv/app/current/bin/server`, where `current` is a link to `v1`, is looked out for as `srv` in `/`, `app`
//! in `/srv`, `current` in `/srv/app`, `v1` in `/srv/app`, `bin` in `/srv/app/v1`, and `server` in `/srv/app/v1/bin`. Where
//! the way ends early, the last name is what is waited for.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// A directory and the name in it that matters.
pub type Place = (PathBuf, OsString);

/// As many links as the kernel follows.
const LINKS: usize = 40;

/// The places on the way to an absolute path.
pub fn on_the_way(path: &Path) -> BTreeSet<Place> {
    let mut places = BTreeSet::new();
    let mut here = PathBuf::from("/");
    let mut links = 0;
    let mut names: Vec<OsString> = names_in(path);
    names.reverse();
    while let Some(name) = names.pop() {
        if name == ".." {
            here.pop();
            continue;
        }
        let there = here.join(&name);
        places.insert((here.clone(), name));
        match fs::read_link(&there) {
            Ok(target) if links < LINKS => {
                links += 1;
                if target.is_absolute() {
                    here = PathBuf::from("/");
                }
                names.extend(names_in(&target).into_iter().rev());
            }
            Ok(_) => break,
            Err(_) if there.exists() => here = there,
            Err(_) => break,
        }
    }
    places
}

fn names_in(path: &Path) -> Vec<OsString> {
    let name = |component: Component<'_>| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsStr::new("..").to_owned()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    };
    path.components().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    use super::on_the_way;

    /// The places below a folder, each as `directory name`.
    fn below(folder: &PathBuf, path: &str) -> Vec<String> {
        on_the_way(&folder.join(path))
            .into_iter()
            .filter_map(|(directory, name)| {
                let directory = directory.strip_prefix(folder).ok()?;
                Some(format!("{} {}", directory.display(), name.display()))
            })
            .collect()
    }

    #[test]
    fn every_directory_and_link_on_the_way_matters() {
        let folder = std::env::temp_dir().join(format!("places-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("v1/bin")).expect("a folder");
        fs::write(folder.join("v1/bin/real"), "").expect("a file");
        symlink("v1", folder.join("current")).expect("a link");
        symlink("./real", folder.join("v1/bin/server")).expect("a link");
        symlink("loop", folder.join("loop")).expect("a link");
        assert_eq!(
            below(&folder, "current/bin/server"),
            [" current", " v1", "v1 bin", "v1/bin real", "v1/bin server"]
        );
        assert_eq!(below(&folder, "v2/bin/server"), [" v2"]);
        assert_eq!(
            below(&folder, "v1/../v1/bin/x"),
            [" v1", "v1 bin", "v1/bin x"]
        );
        assert_eq!(below(&folder, "loop/x"), [" loop"]);
        let all = on_the_way(&folder);
        assert!(all.contains(&("/".into(), all.first().expect("one").1.clone())));
        fs::remove_dir_all(&folder).expect("it is there");
    }
}
