//! `textDocument/formatting`: rustfmt on each cell, which is a function's body to it; magics stay as they are.

use crate::page::{Cell, Page};
use ironbook_assist::View;
use ironbook_magics::lexer::{self, Token};
use ironbook_magics::split::{Kind, split};
use lsp_types::{Position, TextEdit, Uri};
use std::io::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const OPEN: &str = "async fn __ironbook_cell() {\n";
/// The first line of the body, which tells how far it is indented.
const BEGIN: &str = "//@ironbook-begin";
const CLOSE: &str = "\n}\n";
/// Before the number of a magic, while rustfmt has the cell.
const MAGIC: &str = "//@ironbook-magic-";
/// The width of a line in a cell, and what the function's body is indented by, where no rustfmt.toml says otherwise.
const WIDTH: usize = 100;
const INDENT: usize = 4;

/// rustfmt, as a document's folder has it.
pub struct Style<'a> {
    rustfmt: &'a Path,
    /// Where it looks for rustfmt.toml, upwards, and then in the user's own settings.
    folder: PathBuf,
    /// The width that the function has so that the cell has what is wanted.
    width: usize,
}

impl<'a> Style<'a> {
    /// The style of a folder (the server's own where it does not exist): of the rustfmt.toml that rustfmt would find for a file
    /// there, else lines of 100 and four blanks.
    ///
    /// # Errors
    /// When that rustfmt.toml cannot be read; rustfmt's words.
    pub fn of(rustfmt: &'a Path, folder: &Path) -> Result<Style<'a>, String> {
        let folder = if folder.is_dir() { folder.to_owned() } else { PathBuf::from(".") };
        let mut style = Style { rustfmt, folder, width: WIDTH + INDENT };
        let asked =
            Command::new(rustfmt).args(["--print-config", "current"]).arg(style.folder.join("cell.rs")).output();
        // Where there is no rustfmt, that is said when it has not formatted something.
        let Ok(said) = asked else { return Ok(style) };
        let told = String::from_utf8_lossy(&said.stdout);
        let number = |name: &str| {
            let own = told.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_prefix('='))?;
            own.trim().parse::<usize>().ok()
        };
        match (number("max_width"), number("tab_spaces")) {
            (Some(width), Some(indent)) => style.width = width + indent,
            _ if said.stderr.is_empty() => {}
            _ => return Err(format!("rustfmt in {}: {}", style.folder.display(), first_lines(&said.stderr))),
        }
        Ok(style)
    }

