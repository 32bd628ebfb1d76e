//! One page of rustdoc's HTML, read into an entry of the index.

use super::markdown::{markdown, summary, text};
use super::{DocRange, Entry, EntryKind, Member, MemberKind};

/// Gathers the documentation of all pages in one text.
#[derive(Default)]
pub struct Docs(pub String);

impl Docs {
    /// Adds a piece; its place, and its first sentence.
    fn add(&mut self, html: &str) -> (DocRange, String) {
        let piece = markdown(html);
        let start = u32::try_from(self.0.len());
        let length = u32::try_from(piece.len());
        let (Ok(start), Ok(length)) = (start, length) else { return ((0, 0), String::new()) };
        let short = summary(&piece);
        self.0.push_str(&piece);
        ((start, length), short)
    }
}

/// What a page's file name says: `struct.Vec.html`.
pub fn subject(file: &str) -> Option<(EntryKind, &str)> {
    let (kind, name) = file.strip_suffix(".html")?.split_once('.')?;
    let kind = match kind {
        "struct" => EntryKind::Struct,
        "enum" => EntryKind::Enum,
        "union" => EntryKind::Union,
        "trait" => EntryKind::Trait,
        "fn" => EntryKind::Function,
        // The page `macro.df!.html` leads to the one without the mark.
        "macro" if !name.ends_with('!') => EntryKind::Macro,
        "constant" => EntryKind::Constant,
        "static" => EntryKind::Static,
        "type" => EntryKind::Alias,
        "primitive" => EntryKind::Primitive,
        _ => return None,
    };
    Some((kind, name))
}

/// Reads a page; `None` for what no stable compiler takes. `in_scope` says of a trait whether cells have it in scope: only then its methods can be called.
pub fn read(
    kind: EntryKind,
    name: &str,
    html: &str,
    in_scope: &dyn Fn(&str) -> bool,
    docs: &mut Docs,
) -> Option<Entry> {
    let main = html.find("id=\"main-content\"").map_or(html, |at| &html[at..]);
    let marks = marks(main);
    let head = &main[..marks.first().map_or(main.len(), |mark| mark.at)];
    if head.contains("stab unstable") {
        return None; // cells are compiled by a stable compiler
    }
    let declaration = between(head, "item-decl\">", "</pre>").map(declared).unwrap_or_default();
    let (doc, summary) =
        head.find("top-doc").and_then(|at| docblock(&head[at..])).map(|html| docs.add(html)).unwrap_or_default();
    let declaration = if kind == EntryKind::Function { one_line(&declaration) } else { declaration.trim().to_owned() };
    let mut reader = Members { members: Vec::new(), traits: Vec::new(), section: Section::Own, in_scope, docs };
    for (number, mark) in marks.iter().enumerate() {
        let end = marks.get(number + 1).map_or(main.len(), |next| next.at);
        reader.piece(mark, &main[mark.at..end]);
    }
    let Members { members, traits, .. } = reader;
    let declaration = shortened(&declaration);
    Some(Entry { kind, name: name.to_owned(), declaration, summary, doc, members, traits })
}

/// The text of a declaration, without the words that fold a long one.
fn declared(html: &str) -> String {
    let mut html = html.replace("<div class=\"where\">", "\n");
    while let Some(start) = html.find("<summary") {
        let end = html[start..].find("</summary>").map_or(html.len(), |end| start + end);
        html.replace_range(start..end, "");
    }
    text(&html)
}

/// A declaration that lists more than a screen is cut.
fn shortened(declaration: &str) -> String {
    const LINES: usize = 60;
    if declaration.lines().count() <= LINES {
        return declaration.to_owned();
    }
    let mut lines: Vec<&str> = declaration.lines().take(LINES).collect();
    lines.push("    ...");
    lines.join("\n")
}

/// The beginning of something: a heading of a part of the page, or one member.
struct Mark<'a> {
    at: usize,
    tag: Tag,
    /// For instance `method.push`, `trait-implementations`.
    id: &'a str,
}

