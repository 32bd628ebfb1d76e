//! Models on their way into a store and back.

use crate::turn;
use ironbook_core::record::Mark;
use ironbook_track::{self as track, ArtifactsOf, Code, Error, ModelFiles, RunHandle, RunOptions, Status};
use std::path::Path;

fn files<'a>(write: &'a dyn Fn(&Path) -> Result<(), ironbook_core::PersistError>) -> ModelFiles<'a> {
    ModelFiles {
        kind: "Gbdt",
        format: "ironbook/gbdt",
        type_path: "::ironbook::learn::Gbdt",
        inputs: vec![("x".to_owned(), "double"), ("origin".to_owned(), "string")],
        output: "long",
        mark: Mark::default(),
        proba: true,
        xgboost: false,
        loader: Some("def _load_pyfunc(path): ..."),
        write,
    }
}

fn start(directory: &Path) -> RunHandle {
    track::start("models", RunOptions::default().directory(directory)).unwrap()
}

fn write(path: &Path) -> Result<(), ironbook_core::PersistError> {
    std::fs::write(path, "{}").map_err(|source| ironbook_core::PersistError::Write { path: path.to_owned(), source })
}

#[test]
fn versions_aliases_and_stages() {
    let _turn = turn();
    let directory = tempfile::tempdir().unwrap();
    let run = start(directory.path());
    track::log_param("lr", 0.1).unwrap();
    let first = track::register_model(&files(&write), "late", Some("champion")).unwrap().0;
    let second = track::register_model(&files(&write), "late", None).unwrap().0;
    assert_eq!((first.version.as_str(), second.version.as_str()), ("1", "2"));
    assert_eq!((first.aliases.as_slice(), first.run.as_deref()), (&["champion".to_owned()][..], Some(run.id())));
    track::stage("late", "2", "production").unwrap();
    track::alias("late", "2", "challenger").unwrap();
    let listed = ironbook_core::Display::bundle(&track::models(None).unwrap()).plain().to_owned();
    assert!(listed.contains("1 registered model") && listed.contains("│ late  │ 2 "), "{listed}");
    assert!(listed.contains("challenger → 2, champion → 1"), "{listed}");
    let versions = ironbook_core::Display::bundle(&track::models(Some("late")).unwrap()).plain().to_owned();
    assert!(versions.contains("late · 2 versions") && versions.contains("Production"), "{versions}");
    let error = track::models(Some("latte")).unwrap_err().to_string();
    assert!(error.contains("no registered model `latte`") && error.contains("there are: `late`"), "{error}");
    for uri in ["models:/late@champion", "models:/late/2", "models:/late/Production", "models:/late/latest"] {
        let fetched = track::fetch_model(uri).unwrap();
        assert_eq!((fetched.format.as_str(), fetched.type_path.as_str()), ("ironbook/gbdt", "::ironbook::learn::Gbdt"));
        assert_eq!(std::fs::read_to_string(fetched.file()).unwrap(), "{}", "{uri}");
    }
    let model = run.store().model(first.model_id.as_deref().unwrap()).unwrap();
    assert_eq!(model.params.iter().map(|p| p.key.as_str()).collect::<Vec<_>>(), ["lr"], "as the run's");
    let names: Vec<_> = run.store().list_artifacts(ArtifactsOf::Model(&model.id), "").unwrap();
    let names: Vec<_> = names.iter().map(|a| a.path.as_str()).collect();
    assert_eq!(names, ["MLmodel", "code", "conda.yaml", "model.json", "python_env.yaml", "requirements.txt"]);
    assert_eq!(run.fetch().unwrap().model_outputs.len(), 2);
    for (uri, code) in [
        ("models:/late@nobody", Code::InvalidParameterValue),
        ("models:/late/9", Code::ResourceDoesNotExist),
        ("models:/late/Staging", Code::ResourceDoesNotExist),
        ("models:/nobody/1", Code::ResourceDoesNotExist),
        ("models:/late", Code::InvalidParameterValue),
        ("late", Code::InvalidParameterValue),
    ] {
        let error = track::fetch_model(uri).map(|_| ()).unwrap_err();
        assert_eq!(error.code(), code, "{uri}: {error}");
    }
    assert!(track::stage("late", "1", "Live").is_err());
    track::end(Status::Finished).unwrap();
}

#[test]
fn a_model_that_cannot_be_written_is_failed_and_not_registered() {
    let _turn = turn();
    let directory = tempfile::tempdir().unwrap();
    let run = start(directory.path());
    let refuse = |path: &Path| {
        let source = std::io::Error::from(std::io::ErrorKind::StorageFull);
        Err(ironbook_core::PersistError::Write { path: path.to_owned(), source })
    };
    let error = track::register_model(&files(&refuse), "late", None).unwrap_err();
    assert!(matches!(error, Error::Model { .. }), "{error:?}");
    let models = run.store().search_models(&track::Search::all(), &[], &[]).unwrap().items;
    assert_eq!(models.len(), 1);
    assert_eq!(models[0].status.as_str(), "LOGGED_MODEL_UPLOAD_FAILED");
    assert_eq!(run.store().registered("late").unwrap().latest_versions, []);
    track::end(Status::Finished).unwrap();
}

#[test]
fn models_of_other_programs_are_recognised() {
    let _turn = turn();
    let directory = tempfile::tempdir().unwrap();
    let run = start(directory.path());
    run.log_bytes("model/MLmodel", "flavors:\n  python_function:\n    env: x\n  sklearn:\n    code: null\n").unwrap();
    let error = track::fetch_model(&format!("runs:/{}/model", run.id())).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("python_function, sklearn"), "{error}");
    track::end(Status::Finished).unwrap();
}
