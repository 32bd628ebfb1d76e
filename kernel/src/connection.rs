//! The connection file: where the sockets are, and the key that signs messages.

use crate::Error;
use jupyter_protocol::ConnectionInfo;
use jupyter_protocol::connection_info::Transport;
use serde_json::json;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// The one scheme that Jupyter uses.
const SCHEME: &str = "hmac-sha256";

/// Reads a connection file.
///
/// # Errors
/// When it cannot be read, is no connection file, or asks for a signature scheme other than `hmac-sha256`.
pub fn read(path: &Path) -> Result<ConnectionInfo, Error> {
    let text =
        std::fs::read_to_string(path).map_err(|source| Error::ConnectionFile { path: path.to_owned(), source })?;
    parse(&text, path)
}

/// Writes a connection file for a kernel whose sockets lie beside it, all for this user alone.
///
/// # Errors
/// When the folder cannot be written.
pub fn write(folder: &Path) -> io::Result<PathBuf> {
    let key = uuid::Uuid::new_v4().to_string();
    let info = json!({
        "transport": "ipc", "ip": folder.join("s"), "shell_port": 1, "iopub_port": 2, "stdin_port": 3,
        "control_port": 4, "hb_port": 5, "key": key, "signature_scheme": SCHEME, "kernel_name": "ironbook",
    });
    let path = folder.join("kernel.json");
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    file.write_all(format!("{info:#}\n").as_bytes())?;
    Ok(path)
}

fn parse(text: &str, path: &Path) -> Result<ConnectionInfo, Error> {
    let wrong = |what: String| Error::NotConnection { path: path.to_owned(), what };
    let mut info: ConnectionInfo = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    if !info.key.is_empty() && info.signature_scheme != SCHEME {
        return Err(wrong(format!(
            "its signature_scheme is `{}`; this kernel signs with {SCHEME}",
            info.signature_scheme
        )));
    }
    if info.transport == Transport::TCP && info.ip == "*" {
        info.ip = "0.0.0.0".to_owned();
    }
    for (name, port) in ports(&info) {
        if port == 0 {
            return Err(wrong(format!("{name}_port is 0; whoever starts a kernel chooses its ports")));
        }
    }
    Ok(info)
}

/// The sockets' names and ports.
pub fn ports(info: &ConnectionInfo) -> [(&'static str, u16); 5] {
    [
        ("shell", info.shell_port),
        ("iopub", info.iopub_port),
        ("stdin", info.stdin_port),
        ("control", info.control_port),
        ("hb", info.hb_port),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut serde_json::Value), words: &str) {
        let mut file = json!({
            "ip": "127.0.0.1", "transport": "tcp", "shell_port": 1, "iopub_port": 2, "stdin_port": 3, "control_port": 4,
            "hb_port": 5, "key": "k", "signature_scheme": "hmac-sha256", "kernel_name": "ironbook", "jupyter_session": "n",
        });
        change(&mut file);
        match parse(&file.to_string(), Path::new("kernel.json")) {
            Ok(info) => assert_eq!(words, info.ip),
            Err(error) => assert!(error.to_string().contains(words), "{error}"),
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        check(|_| {}, "127.0.0.1");
        check(|file| file["ip"] = json!("*"), "0.0.0.0");
        check(|file| file["signature_scheme"] = json!("hmac-md5"), "hmac-md5");
        check(|file| file["hb_port"] = json!(0), "hb_port is 0");
        check(|file| drop(file.as_object_mut().unwrap().remove("key")), "key");
        check(|file| *file = json!([1]), "invalid type");
        assert!(matches!(read(Path::new("/nowhere/k.json")), Err(Error::ConnectionFile { .. })));
    }
}