#[derive(PartialEq, Eq)]
enum Tag {
    Heading,
    Item,
}

fn marks(html: &str) -> Vec<Mark<'_>> {
    let mut marks = Vec::new();
    let starts = [("<h2 id=\"", Tag::Heading), ("<section id=\"", Tag::Item), ("<span id=\"", Tag::Item)];
    let mut from = 0;
    while let Some(offset) = html[from..].find('<') {
        let at = from + offset;
        from = at + 1;
        for (start, tag) in &starts {
            let Some(rest) = html[at..].strip_prefix(start) else { continue };
            if start.starts_with("<span") && !rest.starts_with("structfield.") {
                continue;
            }
            let open = &html[at..at + html[at..].find('>').unwrap_or(0)];
            if *tag == Tag::Heading && !open.contains("section-header") {
                continue; // a heading of the documentation
            }
            let id = rest.split('"').next().unwrap_or("");
            marks.push(Mark { at, tag: if *tag == Tag::Heading { Tag::Heading } else { Tag::Item }, id });
        }
    }
    marks
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    /// Fields, variants, own functions, those of a trait.
    Own,
    /// Implementations of traits.
    Traits,
    /// What is no member: implementors, auto traits.
    Others,
}

struct Members<'a> {
    members: Vec<Member>,
    traits: Vec<String>,
    section: Section,
    in_scope: &'a dyn Fn(&str) -> bool,
    docs: &'a mut Docs,
}

impl Members<'_> {
    fn piece(&mut self, mark: &Mark<'_>, html: &str) {
        if mark.tag == Tag::Heading {
            self.section = match mark.id {
                "trait-implementations" | "blanket-implementations" => Section::Traits,
                "synthetic-implementations" | "implementors" | "foreign-impls" | "synthetic-implementors" => {
                    Section::Others
                }
                "dyn-compatibility" | "aliased-type" => Section::Others,
                _ => Section::Own,
            };
            return;
        }
        if mark.id.starts_with("impl-") {
            let name = header(html).and_then(|header| trait_of(&header));
            let name = name.filter(|name| self.section == Section::Traits && (self.in_scope)(name));
            self.traits.extend(name.filter(|name| !self.traits.contains(name)));
        } else if self.section == Section::Own {
            self.member(mark.id, html);
        }
    }

    fn member(&mut self, id: &str, html: &str) {
        let Some((prefix, named)) = id.split_once('.') else { return };
        let Some(signature) =
            header(html).or_else(|| between(html, "<code>", "</code>").map(|code| one_line(&text(code))))
        else {
            return;
        };
        let kind = match prefix {
            "method" | "tymethod" if takes_self(&signature) => MemberKind::Method,
            "method" | "tymethod" => MemberKind::Function,
            "structfield" => MemberKind::Field,
            // `variant.A.field.b`: fields of variants are in the declaration.
            "variant" if !named.contains('.') => MemberKind::Variant,
            "associatedconstant" => MemberKind::Constant,
            "associatedtype" => MemberKind::Type,
            _ => return,
        };
        let name = match kind {
            MemberKind::Method | MemberKind::Function => function_name(&signature).unwrap_or(named).to_owned(),
            // A second one of a name is `MAX-1`.
            _ => named.split('-').next().unwrap_or(named).to_owned(),
        };
        if html.contains("stab unstable") || name.starts_with("__") {
            return;
        }
        // The type's own come first and hide those of what it dereferences to.
        if self.members.iter().any(|member| member.kind == kind && member.name == name) {
            return;
        }
        let (doc, summary) = docblock(html).map(|html| self.docs.add(html)).unwrap_or_default();
        self.members.push(Member { kind, name, signature, summary, doc });
    }
}

