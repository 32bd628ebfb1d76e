//! `ironbook kernel`: what it installs, Jupyter's own client finds and can start.

use crate::support::{Desk, Done, ironbook, jupyter};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;

/// `ironbook kernel` for a user whose directories are the desk's.
fn kernel(desk: &Desk, arguments: &[&str]) -> Done {
    let mut command = ironbook();
    command.arg("kernel").args(arguments).current_dir(desk.folder.path());
    for name in ["JUPYTER_PATH", "JUPYTER_DATA_DIR", "VIRTUAL_ENV", "CONDA_PREFIX"] {
        command.env_remove(name);
    }
    command.env("XDG_DATA_HOME", desk.path("data")).output().expect("ironbook starts").into()
}

fn spec(folder: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(folder.join("kernel.json")).unwrap()).unwrap()
}

#[test]
fn it_is_installed_listed_and_removed() {
    let desk = Desk::new();
    let folder = desk.path("data/jupyter/kernels/ironbook");
    kernel(&desk, &["install"]).check(0, &["ok:", folder.to_str().unwrap(), "jupyter lab", "Ironbook (Rust ML)"]);
    let first = fs::read(folder.join("kernel.json")).unwrap();
    kernel(&desk, &["install"]).check(0, &["ok:", "labextensions/ironbook-lab"]);
    assert_eq!(first, fs::read(folder.join("kernel.json")).unwrap());
    let program = spec(&folder)["argv"][0].as_str().unwrap().to_owned();
    assert!(Path::new(&program).is_absolute() && Path::new(&program).is_file(), "{program}");
    let listed = kernel(&desk, &["list"]);
    listed.check(0, &[]);
    assert!(listed.stdout.contains(folder.to_str().unwrap()), "{}", listed.stdout);
    let lab = desk.path("data/jupyter/labextensions/ironbook-lab");
    assert!(lab.join("package.json").is_file());
    kernel(&desk, &["install", "--no-lab"]).check(0, &["ok:"]);
    assert!(!lab.exists() && folder.is_dir(), "the kernel alone");
    kernel(&desk, &["install", "--name", "second"]).check(0, &["ok:"]);
    kernel(&desk, &["uninstall"]).check(0, &["removed"]);
    assert!(!folder.exists() && lab.is_dir(), "the other kernel still needs it");
    kernel(&desk, &["uninstall", "--name", "second"]).check(0, &["removed", "ironbook-lab"]);
    assert!(!lab.exists());
    kernel(&desk, &["uninstall"]).check(2, &["there is no kernel `ironbook`", "kernel list"]);
}

#[test]
fn options_say_where_and_what() {
    let desk = Desk::new();
    let options = ["--name", "Iron-2", "--display-name", "Mine", "--env", "A=1", "--env", "B=x=y"];
    kernel(&desk, &[&["install", "--prefix", "p"][..], &options].concat()).check(0, &["JUPYTER_PATH="]);
    let installed = spec(&desk.path("p/share/jupyter/kernels/iron-2"));
    assert_eq!((&installed["display_name"], &installed["env"]), (&json!("Mine"), &json!({"A": "1", "B": "x=y"})));
    kernel(&desk, &["install", "--name", "a b"]).check(2, &["is no name for a kernel", "--name"]);
    kernel(&desk, &["install", "--user", "--prefix", "p"]).check(2, &["cannot be used with"]);
    kernel(&desk, &["install", "--env", "A"]).check(2, &["NAME=VALUE"]);
    let file = desk.write("file", "");
    kernel(&desk, &["install", "--prefix", file.to_str().unwrap()]).check(2, &["cannot create", "permissions"]);
}

#[test]
fn the_environment_that_is_active_is_the_prefix() {
    let desk = Desk::new();
    let mut command = ironbook();
    command.args(["kernel", "install", "--sys-prefix"]).env("VIRTUAL_ENV", desk.path("venv"));
    Done::from(command.output().unwrap()).check(0, &["ok:"]);
    assert!(desk.path("venv/share/jupyter/kernels/ironbook/logo-svg.svg").is_file());
}

/// As `jupyter kernelspec list` and a notebook's client see it.
const LOOK: &str = r#"
import json, os
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager
spec = KernelSpecManager().get_all_specs()["ironbook"]
manager = KernelManager(kernel_name="ironbook", connection_file="/tmp/of-a-test.json")
assert manager.kernel_spec.interrupt_mode == "message"
print(json.dumps({
    "spec": spec["spec"],
    "files": sorted(os.listdir(spec["resource_dir"])),
    "command": manager.format_kernel_cmd(),
}))
"#;

#[test]
fn jupyters_client_finds_it() {
    let Some(python) = jupyter("jupyters_client_finds_it") else { return };
    let desk = Desk::new();
    kernel(&desk, &["install", "--env", "A=1"]).check(0, &[]);
    let seen = seen_by(Command::new(python).env("XDG_DATA_HOME", desk.path("data")));
    assert_eq!(
        (&seen["spec"]["display_name"], &seen["spec"]["language"]),
        (&json!("Ironbook (Rust ML)"), &json!("rust"))
    );
    assert_eq!(seen["spec"]["env"], json!({"A": "1"}));
    assert_eq!(seen["files"], json!(["kernel.json", "logo-32x32.png", "logo-64x64.png", "logo-svg.svg"]));
    let command: Vec<&str> = seen["command"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(command[1..], ["kernel", "start", "-f", "/tmp/of-a-test.json"]);
    assert!(Path::new(command[0]).is_file(), "{command:?}");
}

/// What a Python with jupyter_client sees of the kernel `ironbook`.
pub fn seen_by(python: &mut Command) -> Value {
    for name in ["JUPYTER_PATH", "JUPYTER_DATA_DIR"] {
        if !python.get_envs().any(|(given, _)| given == name) {
            python.env_remove(name);
        }
    }
    let output = python.args(["-c", LOOK]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}
