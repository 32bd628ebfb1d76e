//! Where Rust ends and a magic begins.

use ironbook_magics::split::{Kind, Names, Piece, Style, is_magic_line, split};

struct Session;

impl Names for Session {
    fn style(&self, magic: &str) -> Option<Style> {
        match magic {
            "time" | "timeit" => Some(Style::Code),
            "track" => Some(Style::Pairs),
            "who" | "cd" => Some(Style::Words),
            _ => None,
        }
    }

    fn is_defined(&self, name: &str) -> bool {
        name == "done"
    }
}

/// The pieces in short: `R` Rust, `%name|args|`, `!command`, and so on. All bytes but line ends are accounted for.
fn pieces(text: &str) -> Vec<String> {
    let all = split(text, &Session);
    let mut at = 0;
    let show = |Piece { range, kind }: &Piece| {
        assert!(text[at..range.start].trim().is_empty(), "{text:?}: {range:?} leaves out text");
        at = range.end;
        match kind {
            Kind::Rust => format!("R {}", &text[range.clone()].trim()),
            Kind::Line { name, args, nested } => {
                format!("{}%{name}|{}|", if *nested { ">" } else { "" }, &text[args.clone()])
            }
            Kind::Cell { name, args, body } => format!("%%{name}|{}|{}", &text[args.clone()], &text[body.clone()]),
            Kind::Shell { command } => format!("!{}", &text[command.clone()]),
            Kind::Help { subject } => format!("?{subject}"),
            Kind::Colon { name, args } => format!(":{name}|{}|", &text[args.clone()]),
        }
    };
    let shown = all.iter().map(show).collect();
    assert!(text[at..].trim().is_empty(), "{text:?} has text after the last piece");
    shown
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let found: Vec<_> = pieces(text).into_iter().filter(|piece| piece != "R ").collect();
    assert_eq!(found, expected, "{text}");
}

/// The text has no magic in it.
#[track_caller]
fn rust(text: &str) {
    let found = split(text, &Session);
    assert!(found.iter().all(|piece| piece.kind == Kind::Rust), "{text}\n{found:?}");
}

#[test]
fn lines() {
    check("%who", &["%who||"]);
    check("  %who  DataFrame  ", &["%who|DataFrame|"]);
    check("let x = 1;\n%who\nx + 1", &["R let x = 1;", "%who||", "R x + 1"]);
    check("%cd a b \\\n  c\nf()", &["%cd|a b \\\n  c|", "R f()"]);
    check("\n// a remark\n%who", &["R // a remark", "%who||"]);
    check("/* a\n b */\n%who", &["R /* a\n b */", "%who||"]);
    check("%unknown it's \"fine\nlet y = 2;", &["%unknown|it's \"fine|", "R let y = 2;"]);
    check("%who\n%cd x", &["%who||", "%cd|x|"]);
}

#[test]
fn remainders_stay_rust() {
    rust("a\n  %b");
    rust("let c = a\n    %b;");
    rust("let r = x % y;\nlet s = (a\n%b);");
    rust("f(a,\n%b)");
    rust("[1\n%who]");
    rust("let z = if a { 1 } else { 2 }\n%who;");
    rust("let z = S { a: 1 }\n%who;");
    rust("x = match y { _ => 1 }\n%who;");
    rust("% who");
    rust("%3");
    rust("%who.len()");
}

#[test]
fn strings_and_comments_hide_signs() {
    rust("let s = \"a;\n%who\n\";");
    rust("let s = r#\"\n%who \"quoted\"\n\"#;");
    rust("let s = b\"\n%who\";\nlet t = c\"\n%who\";\nlet u = br##\"\n\"#\n%who\"##;");
    rust("/* /* nested */\n%who\n*/");
    rust("// %who\n/// %who\nfn f() {}");
    rust("let s = \"ends with a backslash \\\\\";\nlet p = 100 % 7; let q = format!(\"{p}%\");");
    check("let s = \"\\\"\";\n%who", &["R let s = \"\\\"\";", "%who||"]);
    check("let c = '\"';\n%who", &["R let c = '\"';", "%who||"]);
    check("let c = '\\'';\n%who", &["R let c = '\\'';", "%who||"]);
    check("let c = b'{';\n%who", &["R let c = b'{';", "%who||"]);
    check("fn f<'a>(x: &'a str) -> &'a str { x }\n%who", &["R fn f<'a>(x: &'a str) -> &'a str { x }", "%who||"]);
    check("let r#match = 1;\n%who", &["R let r#match = 1;", "%who||"]);
    check("f(1.max(2), 0..3, 1.5e-3);\n%who", &["R f(1.max(2), 0..3, 1.5e-3);", "%who||"]);
}