/// A member's or an implementation's header, on one line.
fn header(html: &str) -> Option<String> {
    let at = html.find("class=\"code-header\">")?;
    let body = &html[at + "class=\"code-header\">".len()..];
    let end = ["</h3>", "</h4>"].iter().filter_map(|close| body.find(close)).min()?;
    Some(one_line(&text(&body[..end].replace("<div class=\"where\">", " "))))
}

/// The name of the trait of `impl<T> Iterator for Iter<T>`, without arguments and path.
fn trait_of(header: &str) -> Option<String> {
    let mut rest = header.strip_prefix("impl")?.trim_start();
    if rest.starts_with('<') {
        let mut depth = 0;
        let end = rest.char_indices().find(|(at, c)| {
            match c {
                '<' => depth += 1,
                // `->` closes nothing.
                '>' if !rest[..*at].ends_with('-') => depth -= 1,
                _ => {}
            }
            depth == 0
        })?;
        rest = rest[end.0 + 1..].trim_start();
    }
    rest = rest.strip_prefix("const ").unwrap_or(rest);
    rest.contains(" for ").then_some(())?;
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(rest.len());
    rest[..end].rsplit("::").next().map(str::to_owned).filter(|name| !name.is_empty())
}

fn takes_self(signature: &str) -> bool {
    let Some(open) = arguments(signature) else { return false };
    let first = open.split([',', ')']).next().unwrap_or("");
    first.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == "self")
}

/// What follows the bracket of the arguments.
fn arguments(signature: &str) -> Option<&str> {
    let name = function_name(signature)?;
    let at = signature.find(&format!("fn {name}"))? + 3 + name.len();
    let rest = &signature[at..];
    let mut depth = 0;
    let open = rest.char_indices().find(|(at, c)| {
        match c {
            '<' => depth += 1,
            '>' if !rest[..*at].ends_with('-') => depth -= 1,
            _ => {}
        }
        *c == '(' && depth == 0
    })?;
    Some(&rest[open.0 + 1..])
}

fn function_name(signature: &str) -> Option<&str> {
    let at = signature.find("fn ")?;
    let rest = &signature[at + 3..];
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
    Some(&rest[..end]).filter(|name| !name.is_empty())
}

/// A declaration without its line ends.
pub fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().filter(|word| *word != "ⓘ").collect();
    let line = words.join(" ").replace("( ", "(").replace(", )", ")").replace(" ⓘ", "").replace('ⓘ', "");
    line.trim_end_matches(',').to_owned()
}

fn between<'a>(html: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let at = html.find(start)? + start.len();
    let length = html[at..].find(end)?;
    Some(&html[at..at + length])
}

