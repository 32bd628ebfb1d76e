//! Types as people write them, from what `std::any::type_name` prints.

/// `alloc::vec::Vec<polars_core::frame::DataFrame>` becomes `Vec<DataFrame>`; text that is no type stays as it is.
pub fn shorten_type(type_name: &str) -> String {
    let mut parser = Parser { rest: type_name.trim(), out: String::with_capacity(type_name.len()) };
    let complete = parser.ty().is_some() && parser.rest.is_empty();
    if complete { parser.out } else { type_name.to_owned() }
}

struct Parser<'a> {
    rest: &'a str,
    out: String,
}

impl<'a> Parser<'a> {
    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Consumes a text without writing it.
    fn eat(&mut self, text: &str) -> bool {
        self.skip();
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Consumes a word.
    fn word(&mut self, word: &str) -> bool {
        self.skip();
        let follows = self.rest.strip_prefix(word).filter(|rest| !rest.starts_with(is_ident));
        follows.map(|rest| self.rest = rest).is_some()
    }

    /// Consumes and writes a text.
    fn take(&mut self, text: &str) -> Option<()> {
        self.eat(text).then(|| self.out.push_str(text))
    }

    fn ident(&mut self) -> Option<&'a str> {
        self.skip();
        let end = self.rest.find(|c: char| !is_ident(c)).unwrap_or(self.rest.len());
        let (ident, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!ident.is_empty()).then_some(ident)
    }

    fn ty(&mut self) -> Option<()> {
        self.skip();
        match self.rest.chars().next()? {
            '&' => self.reference(),
            '*' => self.pointer(),
            '(' => self.list("(", ")"),
            '[' => self.array(),
            '!' => self.take("!"),
            '<' => self.qualified(),
            '\'' => self.lifetime_or_char(),
            '-' | '"' | '0'..='9' => self.literal(),
            _ => self.named(),
        }
    }

    fn reference(&mut self) -> Option<()> {
        self.take("&")?;
        // `'_` stands for a lifetime that nobody wrote.
        if self.rest.starts_with('\'') && !self.eat("'_ ") {
            self.lifetime_or_char()?;
            self.out.push(' ');
        }
        if self.word("mut") {
            self.out.push_str("mut ");
        }
        self.ty()
    }

    fn pointer(&mut self) -> Option<()> {
        self.take("*")?;
        let word = if self.word("mut") { "mut " } else { self.word("const").then_some("const ")? };
        self.out.push_str(word);
        self.ty()
    }

    fn array(&mut self) -> Option<()> {
        self.take("[")?;
        self.ty()?;
        if self.eat(";") {
            self.out.push_str("; ");
            self.ty()?;
        }
        self.take("]")
    }

    fn list(&mut self, open: &str, close: &str) -> Option<()> {
        self.take(open)?;
        while !self.eat(close) {
            self.argument()?;
            if self.eat(",") {
                let single = self.rest.trim_start().starts_with(close);
                self.out.push_str(if single { "," } else { ", " });
            } else if !self.rest.trim_start().starts_with(close) {
                return None;
            }
        }
        self.out.push_str(close);
        Some(())
    }

    /// A generic argument: a type, or `Item = type`.
    fn argument(&mut self) -> Option<()> {
        let before = self.rest;
        if let Some(name) = self.ident()
            && self.eat("=")
        {
            self.out.push_str(name);
            self.out.push_str(" = ");
            return self.ty();
        }
        self.rest = before;
        self.ty()
    }

    /// `<T as Trait>::Name`, or `<impl Trait for T>::name` of the new mangling.
    fn qualified(&mut self) -> Option<()> {
        let start = self.out.len();
        self.take("<")?;
        self.ty()?;
        let mut needed = true;
        if self.word("as") {
            self.out.push_str(" as ");
            self.ty()?;
        } else if self.word("for") {
            self.out.push_str(" for ");
            self.ty()?;
        } else {
            // The new mangling's `<Foo>::new`.
            needed = !self.out[start + 1..].starts_with(char::is_uppercase);
        }
        self.take(">")?;
        if !needed {
            self.out.pop();
            self.out.remove(start);
        }
        while self.eat("::") {
            self.out.push_str("::");
            self.segment()?;
        }
        Some(())
    }

