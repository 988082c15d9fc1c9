//! `history_file`: what was typed in earlier sessions (CTL-068).
//!
//! The file is the one that Python's readline keeps, a line per line, so both clients can share it. A history is a
//! convenience: what cannot be read or written is silently not there.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// Where the history is, if it is kept at all.
#[derive(Debug, Default)]
pub struct HistoryFile {
    pub path: Option<PathBuf>,
}

impl HistoryFile {
    pub fn load(&self) -> Vec<String> {
        let bytes = self.path.as_ref().map(fs::read);
        let Some(Ok(bytes)) = bytes else {
            return Vec::new();
        };
        let text = String::from_utf8_lossy(&bytes);
        text.lines().map(str::to_owned).collect()
    }

    /// Only its owner may read it: command lines have held passwords.
    pub fn save<'l>(&self, lines: impl Iterator<Item = &'l String>) {
        let Some(path) = &self.path else {
            return;
        };
        let text: String = lines.flat_map(|line| [line.as_str(), "\n"]).collect();
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let _ = options
            .open(path)
            .and_then(|mut file| file.write_all(text.as_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use super::HistoryFile;

    // CTL-068
    #[test]
    fn a_history_is_saved_and_found_again_and_trouble_is_ignored() {
        let path = std::env::temp_dir().join(format!("ctl-history-{}", std::process::id()));
        let file = HistoryFile {
            path: Some(path.clone()),
        };
        assert!(file.load().is_empty());
        let lines = ["status".to_owned(), "tail -f x".to_owned()];
        file.save(lines.iter());
        assert_eq!(
            std::fs::read(&path).ok().as_deref(),
            Some(&b"status\ntail -f x\n"[..])
        );
        assert_eq!(file.load(), lines);
        std::fs::remove_file(&path).expect("the file just written");
        let nowhere = HistoryFile {
            path: Some("/nonexistent/folder/history".into()),
        };
        nowhere.save(lines.iter());
        assert!(nowhere.load().is_empty());
    }
}