    /// The style of a document, which may be a cell of a notebook.
    ///
    /// # Errors
    /// As of [`Style::of`].
    pub fn of_document(rustfmt: &'a Path, uri: &Uri) -> Result<Style<'a>, String> {
        let path = uri.path().as_estr().decode().into_string().unwrap_or_default();
        Style::of(rustfmt, Path::new(path.as_ref()).parent().unwrap_or(Path::new(".")))
    }
}

/// The beginning of what a program says, as one line.
fn first_lines(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.take(4).collect::<Vec<_>>().join(" ")
}

/// The edits that format the code cells of a document. A cell that does not parse is left as it is.
///
/// # Errors
/// When rustfmt does not work; what to do.
pub fn edits(page: &Page, uri: &Uri, view: &View, rustfmt: &Path) -> Result<Vec<TextEdit>, String> {
    let cells = page.cells.iter().filter(|cell| cell.is_code && cell.is_read() && cell.uri == *uri);
    let (mut edits, mut is_refused) = (Vec::new(), false);
    let style = Style::of_document(rustfmt, uri)?;
    for cell in cells {
        match formatted(cell.text.text(), view, &style) {
            Some(text) => edits.extend(stretches(cell, &text).unwrap_or_default()),
            None => is_refused = true,
        }
    }
    if is_refused {
        works(rustfmt)?;
    }
    Ok(edits)
}

/// Whether there is a rustfmt at all, when it has not formatted something.
fn works(rustfmt: &Path) -> Result<(), String> {
    let asked = Command::new(rustfmt).arg("--version").stdin(Stdio::null()).output();
    let why = match asked {
        Ok(said) if said.status.success() => return Ok(()),
        Ok(said) => String::from_utf8_lossy(&said.stderr).lines().next().unwrap_or_default().to_owned(),
        Err(error) => error.to_string(),
    };
    Err(format!("{} does not work ({why}); `rustup component add rustfmt` installs it", rustfmt.display()))
}

/// The edits of a cell: of each stretch between lines that stand otherwise in the document, behind a comment mark; these stay.
/// Nothing where the formatted text lacks one of them.
fn stretches(cell: &Cell, formatted: &str) -> Option<Vec<TextEdit>> {
    let count = cell.text.count();
    let new: Vec<&str> = formatted.split('\n').collect();
    let (mut edits, mut old_from, mut new_from) = (Vec::new(), 0, 0);
    for fixed in (0..count).filter(|line| cell.is_marked(*line)) {
        let own = cell.text.line(fixed).trim();
        let at = new_from + new[new_from..].iter().position(|line| line.trim() == own)?;
        edits.extend(stretch(cell, old_from..fixed, &new[new_from..at]));
        (old_from, new_from) = (fixed + 1, at + 1);
    }
    edits.extend(stretch(cell, old_from..count, &new[new_from..]));
    Some(edits)
}

/// The edit that gives some lines of a cell others in their place.
fn stretch(cell: &Cell, old: Range<usize>, new: &[&str]) -> Option<TextEdit> {
    if old.clone().map(|line| cell.text.line(line)).eq(new.iter().copied()) {
        return None;
    }
    let end_of_line = if cell.document.text().contains("\r\n") { "\r\n" } else { "\n" };
    let start = Position::new(crate::lines::number(cell.line(old.start)?), 0);
    let mut text = new.join(end_of_line);
    let end = if old.end < cell.text.count() {
        text.push_str(if new.is_empty() { "" } else { end_of_line });
        Position::new(crate::lines::number(cell.line(old.end)?), 0)
    } else {
        cell.whole().end
    };
    Some(TextEdit::new(lsp_types::Range::new(start, end), text))
}

/// A cell's text formatted; nothing where rustfmt does not understand it.
pub fn formatted(text: &str, view: &View, style: &Style<'_>) -> Option<String> {
    if text.trim().is_empty() {
        return None;
    }
    let mut magics: Vec<&str> = Vec::new();
    let mut body = String::new();
    for piece in split(text, view) {
        let own = &text[piece.range.clone()];
        match piece.kind {
            Kind::Rust => body.push_str(own),
            // Only whole lines can stand as comments.
            Kind::Line { nested: false, .. } | Kind::Shell { .. } | Kind::Colon { .. } if !own.contains('\n') => {
                begin_line(&mut body);
                body.push_str(&format!("{MAGIC}{}", magics.len()));
                magics.push(own);
            }
            _ => return None,
        }
    }
    let formatted = run(style, &format!("{OPEN}{BEGIN}\n{body}{CLOSE}"))?;
    let (first, inside) = formatted.strip_prefix(OPEN)?.trim_end().strip_suffix('}')?.split_once('\n')?;
    let mut out = dedented(inside, first.strip_suffix(BEGIN)?);
    for (number, magic) in magics.iter().enumerate().rev() {
        out = out.replace(&format!("{MAGIC}{number}"), magic);
    }
    Some(out.trim_matches('\n').trim_end().to_owned())
}

/// Pieces leave out the line ends beside magics.
fn begin_line(body: &mut String) {
    if !body.is_empty() && !body.ends_with('\n') {
        body.push('\n');
    }
}

/// Lines without the body's indentation, but for those that begin inside a literal.
fn dedented(text: &str, indent: &str) -> String {
    let mut inside = Vec::new();
    let mut at = 0;
    while let Some((token, next)) = lexer::token(text, at) {
        if token == Token::Literal {
            inside.push(at..next);
        }
        at = next;
    }
    let mut out = String::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let in_literal = inside.iter().any(|range| range.start < start && start < range.end);
        let bare = || line.strip_prefix(indent).unwrap_or_else(|| line.trim_start_matches([' ', '\t']));
        out.push_str(if in_literal { line } else { bare() });
        start += line.len();
    }
    out
}

