//! The pages.

use super::support::{Options, start_with};
use ironbook_tracking::server::Page;
use reqwest::Method;

#[tokio::test(flavor = "multi_thread")]
async fn our_page_is_served() {
    let server = start_with(Options { page: Page::Ironbook, ..Options::default() }).await;
    let page = server.ask(Method::GET, "/").send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(page.headers()["cache-control"], "no-cache");
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'self'"));
    let etag = page.headers()["etag"].clone();
    let again = server.ask(Method::GET, "/").header("if-none-match", etag).send().await.unwrap();
    assert_eq!(again.status(), 304);
    let script = server.ask(Method::GET, "/main.js").send().await.unwrap();
    assert_eq!(script.headers()["content-type"], "text/javascript; charset=utf-8");
    assert_eq!(server.get("/no/such/page").await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_page_is_served_unchanged() {
    let build = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(build.path().join("static/js")).unwrap();
    std::fs::write(build.path().join("index.html"), "<p>theirs").unwrap();
    std::fs::write(build.path().join("static/js/a.js"), "1").unwrap();
    std::fs::write(build.path().parent().unwrap().join("outside-of-it"), "x").unwrap();
    let server = start_with(Options { page: Page::Mlflow(build.path().to_owned()), ..Options::default() }).await;
    assert_eq!(server.get("/").await.1, "<p>theirs");
    let script = server.ask(Method::GET, "/static-files/static/js/a.js").send().await.unwrap();
    assert_eq!(script.headers()["cache-control"], "public, max-age=2419200");
    assert_eq!(script.text().await.unwrap(), "1");
    for outside in [
        "/static-files/%2e%2e/outside-of-it",
        "/static-files//etc/passwd",
        "/static-files/..%2foutside-of-it",
        "/index.html",
    ] {
        assert_eq!(server.get(outside).await.0, 404, "{outside}");
    }
}
