//! Tests of the kernelspec: its text, its names, its directories.

use super::*;

fn spec() -> Kernelspec {
    let env = [("Z", "1"), ("A", "two words")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    Kernelspec { program: "/p/ironbook".into(), display_name: DISPLAY_NAME.into(), env: env.into() }
}

fn variables(pairs: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Option<OsString> {
    move |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
}

#[test]
fn the_spec_says_how_to_start_and_to_interrupt() {
    let value: Value = serde_json::from_str(&spec().json()).unwrap();
    assert_eq!(value["argv"], json!(["/p/ironbook", "kernel", "start", "-f", "{connection_file}"]));
    assert_eq!(value["interrupt_mode"], "message");
    assert_eq!(value["env"], json!({"A": "two words", "Z": "1"}));
    assert_eq!(spec().json(), spec().json());
    // Jupyter's own types take no null.
    assert!(value.as_object().unwrap().values().all(|field| !field.is_null()), "{value}");
}

#[test]
fn names_are_those_that_jupyter_takes() {
    assert_eq!(checked("Iron-book_1.0").unwrap(), "iron-book_1.0");
    for name in ["", ".", "..", "a b", "a/b", "naïve", "../x"] {
        let error = checked(name).unwrap_err();
        assert!(matches!(&error, SpecError::Name { .. }) && error.remedy().contains("--name"), "{name}");
    }
}

#[test]
fn it_is_installed_again_over_itself_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let kernels = folder.path().join("share/jupyter/kernels");
    let place = spec().install(&kernels, NAME).unwrap();
    assert_eq!(place, kernels.join("ironbook"));
    let other = Kernelspec { display_name: "Other".into(), ..spec() };
    other.install(&kernels, NAME).unwrap();
    let mut files: Vec<_> = fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["kernel.json", "logo-32x32.png", "logo-64x64.png", "logo-svg.svg"]);
    let found = installed(&[folder.path().join("nowhere"), kernels.clone(), kernels.clone()]);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].name.as_str(), found[0].display_name.as_str()), ("ironbook", "Other"));
    assert_eq!(uninstall(&kernels, NAME).unwrap(), place);
    assert!(matches!(uninstall(&kernels, NAME), Err(SpecError::NotInstalled { .. })));
}

#[test]
fn the_kernel_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let python = folder.path().join("python3");
    fs::create_dir(&python).unwrap();
    let theirs = r#"{"argv": ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": "Python 3", "language": "python"}"#;
    fs::write(python.join(SPEC), theirs).unwrap();
    for error in
        [spec().install(folder.path(), "Python3").unwrap_err(), uninstall(folder.path(), "python3").unwrap_err()]
    {
        assert!(matches!(&error, SpecError::Foreign { display_name, .. } if display_name == "Python 3"), "{error}");
    }
    assert_eq!(fs::read_to_string(python.join(SPEC)).unwrap(), theirs);
    assert!(installed(&[folder.path().to_owned()]).is_empty());
}

#[test]
fn directories_are_those_of_jupyter_core() {
    let user = |pairs| user_kernels(&variables(pairs)).unwrap();
    assert_eq!(user(&[("JUPYTER_DATA_DIR", "/j"), ("HOME", "/h")]), Path::new("/j/kernels"));
    if cfg!(target_os = "linux") {
        assert_eq!(user(&[("XDG_DATA_HOME", "/x"), ("HOME", "/h")]), Path::new("/x/jupyter/kernels"));
        assert_eq!(user(&[("HOME", "/h")]), Path::new("/h/.local/share/jupyter/kernels"));
    }
    assert_eq!(user_kernels(&variables(&[])), None);
    let all = search_path(&variables(&[("JUPYTER_PATH", "/a:/b"), ("JUPYTER_DATA_DIR", "/j")]), Some(Path::new("/v")));
    let texts: Vec<String> = all.iter().map(|path| path.display().to_string()).collect();
    assert_eq!(texts[..4], ["/a/kernels", "/b/kernels", "/j/kernels", "/v/share/jupyter/kernels"]);
}

#[test]
fn a_directory_that_cannot_be_made_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = spec().install(&file.join("kernels"), NAME).unwrap_err();
    assert!(matches!(&error, SpecError::Io { action: "create", .. }), "{error}");
    assert!(error.remedy().contains("path"));
}