fn run(style: &Style<'_>, text: &str) -> Option<String> {
    let settings = format!("max_width={},newline_style=Unix", style.width);
    let mut child = Command::new(style.rustfmt)
        .current_dir(&style.folder)
        .args(["--edition", "2024", "--emit", "stdout", "--config", &settings])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut input = child.stdin.take()?;
    let text = text.to_owned();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().ok()?;
    writer.join().ok()?.ok()?;
    output.status.success().then(|| String::from_utf8(output.stdout).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::Lines;
    use crate::shown::Version;
    use std::str::FromStr as _;
    use std::sync::Arc;

    fn format(text: &str) -> Option<String> {
        format_in(Path::new("/"), text)
    }

    fn format_in(folder: &Path, text: &str) -> Option<String> {
        formatted(text, &View::default(), &Style::of(Path::new("rustfmt"), folder).unwrap())
    }

    /// Beside rustfmt itself on a function that stands as far to the left as the cell.
    #[test]
    fn the_rustfmt_of_the_folder_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("notebooks/deep");
        std::fs::create_dir_all(&inside).unwrap();
        let cell = "fn f(first: u8, second: u8, third: u8) { if first > second { drop(third) } }";
        let alone = |settings: &str| {
            let file = inside.join("alone.rs");
            std::fs::write(&file, cell).unwrap();
            std::fs::write(folder.path().join("rustfmt.toml"), settings).unwrap();
            let ended = Command::new("rustfmt").args(["--edition", "2024"]).arg(&file).status().unwrap();
            assert!(ended.success());
            std::fs::read_to_string(&file).unwrap().trim_end().to_owned()
        };
        let mut seen = Vec::new();
        for settings in
            ["", "max_width = 30\n", "tab_spaces = 2\nmax_width = 42\n", "hard_tabs = true\n", "max_width = 38\n"]
        {
            let wanted = alone(settings);
            assert_eq!(format_in(&inside, cell).unwrap(), wanted, "{settings}");
            if !seen.contains(&wanted) {
                seen.push(wanted);
            }
        }
        assert!(seen.len() > 3, "the settings differ: {seen:?}");
        std::fs::write(folder.path().join("rustfmt.toml"), "max_width = ").unwrap();
        let refused = Style::of(Path::new("rustfmt"), &inside).err().unwrap();
        assert!(refused.contains(&*inside.to_string_lossy()) && refused.contains("TOML"), "{refused}");
    }

    #[test]
    fn a_document_lies_where_its_address_says() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("a b");
        std::fs::create_dir(&inside).unwrap();
        std::fs::write(inside.join(".rustfmt.toml"), "max_width = 42\n").unwrap();
        for (scheme, cell) in [("file", ""), ("vscode-notebook-cell", "#W0sZmlsZQ")] {
            let uri = format!("{scheme}://{}/a%20b/s.rs{cell}", folder.path().display());
            let style = Style::of_document(Path::new("rustfmt"), &Uri::from_str(&uri).unwrap()).unwrap();
            assert_eq!(style.width, 46, "{uri}");
        }
        let nowhere = Uri::from_str("untitled:Untitled-1").unwrap();
        let width = |style: Result<Style<'_>, String>| style.unwrap().width;
        let rustfmt = Path::new("rustfmt");
        assert_eq!(width(Style::of_document(rustfmt, &nowhere)), width(Style::of(rustfmt, Path::new("."))));
    }

    #[test]
    fn cells_are_formatted_as_bodies() {
        let text = "use std::fs;\nlet  a=1 ;\nfn f( x:i32)->i32{x+1}\nf(a)";
        assert_eq!(format(text).unwrap(), "use std::fs;\nlet a = 1;\nfn f(x: i32) -> i32 {\n    x + 1\n}\nf(a)");
    }

    #[test]
    fn magics_and_literals_stay() {
        let text = "%time  f( 1 )\nlet s=\"a\n  b\";\n!ls   -l";
        assert_eq!(format(text).unwrap(), "%time  f( 1 )\nlet s = \"a\n  b\";\n!ls   -l");
        assert_eq!(format("%%bash\nls   -l"), None);
    }

    /// An editor starts the server where a rustfmt.toml may lie.
    #[test]
    fn a_body_is_brought_back_by_the_indentation_that_it_has() {
        assert_eq!(dedented("  if a {\n    b\n  }\n\n", "  "), "if a {\n  b\n}\n\n");
        assert_eq!(dedented("\tif a {\n\t\tb(\"\n\tc\")\n\t}\n", "\t"), "if a {\n\tb(\"\n\tc\")\n}\n");
    }

    #[test]
    fn a_rustfmt_that_is_missing_is_named() {
        let uri = Uri::from_str("file:///s.rs").unwrap();
        let page = Page::of_script(&uri, Version::default(), &Arc::new(Lines::new("// %%\nlet a=1;\n".to_owned())));
        let refused = edits(&page, &uri, &View::default(), Path::new("/no/rustfmt")).unwrap_err();
        assert!(refused.contains("/no/rustfmt") && refused.contains("rustup component add"), "{refused}");
        assert_eq!(edits(&page, &uri, &View::default(), Path::new("rustfmt")).unwrap().len(), 1);
    }

    #[test]
    fn lines_behind_comment_marks_stay() {
        let uri = Uri::from_str("file:///s.rs").unwrap();
        let check = |text: &str, wanted: &str| {
            let document = Arc::new(Lines::new(text.to_owned()));
            let page = Page::of_script(&uri, Version::default(), &document);
            let mut edits = edits(&page, &uri, &View::default(), Path::new("rustfmt")).unwrap();
            edits.sort_by_key(|edit| edit.range.start);
            let mut lines = (*document).clone();
            for edit in edits.iter().rev() {
                let range = lines.byte(edit.range.start)..lines.byte(edit.range.end);
                lines.replace(range, &edit.new_text);
            }
            assert_eq!(lines.text(), wanted);
        };
        check(
            "// %%\nlet  a=1;\n\n\n// %time f( a )\n// // %% no\nlet  b=[\n2];\n// !ls\n// %%\nlet c = 3;\n",
            "// %%\nlet a = 1;\n\n// %time f( a )\n// // %% no\nlet b = [2];\n// !ls\n// %%\nlet c = 3;\n",
        );
        check("// %%\r\nlet  a=1;\r\nlet  b=2;\r\n", "// %%\r\nlet a = 1;\r\nlet b = 2;\r\n");
    }

    #[test]
    fn what_does_not_parse_is_left() {
        assert_eq!(format("let a = (1;"), None);
        assert_eq!(format("  \n"), None);
    }
}
