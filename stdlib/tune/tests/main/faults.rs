//! Databases that are wrong, locked, removed, full, or written by several processes at once.

use ironbook_tune::{
    Budget, Failure, Memory, Sqlite, SqliteOptions, Study, StudyBuilder, Trial, TrialState, TuneError, storage,
};
use std::fs;
use std::path::Path;
use std::time::Duration;

fn objective(trial: &Trial) -> Result<f64, Failure> {
    Ok(trial.float("x", -1.0..=1.0).powi(2))
}

fn quick(path: &Path) -> Sqlite {
    SqliteOptions::default().busy_timeout(Duration::from_millis(50)).open(path).unwrap()
}

fn study(path: &Path) -> StudyBuilder {
    Study::new("study").storage(quick(path))
}

#[test]
fn what_is_no_database_of_studies_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(
        path("text.db"),
        "this is a text, and a rather long one at that: a header has a hundred bytes".repeat(30),
    )
    .unwrap();
    let text = Sqlite::open(path("text.db")).unwrap_err();
    assert!(matches!(text, TuneError::NotADatabase { .. }), "{text}");
    let old = rusqlite::Connection::open(path("old.db")).unwrap();
    old.execute_batch(
        "CREATE TABLE studies (study_id INTEGER); CREATE TABLE alembic_version (version_num TEXT);
                       INSERT INTO alembic_version VALUES ('v2.6.0.a')",
    )
    .unwrap();
    let old = Sqlite::open(path("old.db")).unwrap_err();
    assert!(matches!(&old, TuneError::Schema { found, .. } if found == "v2.6.0.a"), "{old}");
    assert!(old.to_string().contains("optuna storage upgrade"), "{old}");
    let nowhere = Sqlite::open(path("no/such/folder.db")).unwrap_err();
    assert!(matches!(nowhere, TuneError::Database { .. }), "{nowhere}");
    for url in ["", "sqlite://x.db", "sqlite:///", "postgresql://host/db", "redis://x"] {
        assert!(matches!(storage::open(url), Err(TuneError::Address { .. })), "{url}");
    }
    assert_eq!(storage::open("memory").unwrap().place(), "memory");
    let absolute = format!("sqlite:///{}", path("new.db").display());
    assert_eq!(storage::open(&absolute).unwrap().place(), path("new.db").display().to_string());
    // A database of something else has room for studies as well, as with Optuna.
    rusqlite::Connection::open(path("mine.db")).unwrap().execute_batch("CREATE TABLE mine (x)").unwrap();
    Study::new("a").storage(Sqlite::open(path("mine.db")).unwrap()).create().unwrap();
}

#[test]
fn rows_that_make_no_sense_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    study(&path).create().unwrap().optimize(Budget::trials(2), objective).unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    let resumed = || study(&path).resume().map(drop).unwrap_err().to_string();
    connection.execute_batch("UPDATE trial_params SET distribution_json = '{}' WHERE trial_id = 2").unwrap();
    assert!(resumed().contains("parameter \"x\" of trial 1 is {}"), "{}", resumed());
    connection.execute_batch("UPDATE trials SET state = 'LOST' WHERE trial_id = 1").unwrap();
    assert!(resumed().contains("trial 0 has the state \"LOST\""), "{}", resumed());
    connection
        .execute_batch("INSERT INTO study_directions (direction, study_id, objective) VALUES ('MINIMIZE', 1, 1)")
        .unwrap();
    assert!(resumed().contains("has 2 objectives"), "{}", resumed());
}

/// What a study says when its database fails in the middle, and what it still has.
fn interrupted(study: &Study, spoil: impl Fn() + Send + Sync + 'static) -> TuneError {
    let error = study.optimize(Budget::trials(50), move |trial| {
        if trial.number() == 10 {
            spoil();
        }
        objective(trial)
    });
    let error = error.unwrap_err();
    assert_eq!((study.counts().complete, study.trials()[10].state()), (11, TrialState::Complete), "{error}");
    assert!(study.trials()[10].value().is_some(), "what was computed is in memory");
    error
}