    fn lifetime_or_char(&mut self) -> Option<()> {
        let inside = self.rest.get(1..)?;
        let char_end = inside.char_indices().nth(1).filter(|(_, c)| *c == '\'').map(|(at, _)| at + 2);
        let end = char_end.unwrap_or_else(|| inside.find(|c: char| !is_ident(c)).unwrap_or(inside.len()) + 1);
        self.out.push_str(self.rest.get(..end)?);
        self.rest = self.rest.get(end..)?;
        Some(())
    }

    fn literal(&mut self) -> Option<()> {
        let end = match self.rest.strip_prefix('"') {
            Some(inside) => inside.find('"')? + 2,
            None => self.rest.find(|c: char| !(is_ident(c) || matches!(c, '-' | '.'))).unwrap_or(self.rest.len()),
        };
        self.out.push_str(&self.rest[..end]);
        self.rest = &self.rest[end..];
        Some(())
    }

    fn named(&mut self) -> Option<()> {
        for word in ["dyn", "impl"] {
            if self.word(word) {
                self.out.push_str(word);
                self.out.push(' ');
                return self.bounds();
            }
        }
        if self.word("for") {
            self.out.push_str("for");
            self.list("<", ">")?;
            self.out.push(' ');
            return self.ty();
        }
        if self.word("unsafe") {
            self.out.push_str("unsafe ");
            return self.ty();
        }
        if self.word("extern") {
            self.out.push_str("extern ");
            self.skip();
            self.literal()?;
            self.out.push(' ');
            return self.ty();
        }
        if self.word("fn") {
            self.out.push_str("fn");
            self.list("(", ")")?;
            return self.output();
        }
        self.path()
    }

    fn output(&mut self) -> Option<()> {
        if self.eat("->") {
            self.out.push_str(" -> ");
            self.ty()?;
        }
        Some(())
    }

    fn bounds(&mut self) -> Option<()> {
        loop {
            self.ty()?;
            if !self.eat("+") {
                return Some(());
            }
            self.out.push_str(" + ");
        }
    }

    /// Writes a path from its first type on (`Foo::new`); without one, its last segment.
    fn path(&mut self) -> Option<()> {
        let mut segments: Vec<(Segment, String)> = Vec::new();
        loop {
            let start = self.out.len();
            let segment = self.segment()?;
            segments.push((segment, self.out.split_off(start)));
            if !self.eat("::") {
                break;
            }
            if self.rest.starts_with('<') {
                self.generics()?;
                if let Some((_, text)) = segments.last_mut() {
                    text.push_str(&self.out.split_off(start));
                }
                if !self.eat("::") {
                    break;
                }
            }
        }
        let last = segments.len() - 1;
        let first = segments.iter().position(|(segment, _)| segment.is_type).unwrap_or(last);
        let first = if segments[last].0.closure { last } else { first };
        let shown: Vec<&str> = segments[first..].iter().map(|(_, text)| text.as_str()).collect();
        self.out.push_str(&shown.join("::"));
        Some(())
    }