#[test]
fn statements_that_end_with_a_block() {
    for rust in [
        "fn f() -> u8 { 3 }",
        "pub(crate) struct S<const N: usize> { a: [u8; N] }",
        "#[derive(Debug)]\nenum E { A, B }",
        "impl<T> Tr for S<T> where T: Copy {}",
        "for i in 0..3 { f(i); }",
        "'outer: loop { break 'outer; }",
        "if let P { x } = p { f(x); } else if a { } else { g() }",
        "for P { x, .. } in ps { f(x); }",
        "while let Some(x) = it.next() {}",
        "match x { 1 => {} _ => {} }",
        "unsafe { f() }",
        "macro_rules! m { ($e:expr) => { %who } }",
        "println! { \"x\" }",
        "mod inner { pub const X: u8 = 1; }",
        "const fn g() {}",
        "const { assert!(true) }",
        "extern \"C\" { fn h(); }",
        "{ f(); }",
    ] {
        let text = format!("{rust}\n%who");
        let found = pieces(&text);
        assert_eq!(found.last().unwrap(), "%who||", "{text}");
        assert_eq!(found.len(), 2, "{text}");
    }
}

#[test]
fn inside_blocks() {
    check(
        "for epoch in 0..3 {\n    %track log loss={loss}\n}\nf();",
        &["R for epoch in 0..3 {", ">%track|log loss={loss}|", "R }\nf();"],
    );
    check("run(|| {\n  %who\n});", &["R run(|| {", ">%who||", "R });"]);
    rust("vec![\n%who]");
    rust("m! {\n%who\n}");
    rust("fn f(a: bool) -> bool {\n    !a\n}");
}

#[test]
fn code_goes_on_until_its_brackets_close() {
    check("%time f(\n  1,\n  2,\n)\nx", &["%time|f(\n  1,\n  2,\n)|", "R x"]);
    check("%time g(\"(\") // a remark\nx", &["%time|g(\"(\")|", "R // a remark\nx"]);
    check("%time f(\nx", &["%time|f(|", "R x"]);
    check("%track log a={f(\n1)} b=2\nx", &["%track|log a={f(\n1)} b=2|", "R x"]);
}

#[test]
fn cells() {
    check("%%bash -e\necho 1\n%who\n", &["%%bash|-e|echo 1\n%who\n"]);
    check("\n// first a remark\n%%writefile a.txt\ntext", &["R // first a remark", "%%writefile|a.txt|text"]);
    check("%%time", &["%%time||"]);
    check("%%time?", &["?%time"]);
    check("let a = 1;\n%%bash\nls", &["R let a = 1;", "%%bash||", "R ls"]);
}

#[test]
fn help_questions() {
    check("?df", &["?df"]);
    check("df?", &["?df"]);
    check("df??", &["?df"]);
    check("%who?", &["?%who"]);
    check("let a = 1;\n%who?\n?a", &["R let a = 1;", "?%who", "?a"]);
    rust("let a = f();\na?");
    rust("f()?");
    rust("a.b?");
}

#[test]
fn shell_lines() {
    check("!ls -l | wc", &["!ls -l | wc"]);
    check("!ls", &["!ls"]);
    check("!./run.sh", &["!./run.sh"]);
    check("!cd x && ls \\\n  y\nz", &["!cd x && ls \\\n  y", "R z"]);
    check("let a = 1;\n!echo \"it's\"", &["R let a = 1;", "!echo \"it's\""]);
    rust("let ready = true;\n!ready");
    rust("!done");
    rust("!(a && b)");
    rust("!matches!(x, Some(_))");
    rust("!f(x).is_empty()");
    rust("!a_function(\n  1,\n)");
}

#[test]
fn colon_commands() {
    check(":dep regex = \"1\"", &[":dep|regex = \"1\"|"]);
    check("let a = 1;\n:vars\na", &["R let a = 1;", ":vars||", "R a"]);
    rust("::std::mem::drop(1);");
    rust("let x\n:u8 = 1;");
}

#[test]
fn line_ends_and_unicode() {
    check("let a = 1;\r\n%who\r\na\r\n", &["R let a = 1;", "%who||", "R a"]);
    check("%%bash\r\nls\r\n", &["%%bash||ls\r\n"]);
    check("let größe = \"日本%who\";\n%who größe\n", &["R let größe = \"日本%who\";", "%who|größe|"]);
    check("let c = 'ß';\n%who", &["R let c = 'ß';", "%who||"]);
    check("%cd 日本\u{a0}\n", &["%cd|日本|"]);
    for text in ["", "\n", "%", "%%", "!", "?", ":", "'", "\"", "r#", "b'", "/*", "}", "%time \"", "%\u{301}", "é?"] {
        pieces(text);
    }
}

#[test]
fn lines_that_look_like_magics() {
    for line in ["%who", "%%bash", "  %track log a=1", "!ls", "?df", "df?", "%who?", ":dep x"] {
        assert!(is_magic_line(line), "{line}");
    }
    for line in
        ["", "% 3", "%%", "%% [markdown]", "// %who", "let a = 1;", "a % b", "::std::f()", "!= 3", "f()?", "%%%x"]
    {
        assert!(!is_magic_line(line), "{line}");
    }
}
