//! The file in which the user's choices wait for the next start. It is state, not configuration: written by the program,
//! replaced as a whole, and of no consequence when it is lost.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{sync::watch, task::JoinHandle, time::timeout};

use crate::{
    app::{Notice, SavedPreferences, Topic},
    config::read_file,
};

/// A file of choices is never longer.
const LARGEST: u64 = 64 * 1024;
/// How long the end of the program waits for the last choice to be written.
const PATIENCE: Duration = Duration::from_secs(1);

/// What was chosen, and where it is remembered.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    pub choices: SavedPreferences,
    /// The file; `None`: nothing is remembered.
    pub path: Option<PathBuf>,
}

impl Memory {
    /// What the file at `path` holds. One that is not there is no news; one that cannot be read or understood is told, and
    /// replaced by the next choice.
    pub fn load(path: PathBuf) -> (Memory, Option<Notice>) {
        match read(&path) {
            Ok(choices) => (Memory { choices, path: Some(path) }, None),
            Err(why) => {
                let text = format!("Choose columns and colours again: {} cannot be used: {why}", path.display());
                let notice = Notice { topic: Topic::Preferences, text };
                (Memory { choices: SavedPreferences::default(), path: Some(path) }, Some(notice))
            }
        }
    }
}

fn read(path: &Path) -> Result<SavedPreferences, String> {
    match read_file(path, LARGEST) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|e| e.to_string()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(SavedPreferences::default()),
        Err(e) => Err(e.to_string()),
    }
}

/// Writes `choices` to `path` so that whoever reads it sees the old ones or the new ones, whatever happens meanwhile.
fn write(path: &Path, choices: &SavedPreferences) -> io::Result<()> {
    let dir = path.parent().ok_or_else(|| io::Error::other("it has no directory"))?;
    crate::config::paths::make_private_dir(dir)?;
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    serde_json::to_writer_pretty(&mut file, choices)?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}

/// Writes off the loop: a slow disk never holds up a key.
pub(super) struct Saver {
    wanted: watch::Sender<Option<SavedPreferences>>,
    task: Option<JoinHandle<()>>,
}

impl Saver {
    /// Starts the task, where there is a file.
    pub(super) fn start(path: Option<PathBuf>) -> Saver {
        let (wanted, mut choices) = watch::channel(None);
        let task = path.map(|path| {
            tokio::spawn(async move {
                while choices.changed().await.is_ok() {
                    let Some(latest): Option<SavedPreferences> = choices.borrow_and_update().clone() else { continue };
                    let path = path.clone();
                    let written = tokio::task::spawn_blocking(move || write(&path, &latest)).await;
                    if let Ok(Err(e)) = written {
                        tracing::warn!("the choices are not remembered: {e}");
                    }
                }
            })
        });
        Saver { wanted, task }
    }

    /// These are the choices from now on.
    pub(super) fn remember(&self, choices: SavedPreferences) {
        self.wanted.send_replace(Some(choices));
    }

    /// Lets the last choice be written.
    pub(super) async fn finish(self) {
        drop(self.wanted);
        if let Some(task) = self.task {
            let _ = timeout(PATIENCE, task).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::app::{Column, Names, Sort};

    fn choices() -> SavedPreferences {
        SavedPreferences {
            sort: Some(Sort { column: Column::Diff30, reverse: true }),
            columns: vec![Column::Age, Column::Name, Column::Aht, Column::State],
            names: Names::Initials,
            ..SavedPreferences::default()
        }
    }

    #[test]
    fn what_is_written_is_read_and_nothing_is_left_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state/ui-acme.json");
        assert!(Memory::load(path.clone()).1.is_none(), "a first start is no news");
        write(&path, &choices()).unwrap();
        write(&path, &choices()).unwrap();
        let (memory, notice) = Memory::load(path.clone());
        assert_eq!((memory.choices, notice), (choices(), None));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_not_understood_is_told_and_ignored() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ui-acme.json");
        let long = format!("{{\"x\": \"{}\"}}", "y".repeat(100_000));
        for text in ["", "{", "[5]", "{\"names\": \"shouted\"}", "{\"sort\": 5}", "\0\0", &long] {
            fs::write(&path, text).unwrap();
            let (memory, notice) = Memory::load(path.clone());
            assert_eq!(memory.choices, SavedPreferences::default(), "{text:.20}");
            assert!(notice.unwrap().text.contains("ui-acme.json"));
        }
        fs::write(&path, "{\"of_tomorrow\": 1}").unwrap();
        assert!(Memory::load(path).1.is_none(), "what a later version adds does no harm");
    }

    #[test]
    fn a_pipe_or_a_device_in_its_place_is_told_and_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (fifo, zero) = (dir.path().join("fifo"), dir.path().join("zero"));
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        std::os::unix::fs::symlink("/dev/zero", &zero).unwrap();
        for path in [fifo, zero] {
            let (memory, notice) = Memory::load(path.clone());
            assert_eq!(memory.choices, SavedPreferences::default());
            assert!(notice.unwrap().text.ends_with("it is not a regular file"));
            write(&path, &choices()).unwrap();
            assert_eq!(Memory::load(path).0.choices, choices());
        }
    }

    // Injected time does not go on while something is written, however slow the disk.
    #[tokio::test(start_paused = true)]
    async fn the_last_choice_is_written_before_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ui-acme.json");
        let saver = Saver::start(Some(path.clone()));
        for names in Names::ALL {
            saver.remember(SavedPreferences { names, ..SavedPreferences::default() });
        }
        saver.finish().await;
        assert_eq!(Memory::load(path).0.choices.names, Names::Hidden);
    }
}