    fn segment(&mut self) -> Option<Segment> {
        self.skip();
        if self.rest.starts_with('{') {
            let end = if self.rest.starts_with("{{") { self.rest.find("}}")? + 2 } else { self.rest.find('}')? + 1 };
            let inside = self.rest[..end].trim_matches(['{', '}']);
            let name = inside.split('#').next().unwrap_or(inside);
            self.out.push('{');
            self.out.push_str(name);
            self.out.push('}');
            self.rest = &self.rest[end..];
            return Some(Segment { is_type: false, closure: true });
        }
        let name = self.ident()?;
        self.out.push_str(name);
        if self.rest.starts_with('[') && self.rest[1..].bytes().take_while(u8::is_ascii_hexdigit).count() == 16 {
            // The crate's id in demangled symbols.
            self.rest = &self.rest[self.rest.find(']')? + 1..];
        }
        if self.rest.starts_with('<') {
            self.generics()?;
        } else if self.rest.starts_with('(') {
            self.list("(", ")")?;
            self.output()?;
        }
        Some(Segment { is_type: name.starts_with(char::is_uppercase), closure: false })
    }

    fn generics(&mut self) -> Option<()> {
        self.list("<", ">")
    }
}

struct Segment {
    is_type: bool,
    closure: bool,
}

fn is_ident(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::shorten_type;

    fn check(long: &str, short: &str) {
        assert_eq!(shorten_type(long), short);
    }

    #[test]
    fn paths_lose_their_modules() {
        check("alloc::vec::Vec<alloc::string::String>", "Vec<String>");
        check("polars_core::frame::DataFrame", "DataFrame");
        check("cell::t_3fa9c0de::Foo", "Foo");
        check(
            "std::collections::hash::map::HashMap<&str, (i32, core::option::Option<f64>)>",
            "HashMap<&str, (i32, Option<f64>)>",
        );
        check("i32", "i32");
        check("()", "()");
        check("(i32,)", "(i32,)");
        check("cell::outer::Kind::make", "Kind::make");
    }

    #[test]
    fn closures_and_functions() {
        check("cell::__ironbook_run::{{closure}}::{{closure}}", "{closure}");
        check(
            "core::iter::adapters::map::Map<core::ops::range::Range<i32>, cell::f::{{closure}}>",
            "Map<Range<i32>, {closure}>",
        );
        check("fn(&str, alloc::string::String) -> alloc::vec::Vec<u8>", "fn(&str, String) -> Vec<u8>");
        check("for<'a> unsafe extern \"C\" fn(&'a u8)", "for<'a> unsafe extern \"C\" fn(&'a u8)");
        check(
            "alloc::boxed::Box<dyn core::ops::function::Fn(i32) -> core::option::Option<i32> + core::marker::Send>",
            "Box<dyn Fn(i32) -> Option<i32> + Send>",
        );
        check(
            "alloc::boxed::Box<dyn core::iter::traits::iterator::Iterator<Item = alloc::string::String>>",
            "Box<dyn Iterator<Item = String>>",
        );
    }

    #[test]
    fn references_arrays_and_constants() {
        check("&mut [alloc::string::String]", "&mut [String]");
        check("&'static str", "&'static str");
        check("[cell::t_00ff00ff::P; 3]", "[P; 3]");
        check("*const core::ffi::c_void", "*const c_void");
        check("cell::Grid<3, true, 'x', -1>", "Grid<3, true, 'x', -1>");
        check("<[i32] as core::iter::IntoIterator>::Item", "<[i32] as IntoIterator>::Item");
        check("core::result::Result<!, core::convert::Infallible>", "Result<!, Infallible>");
    }

    #[test]
    fn demangled_functions() {
        check("<cell[0123456789abcdef]::Foo>::mean", "Foo::mean");
        check("<cell::Foo as core::fmt::Display>::fmt", "<Foo as Display>::fmt");
    }

    #[test]
    fn what_is_no_type_stays() {
        check("not a type", "not a type");
        check("Vec<", "Vec<");
        check("", "");
    }

    #[test]
    fn the_compilers_own_names_are_understood() {
        check(std::any::type_name::<Box<dyn Fn(&str) -> Vec<[u8; 2]>>>(), "Box<dyn Fn(&str) -> Vec<[u8; 2]>>");
        check(std::any::type_name::<std::collections::BTreeMap<char, fn(i32)>>(), "BTreeMap<char, fn(i32)>");
    }
}
