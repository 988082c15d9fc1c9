//! `depends_on`: from words to processes, once all groups are known (GO-184 to GO-191).
//!
//! A word is a process, a program or a group, or `group:process`. One that names nobody is an error, and so is a loop,
//! which is shown as it goes round. When who waits for whom, and what is stopped before what, is the machine's business.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::error::{ConfigError, Reason};
use super::extensions::Dependency;
use super::loader::Loader;
use super::options::extensions::DEPENDS_ON;
use super::types::{GroupConfig, ProcessConfig};

/// The processes that one section has made in one group, and what they wait for.
pub struct Origin {
    pub section: String,
    pub group: String,
    /// Process by process: its name, and the words of its `depends_on`.
    pub processes: Vec<(String, Vec<String>)>,
}

/// Gives every process its dependencies.
pub fn resolve(loader: &Loader<'_>, groups: &mut [GroupConfig]) -> Result<(), ConfigError> {
    if loader.origins.iter().all(Origin::depends_on_nobody) {
        return Ok(());
    }
    let complain = |section: &str, reason| ConfigError::Program {
        file: loader.file_of(section),
        section: section.to_owned(),
        option: Some(DEPENDS_ON.name.to_owned()),
        reason: Box::new(reason),
    };
    let mut found: BTreeMap<(&str, &str), Vec<Dependency>> = BTreeMap::new();
    for origin in &loader.origins {
        for (process, words) in &origin.processes {
            let mut dependencies: Vec<Dependency> = Vec::new();
            for word in words.iter().filter(|word| !word.is_empty()) {
                let named = named_by(word, &loader.origins);
                if named.is_empty() {
                    let name = word.clone();
                    return Err(complain(
                        &origin.section,
                        Reason::UnknownDependency { name },
                    ));
                }
                for dependency in named {
                    if !dependencies.contains(&dependency) {
                        dependencies.push(dependency);
                    }
                }
            }
            found.insert((&origin.group, process), dependencies);
        }
    }
    if let Some(way) = Graph::new(groups, &found).way_round() {
        let (group, process) = way[0];
        let mut origins = loader.origins.iter();
        let section = origins
            .find(|origin| {
                origin.group == group && origin.processes.iter().any(|(name, _)| name == process)
            })
            .map_or("", |origin| origin.section.as_str());
        let shown: Vec<String> = way
            .into_iter()
            .map(|(group, process)| shown(group, process))
            .collect();
        let way = shown.join(" -> ");
        return Err(complain(section, Reason::DependencyLoop { way }));
    }
    for group in groups {
        for process in &mut group.processes {
            let key = (group.name.as_str(), process.name.as_str());
            let dependencies = found.get(&key).cloned().unwrap_or_default();
            if !dependencies.is_empty() {
                give(process, dependencies);
            }
        }
    }
    Ok(())
}

impl Origin {
    fn depends_on_nobody(&self) -> bool {
        self.processes.iter().all(|(_, words)| words.is_empty())
    }

    /// The name in the section's header.
    fn program(&self) -> &str {
        self.section
            .split_once(':')
            .map_or("", |(_, name)| name.trim())
    }
}

fn give(process: &mut Rc<ProcessConfig>, dependencies: Vec<Dependency>) {
    let process = Rc::make_mut(process);
    Rc::make_mut(process.extensions.get_or_insert_default()).depends_on = dependencies;
}

/// Whom a word means: a process before a program, that before a group; under a bare name all who have it.
fn named_by(word: &str, origins: &[Origin]) -> Vec<Dependency> {
    let one = |origin: &Origin, process: &str| Dependency {
        group: origin.group.clone(),
        process: Some(process.to_owned()),
    };
    let all = |group: &str| {
        let known = origins.iter().any(|origin| origin.group == group);
        let group = group.to_owned();
        known.then_some(Dependency {
            group,
            process: None,
        })
    };
    if let Some((group, process)) = word.split_once(':') {
        if process.is_empty() || process == "*" {
            return all(group).into_iter().collect();
        }
        let in_group = origins.iter().filter(|origin| origin.group == group);
        return in_group
            .filter(|origin| origin.processes.iter().any(|(name, _)| name == process))
            .map(|origin| one(origin, process))
            .collect();
    }
    let processes: Vec<Dependency> = origins
        .iter()
        .filter(|origin| origin.processes.iter().any(|(name, _)| name == word))
        .map(|origin| one(origin, word))
        .collect();
    if !processes.is_empty() {
        return processes;
    }
    let of_program: Vec<Dependency> = origins
        .iter()
        .filter(|origin| origin.program() == word)
        .flat_map(|origin| origin.processes.iter().map(|(name, _)| one(origin, name)))
        .collect();
    if !of_program.is_empty() {
        return of_program;
    }
    all(word).into_iter().collect()
}

/// As clients name a process.
fn shown(group: &str, process: &str) -> String {
    if group == process {
        process.to_owned()
    } else {
        format!("{group}:{process}")
    }
}

/// Who waits for whom, by number.
struct Graph<'a> {
    names: Vec<(&'a str, &'a str)>,
    waits_for: Vec<Vec<usize>>,
}

impl<'a> Graph<'a> {
    fn new(groups: &'a [GroupConfig], found: &BTreeMap<(&str, &str), Vec<Dependency>>) -> Self {
        let mut names = Vec::new();
        let mut numbers: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for group in groups {
            for process in &group.processes {
                let name = (group.name.as_str(), process.name.as_str());
                numbers.insert(name, names.len());
                members.entry(name.0).or_default().push(names.len());
                names.push(name);
            }
        }
        let none = Vec::new();
        let waits_for = names
            .iter()
            .map(|name| {
                let mut numbers_of: Vec<usize> = Vec::new();
                for dependency in found.get(name).unwrap_or(&none) {
                    match &dependency.process {
                        Some(process) => {
                            let name = (dependency.group.as_str(), process.as_str());
                            numbers_of.extend(numbers.get(&name));
                        }
                        None => numbers_of
                            .extend(members.get(dependency.group.as_str()).into_iter().flatten()),
                    }
                }
                numbers_of
            })
            .collect();
        Self { names, waits_for }
    }

    /// A loop, its first process also as its last; `None` if all can be started in some order.
    fn way_round(&self) -> Option<Vec<(&'a str, &'a str)>> {
        // Takes out whoever waits for nobody any more, until nobody or only loops and those behind them are left.
        let mut left: Vec<usize> = self.waits_for.iter().map(Vec::len).collect();
        let mut waited_for_by: Vec<Vec<usize>> = vec![Vec::new(); self.names.len()];
        for (waiting, list) in self.waits_for.iter().enumerate() {
            for &other in list {
                waited_for_by[other].push(waiting);
            }
        }
        let mut free: Vec<usize> = (0..left.len()).filter(|&at| left[at] == 0).collect();
        while let Some(at) = free.pop() {
            for &waiting in &waited_for_by[at] {
                left[waiting] -= 1;
                if left[waiting] == 0 {
                    free.push(waiting);
                }
            }
        }
        let mut at = left.iter().position(|&count| count > 0)?;
        let mut way: Vec<usize> = Vec::new();
        // Each of those waits for another of them, so this comes back to where it was.
        loop {
            if let Some(beginning) = way.iter().position(|&seen| seen == at) {
                way.drain(..beginning);
                way.push(at);
                return Some(way.into_iter().map(|at| self.names[at]).collect());
            }
            way.push(at);
            at = *self.waits_for[at].iter().find(|&&next| left[next] > 0)?;
        }
    }
}