/// The inside of the first documentation block.
fn docblock(html: &str) -> Option<&str> {
    let at = ["class=\"docblock\">", "class='docblock'>", "class=\"docblock item-decl\">"]
        .iter()
        .filter_map(|start| html.find(start).map(|at| at + start.len()))
        .min()?;
    let body = &html[at..];
    let (mut depth, mut from) = (1usize, 0);
    while let Some(offset) = body[from..].find("div") {
        let tag = from + offset;
        if body[..tag].ends_with('<') {
            depth += 1;
        } else if body[..tag].ends_with("</") {
            depth -= 1;
            if depth == 0 {
                return Some(&body[..tag - 2]);
            }
        }
        from = tag + 3;
    }
    Some(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r##"<section id="main-content"><pre class="rust item-decl"><code>pub struct Gbdt { <span>/* private fields */</span> }</code></pre>
<details class="toggle top-doc" open><div class="docblock"><p>Boosted trees. Of course.</p><h2 id="x"><a class="doc-anchor" href="#x">§</a>More</h2></div></details>
<h2 id="implementations" class="section-header">Implementations</h2><section id="impl-Gbdt" class="impl"><h3 class="code-header">impl <a>Gbdt</a></h3></section>
<section id="method.params" class="method"><h4 class="code-header">pub fn <a>params</a>() -&gt; <a>GbdtParams</a></h4></section></summary><div class="docblock"><p>Parameters. Defaults.</p></div>
<section id="method.fit" class="method"><h4 class="code-header">pub fn <a>fit</a>&lt;T: Fn() -&gt; U&gt;(
    &amp;self,
    data: &amp;<a>Dataset</a>,
)<div class="where">where
    T: Any,</div></h4></section>
<section id="method.next" class="method"><h4 class="code-header">pub fn <a>next</a>(&amp;self)</h4><span class="stab unstable">x</span></section>
<h2 id="trait-implementations" class="section-header">Trait Implementations</h2><section id="impl-Clone-for-Gbdt"><h3 class="code-header">impl Clone for <a>Gbdt</a></h3></section>
<section id="method.clone" class="method trait-impl"><h4 class="code-header">fn <a>clone</a>(&amp;self) -&gt; <a>Gbdt</a></h4></section><div class='docblock'>Copies. <a href="y">Read more</a></div>
<section id="impl-Hidden-for-Gbdt"><h3 class="code-header">impl&lt;T&gt; a::Hidden&lt;T&gt; for Gbdt</h3></section><section id="method.no"><h4 class="code-header">fn no(&amp;self)</h4></section>"##;

    #[test]
    fn a_page_is_read() {
        let mut docs = Docs::default();
        let (kind, name) = subject("struct.Gbdt.html").unwrap();
        let entry = read(kind, name, PAGE, &|name| name == "Clone", &mut docs).unwrap();
        assert_eq!((entry.name.as_str(), entry.summary.as_str()), ("Gbdt", "Boosted trees."));
        assert_eq!(entry.declaration, "pub struct Gbdt { /* private fields */ }");
        let seen: Vec<(&str, MemberKind, &str)> =
            entry.members.iter().map(|m| (m.name.as_str(), m.kind, m.signature.as_str())).collect();
        assert_eq!(
            seen,
            [
                ("params", MemberKind::Function, "pub fn params() -> GbdtParams"),
                ("fit", MemberKind::Method, "pub fn fit<T: Fn() -> U>(&self, data: &Dataset) where T: Any"),
            ]
        );
        let (start, length) = entry.members[0].doc;
        assert_eq!(&docs.0[start as usize..(start + length) as usize], "Parameters. Defaults.");
    }

    #[test]
    fn fields_are_members() {
        const FIELDS: &str = r##"<section id="main-content"><pre class="rust item-decl"><code>pub struct Dataset { .. }</code></pre>
<h2 id="fields" class="fields section-header">Fields<a href="#fields" class="anchor">§</a></h2><span id="structfield.features" class="structfield section-header"><a href="#structfield.features" class="anchor field">§</a><code>features: <a>Matrix</a></code></span><div class="docblock"><p>The features.</p></div>
<span id="structfield.weights" class="structfield section-header"><code>weights: <a>Option</a>&lt;<a>Vec</a>&lt;f64&gt;&gt;</code></span>
<h2 id="implementations" class="section-header">Implementations</h2><span id="other">x</span>"##;
        let entry = read(EntryKind::Struct, "Dataset", FIELDS, &|_| false, &mut Docs::default()).unwrap();
        let seen: Vec<(&str, MemberKind, &str, &str)> =
            entry.members.iter().map(|m| (m.name.as_str(), m.kind, m.signature.as_str(), m.summary.as_str())).collect();
        assert_eq!(
            seen,
            [
                ("features", MemberKind::Field, "features: Matrix", "The features."),
                ("weights", MemberKind::Field, "weights: Option<Vec<f64>>", ""),
            ]
        );
    }

    #[test]
    fn traits_of_implementations() {
        for (header, name) in [
            ("impl<T> Iterator for Iter<T>", Some("Iterator")),
            ("impl<F: Fn() -> u8> core::fmt::Debug for F", Some("Debug")),
            ("impl<T> From<T> for T", Some("From")),
            ("impl DataFrame", None),
        ] {
            assert_eq!(trait_of(header).as_deref(), name, "{header}");
        }
    }
}