#[test]
fn a_locked_database_ends_the_study_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    let study = study(&path).create().unwrap();
    let other = std::sync::Arc::new(std::sync::Mutex::new(rusqlite::Connection::open(&path).unwrap()));
    let lock = std::sync::Arc::clone(&other);
    let error = interrupted(&study, move || lock.lock().unwrap().execute_batch("BEGIN IMMEDIATE").unwrap());
    let TuneError::Unsaved { changes, source } = &error else { panic!("{error}") };
    assert!(matches!(**source, TuneError::Locked { .. }), "{source}");
    assert_eq!((*changes, study.unsaved()), (2, 2), "its parameter and its end");
    assert!(error.to_string().contains("2 changes since are in memory only"), "{error}");
    assert!(study.save().is_err() && study.optimize(Budget::trials(1), objective).is_err(), "still locked");
    assert_eq!(study.counts().complete, 11);
    other.lock().unwrap().execute_batch("ROLLBACK").unwrap();
    study.save().unwrap();
    study.optimize(Budget::trials(5), objective).unwrap();
    let found = Study::new("study").storage(quick(&path)).resume().unwrap();
    assert_eq!(found.trials(), study.trials());
    assert_eq!(found.counts().complete, 16);
}

#[test]
fn a_database_that_is_locked_at_its_opening_is_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let locked = SqliteOptions::default().busy_timeout(Duration::from_millis(50)).open(&path).unwrap_err();
    assert!(matches!(locked, TuneError::Locked { .. }), "{locked}");
    assert!(locked.to_string().contains("is locked by another process"), "{locked}");
    other.execute_batch("ROLLBACK").unwrap();
    study(&path).create().unwrap();
}

#[test]
fn a_removed_database_is_noticed_and_can_be_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    let study = study(&path).create().unwrap();
    let gone = path.clone();
    let error = interrupted(&study, move || fs::remove_file(&gone).unwrap());
    let TuneError::Unsaved { source, .. } = &error else { panic!("{error}") };
    assert!(matches!(**source, TuneError::Gone { .. }), "{source}");
    let mut other = Sqlite::open(folder.path().join("other.db")).unwrap();
    study.copy_to(&mut other).unwrap();
    assert!(matches!(study.copy_to(&mut other), Err(TuneError::Exists { .. })));
    let found = Study::new("study").storage(other).resume().unwrap();
    assert_eq!(found.trials().len(), 11);
    assert_eq!(found.best().unwrap().value(), study.best().unwrap().value());
    // Another file in its place is not it.
    fs::write(&path, "").unwrap();
    assert!(matches!(study.save(), Err(TuneError::Unsaved { .. })));
}

#[test]
fn a_full_disk_ends_the_study_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    // A limit of its own is refused by SQLite in the words in which it refuses a full disk.
    let small = SqliteOptions::default().max_bytes(150_000).open(&path).unwrap();
    let study = Study::new("study").storage(small).create().unwrap();
    let error = study.optimize(Budget::trials(5000), objective).unwrap_err();
    let full = match &error {
        TuneError::Unsaved { source, .. } => matches!(**source, TuneError::Full { .. }),
        error => matches!(error, TuneError::Full { .. }),
    };
    assert!(full, "{error}");
    let complete = study.counts().complete;
    assert!(complete > 10, "{complete}");
    assert!(study.trials().iter().take(complete).all(|trial| trial.value().is_some()));
    let found = Study::new("study").storage(quick(&path)).resume().unwrap();
    found.trials().iter().zip(&study.trials()).for_each(|(a, b)| assert_eq!(a.params(), b.params()));
    let copy = Memory::new();
    study.copy_to(&mut copy.clone()).unwrap();
    assert_eq!(Study::new("study").storage(copy).resume().unwrap().counts(), study.counts());
}

#[test]
fn a_read_only_database_is_said_to_be_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    study(&path).create().unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch("PRAGMA journal_mode = DELETE").unwrap();
    drop(connection);
    let mut rights = fs::metadata(&path).unwrap().permissions();
    rights.set_readonly(true);
    fs::set_permissions(&path, rights).unwrap();
    // The superuser may write all the same.
    if fs::File::options().append(true).open(&path).is_err() {
        let error = SqliteOptions::default().open(&path).unwrap_err();
        assert!(matches!(error, TuneError::ReadOnly { .. }), "{error}");
    }
}

#[test]
fn a_study_in_memory_goes_on_in_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    let first = Study::new("study").storage(Memory::new()).create().unwrap();
    first.optimize(Budget::trials(20), objective).unwrap();
    first.copy_to(&mut quick(&path)).unwrap();
    let second = study(&path).resume().unwrap();
    second.optimize(Budget::trials(20), objective).unwrap();
    assert_eq!(
        second.trials()[..20].iter().map(ironbook_tune::TrialRecord::value).collect::<Vec<_>>(),
        first.trials().iter().map(ironbook_tune::TrialRecord::value).collect::<Vec<_>>()
    );
}
