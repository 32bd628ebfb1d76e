//! Servers with certificates: trusted only where they are named, and able to ask for one.

use crate::support::{free_port, python};
use ironbook_store::store::Runs;
use ironbook_store::{ClientOptions, Error, MlflowStore};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const SERVER: &str = r#"
import http.server, os, ssl, sys, threading
directory, port, mutual = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "mutual"
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'{"run": {"info": {"run_id": "r"}}}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *a): pass
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(directory + "/server.pem", directory + "/server.key")
if mutual:
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(directory + "/ca.pem")
server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
server.serve_forever()
"#;

/// An authority, and a certificate by it for a server and for a client.
const CERTIFICATES: &str = r#"
set -e
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=authority 2>/dev/null
for name in server client; do
    openssl req -newkey rsa:2048 -nodes -keyout $name.key -out $name.csr -subj /CN=$name 2>/dev/null
    printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n' > $name.ext
    openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out $name.pem -days 2 -extfile $name.ext 2>/dev/null
done
cat client.pem client.key > both.pem
"#;

struct Server(Child, u16);

impl Server {
    fn start(python: &Path, directory: &Path, kind: &str) -> Server {
        let port = free_port();
        let mut command = Command::new(python);
        command.args(["-c", SERVER]).arg(directory).args([&port.to_string(), kind]);
        let child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "the server did not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        Server(child, port)
    }

    fn asked(&self, options: ClientOptions) -> ironbook_store::Result<String> {
        let options = ClientOptions { max_retries: 0, timeout: Duration::from_secs(5), ..options };
        let store = MlflowStore::open(&format!("https://localhost:{}", self.1), options)?;
        store.run("r").map(|run| run.info.id)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn certificates_are_checked() {
    let Some(python) = python("certificates_are_checked") else { return };
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| -> PathBuf { directory.path().join(name) };
    let made = Command::new("sh").args(["-c", CERTIFICATES]).current_dir(directory.path()).status().unwrap();
    assert!(made.success(), "openssl makes certificates");
    let trusting = |name: &str| ClientOptions { server_certificates: Some(at(name)), ..ClientOptions::default() };

    let server = Server::start(&python, directory.path(), "plain");
    let unknown = server.asked(ClientOptions::default()).unwrap_err();
    assert!(matches!(unknown, Error::Unreachable { .. }), "{unknown:?}");
    assert_eq!(server.asked(trusting("ca.pem")).unwrap(), "r");
    assert!(server.asked(trusting("client.pem")).is_err(), "another certificate");
    assert_eq!(server.asked(ClientOptions { insecure_tls: true, ..ClientOptions::default() }).unwrap(), "r");
    for bad in ["nothing.pem", "server.key"] {
        let error = server.asked(trusting(bad)).unwrap_err();
        assert!(error.to_string().contains(bad), "{error}");
    }

    let server = Server::start(&python, directory.path(), "mutual");
    assert!(server.asked(trusting("ca.pem")).is_err(), "it wants a certificate");
    let with = ClientOptions { client_certificate: Some(at("both.pem")), ..trusting("ca.pem") };
    assert_eq!(server.asked(with).unwrap(), "r");
}
