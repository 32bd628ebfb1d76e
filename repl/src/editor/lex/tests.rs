//! Tests of the lexer: its pieces, and that nothing is too strange for it.

use super::*;

/// The pieces as `text:kind`, without plain signs and words.
fn shown(text: &str) -> String {
    at(text, text.len())
}

fn at(text: &str, cursor: usize) -> String {
    let piece = |span: Span| match span.kind {
        Kind::Role(role) => Some(format!("{}:{role:?}", &text[span.range])),
        _ => None,
    };
    lex(text, cursor).into_iter().filter_map(piece).collect::<Vec<_>>().join(" ")
}

#[test]
fn rust_has_its_colours() {
    assert_eq!(shown("let x: Vec<u8> = vec![1];"), "let:Keyword Vec:Type u8:Type vec!:Call 1:Number");
    assert_eq!(shown("f(x) + a.g::<T>()"), "f:Call g:Call T:Type");
    assert_eq!(shown("#[derive(Debug)] struct A;"), "#[derive(Debug)]:Attribute struct:Keyword A:Type");
    assert_eq!(shown("a != b"), "");
}

#[test]
fn numbers_end_where_they_end() {
    assert_eq!(shown("1..2"), "1:Number 2:Number");
    assert_eq!(
        shown("1.5e-3 0xffu8 1_000.0f32 2. 1.max(2)"),
        "1.5e-3:Number 0xffu8:Number 1_000.0f32:Number 2.:Number 1:Number max:Call 2:Number"
    );
}

#[test]
fn characters_are_no_lifetimes() {
    assert_eq!(
        shown("'a' 'b '\\'' '\\u{1f}' &'static str"),
        "'a':Text 'b:Lifetime '\\'':Text '\\u{1f}':Text 'static:Lifetime str:Type"
    );
}

#[test]
fn strings_of_all_kinds() {
    assert_eq!(
        shown(r###""a\"b" r#"c"d"# b"e" br"f" rope"###),
        r###""a\"b":Text r#"c"d"#:Text b"e":Text br"f":Text"###
    );
}

#[test]
fn comments_nest() {
    assert_eq!(
        shown("/* a /* b */ c */ let // d\nfn"),
        "/* a /* b */ c */:Comment let:Keyword // d:Comment fn:Keyword"
    );
}

#[test]
fn magics_stand_at_the_beginning_of_a_line() {
    assert_eq!(shown("%time let x = a % b;"), "%time:Magic let:Keyword");
    assert_eq!(shown("!ls -l let\n  ?Vec\nvec?"), "!ls -l let:Shell ?Vec:Magic ?:Magic");
    assert_eq!(shown("%%bash\nlet x"), "%%bash:Magic");
    assert_eq!(shown("%%time\nlet x"), "%%time:Magic let:Keyword");
}

#[test]
fn a_string_just_opened_changes_its_own_line_only() {
    let text = "f(\"abc\nlet x = \"d\";\n";
    assert_eq!(at(text, 6), "f:Call \"abc:Text let:Keyword \"d\":Text");
}

#[test]
fn a_string_over_several_lines_is_one() {
    assert_eq!(at("let x = \"a\nb\"; let", 9), "let:Keyword \"a\nb\":Text let:Keyword");
    assert_eq!(shown("let x = \"a\nlet"), "let:Keyword \"a\nlet:Text", "the cursor stands within");
}

#[test]
fn no_text_is_too_strange() {
    let alphabet: Vec<char> = "'\"#r/*%!?\\ \nab1.e-([{)]}_é日\u{301}👩\u{200d}\0\t".chars().collect();
    let mut seed = 1_u64;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..seed % 24 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push(alphabet[(seed >> 33) as usize % alphabet.len()]);
        }
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let cursor = (seed >> 40) as usize % (text.len() + 1);
        let mut end = 0;
        for span in lex(&text, cursor) {
            assert!(span.range.start >= end && span.range.end > span.range.start, "{text:?}");
            assert!(text.get(span.range.clone()).is_some(), "{text:?}");
            end = span.range.end;
        }
    }
}
