//! The files of Ironbook's own page, in the program, and the policy under which a browser may run them.

/// A file of the page.
pub(crate) struct File {
    pub(crate) name: &'static str,
    pub(crate) bytes: &'static [u8],
}

/// What the page may load: files of this server, and nothing that stands within a page. What runs logged can so never
/// run, even if the page took it for markup.
pub(crate) const POLICY: &str =
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

// A macro, because `include_bytes!` wants a literal.
macro_rules! file {
    ($name:literal) => {
        File { name: $name, bytes: include_bytes!(concat!("../ui/", $name)) }
    };
}

/// All of them.
pub(crate) static FILES: &[File] = &[
    file!("api.js"),
    file!("artifacts.js"),
    file!("chart.js"),
    file!("charts.js"),
    file!("columns.js"),
    file!("compare.js"),
    file!("dom.js"),
    file!("experiments.js"),
    file!("format.js"),
    file!("icon.svg"),
    file!("index.html"),
    file!("keep.js"),
    file!("keys.js"),
    file!("logged.js"),
    file!("main.js"),
    file!("markdown.js"),
    file!("models.js"),
    file!("overview.js"),
    file!("parallel.js"),
    file!("preview.js"),
    file!("register.js"),
    file!("router.js"),
    file!("run.js"),
    file!("rundata.js"),
    file!("runs.js"),
    file!("scale.js"),
    file!("scatter.js"),
    file!("series.js"),
    file!("style.css"),
    file!("table.js"),
    file!("traces.js"),
    file!("ui.js"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn text(file: &File) -> &'static str {
        std::str::from_utf8(file.bytes).unwrap()
    }

    /// What stands between `before` and the next quote, for each place where `before` stands.
    fn quoted(text: &'static str, before: &str) -> Vec<&'static str> {
        text.split(before).skip(1).filter_map(|rest| rest.split(['"', '\'']).next()).collect()
    }

    #[test]
    fn every_file_of_the_directory_is_served() {
        let directory = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("ui");
        let there: BTreeSet<String> = std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.ends_with(".md"))
            .collect();
        assert_eq!(FILES.iter().map(|file| file.name.to_owned()).collect::<BTreeSet<_>>(), there);
    }

    #[test]
    fn every_file_that_is_named_is_there() {
        for file in FILES {
            let named = ["from './", "import('./", "href=\"", "src=\"", "src: '"]
                .iter()
                .flat_map(|before| quoted(text(file), before));
            for name in named.filter(|name| !name.starts_with('#')) {
                assert!(FILES.iter().any(|other| other.name == name), "{} names {name}", file.name);
            }
        }
    }

    #[test]
    fn nothing_is_taken_for_markup_or_code() {
        for file in FILES.iter().filter(|file| file.name.ends_with(".js")) {
            for bad in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "new Function",
                "setAttribute('style",
                "setAttribute('on",
            ] {
                assert!(!text(file).contains(bad), "{}: {bad}", file.name);
            }
        }
        let page = FILES.iter().find(|file| file.name == "index.html").map(text).unwrap();
        for bad in ["<style", "style=", "onclick", "javascript:", "http:", "https:"] {
            assert!(!page.contains(bad), "{bad}");
        }
    }

    #[test]
    fn it_is_small() {
        let size: usize = FILES.iter().map(|file| file.bytes.len()).sum();
        assert!(size < 200_000, "{size} bytes");
    }
}
