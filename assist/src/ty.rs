//! Types as far as completion needs them: the last segment of a path and its arguments; references do not count.

/// A type.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Ty {
    /// The last segment of its path; `slice`, `array`, `tuple`, `fn` for those.
    pub name: String,
    /// Its arguments; for `impl Iterator<Item = T>` the `T`.
    pub args: Vec<Ty>,
}

impl Ty {
    /// A type without arguments.
    pub fn named(name: &str) -> Ty {
        Ty { name: name.to_owned(), args: Vec::new() }
    }

    /// A type with one.
    pub fn of(name: &str, arg: Ty) -> Ty {
        Ty { name: name.to_owned(), args: vec![arg] }
    }

    /// Reads a type as people and as `std::any::type_name` write it; `None` if nothing is left of it.
    pub fn parse(text: &str) -> Option<Ty> {
        let mut parser = Parser { rest: text, depth: 0 };
        parser.ty().filter(|ty| !ty.name.is_empty())
    }

    /// The type with parameters replaced.
    #[must_use]
    pub fn with(&self, parameters: &[(String, Ty)]) -> Ty {
        if self.args.is_empty()
            && let Some((_, ty)) = parameters.iter().find(|(name, _)| *name == self.name)
        {
            return ty.clone();
        }
        Ty { name: self.name.clone(), args: self.args.iter().map(|arg| arg.with(parameters)).collect() }
    }

    /// What `?` gives: the value of a `Result` or `Option`.
    pub fn tried(&self) -> Option<Ty> {
        // `PolarsResult<T>`, `io::Result<T>` and so on are results as well.
        (self.name.ends_with("Result") || self.name == "Option").then(|| self.args.first().cloned())?
    }

    /// What a pointer of std points to.
    pub fn pointee(&self) -> Option<&Ty> {
        matches!(self.name.as_str(), "Box" | "Rc" | "Arc" | "Ref" | "RefMut" | "MutexGuard" | "Cow")
            .then(|| self.args.last())?
    }
}

const DEEPEST: usize = 24;

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl Parser<'_> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn eat(&mut self, text: &str) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn word(&mut self) -> &str {
        self.skip_space();
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn ty(&mut self) -> Option<Ty> {
        self.depth += 1;
        let ty = if self.depth > DEEPEST { None } else { self.bare() };
        self.depth -= 1;
        // `T + Send`, `dyn Fn() + 'a`
        while self.eat("+") {
            self.eat("?");
            if self.eat("'") {
                self.word();
            } else {
                self.bare()?;
            }
        }
        ty
    }

    fn bare(&mut self) -> Option<Ty> {
        loop {
            if self.eat("&") || self.eat("*const ") || self.eat("*mut ") {
                continue;
            }
            if self.eat("'") {
                self.word();
                continue;
            }
            break;
        }
        if self.eat("[") {
            let item = self.ty()?;
            let name = if self.eat(";") { "array" } else { "slice" };
            let end = self.rest.find(']')?;
            self.rest = &self.rest[end + 1..];
            return Some(Ty::of(name, item));
        }
        if self.eat("(") {
            let args = self.list(")")?;
            return Some(Ty { name: "tuple".to_owned(), args });
        }
        if self.eat("!") {
            return Some(Ty::named("never"));
        }
        if self.eat("<") {
            return self.qualified();
        }
        self.path()
    }

    /// `<T as Trait>::Item`, its `<` eaten.
    fn qualified(&mut self) -> Option<Ty> {
        self.ty()?;
        self.eat("as");
        self.ty();
        self.eat(">").then_some(())?;
        self.eat("::");
        self.path()
    }

    fn path(&mut self) -> Option<Ty> {
        let mut name;
        let mut args = Vec::new();
        loop {
            name = self.word().to_owned();
            match name.as_str() {
                "mut" | "const" | "dyn" | "impl" | "unsafe" | "extern" => return self.bare(),
                "for" => {
                    self.eat("<").then(|| self.list(">"))??;
                    return self.bare();
                }
                "" => return None,
                _ => {}
            }
            if self.eat("<") || (self.rest.trim_start().starts_with("::<") && self.eat("::<")) {
                args = self.list(">")?;
            } else if matches!(name.as_str(), "fn" | "Fn" | "FnMut" | "FnOnce") && self.eat("(") {
                self.list(")")?;
                args = if self.eat("->") { vec![self.ty()?] } else { Vec::new() };
            }
            if !self.eat("::") {
                break;
            }
            if self.eat("{{") {
                // `f::{{closure}}`
                let end = self.rest.find("}}").map_or(self.rest.len(), |at| at + 2);
                self.rest = &self.rest[end..];
                name = "closure".to_owned();
                break;
            }
        }
        Some(Ty { name, args })
    }

    /// Types between commas, up to the closing bracket.
    fn list(&mut self, close: &str) -> Option<Vec<Ty>> {
        let mut out = Vec::new();
        loop {
            if self.eat(close) {
                return Some(out);
            }
            if self.eat("'") {
                self.word();
            } else if self.rest.trim_start().starts_with(|c: char| c.is_ascii_digit() || c == '-') {
                self.eat("-");
                self.word();
            } else {
                let mut ty = self.ty()?;
                if self.eat("=") {
                    ty = self.ty()?; // `Item = T`
                }
                out.push(ty);
            }
            self.eat(",");
            if self.rest.is_empty() {
                return None;
            }
        }
    }
}

/// The names of the parameters of `pub struct Vec<T, A = Global>`.
pub fn parameters(declaration: &str, name: &str) -> Vec<String> {
    let after = declaration.find(&format!(" {name}<")).map(|at| &declaration[at + name.len() + 2..]);
    let Some(list) = after else {
        return if matches!(name, "slice" | "array") { vec!["T".to_owned()] } else { Vec::new() };
    };
    let mut depth = 0usize;
    let mut names = Vec::new();
    let mut piece = String::new();
    for c in list.chars() {
        match c {
            '>' if depth == 0 => break,
            ',' if depth == 0 => names.push(std::mem::take(&mut piece)),
            _ => {
                match c {
                    '<' | '(' | '[' => depth += 1,
                    '>' | ')' | ']' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                piece.push(c);
            }
        }
    }
    names.push(piece);
    let bare = |name: String| name.split([':', '=']).next().unwrap_or("").trim().to_owned();
    names
        .into_iter()
        .map(bare)
        .filter(|name| !name.is_empty() && !name.starts_with('\'') && !name.starts_with("const "))
        .collect()
}

/// The return type of a signature, as written.
pub fn returned(signature: &str) -> Option<&str> {
    let open = argument_list(signature)?;
    let rest = signature.get(open.end + 1..)?.trim_start().strip_prefix("->")?;
    let end = [" where ", "\nwhere", " {"].iter().filter_map(|end| rest.find(end)).min().unwrap_or(rest.len());
    Some(rest[..end].trim())
}

/// The bytes between the brackets of a signature's arguments.
pub fn argument_list(signature: &str) -> Option<std::ops::Range<usize>> {
    let start = signature.find("fn ")? + 3;
    let (mut angle, mut round, mut open) = (0usize, 0usize, 0);
    let bytes = signature.as_bytes();
    for (at, byte) in bytes.iter().enumerate().skip(start) {
        match byte {
            b'<' if round == 0 => angle += 1,
            b'>' if round == 0 && bytes[at - 1] != b'-' => angle = angle.saturating_sub(1),
            b'(' if angle == 0 => {
                if round == 0 {
                    open = at + 1;
                }
                round += 1;
            }
            b')' if angle == 0 => {
                round = round.checked_sub(1)?;
                if round == 0 {
                    return Some(open..at);
                }
            }
            _ => {}
        }
    }
    None
}

/// The names of a signature's arguments without `self`.
pub fn argument_names(signature: &str) -> Vec<String> {
    let names = arguments(signature).into_iter().filter_map(|piece| piece.split_once(':')).map(|(name, _)| name.trim());
    names.map(|name| name.trim_start_matches("mut ").to_owned()).filter(|name| name != "self").collect()
}

/// The types of a signature's arguments without `self`, as written.
pub fn argument_types(signature: &str) -> Vec<&str> {
    let pieces = arguments(signature).into_iter().filter_map(|piece| piece.split_once(':'));
    pieces.filter(|(name, _)| name.trim() != "self").map(|(_, of)| of.trim()).collect()
}

/// The pieces between the commas of a signature's arguments.
fn arguments(signature: &str) -> Vec<&str> {
    let list = argument_list(signature).and_then(|range| signature.get(range)).unwrap_or("");
    let (mut depth, mut start, mut before) = (0usize, 0, ' ');
    let mut pieces = Vec::new();
    for (at, c) in list.char_indices() {
        match c {
            '<' | '(' | '[' => depth += 1,
            '>' if before == '-' => {}
            '>' | ')' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                pieces.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        before = c;
    }
    pieces.push(&list[start..]);
    pieces
}

/// The names of a function's own parameters: `F` of `fn parse<F>(..)`.
pub fn own_parameters(signature: &str) -> Vec<String> {
    let Some(at) = signature.find("fn ") else { return Vec::new() };
    let name: String = signature[at + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    parameters(&signature[at + 2..], &name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(ty: &Ty) -> String {
        let args: Vec<String> = ty.args.iter().map(written).collect();
        if args.is_empty() { ty.name.clone() } else { format!("{}<{}>", ty.name, args.join(", ")) }
    }

    #[test]
    fn types_are_read() {
        for (text, expected) in [
            ("polars_core::frame::DataFrame", "DataFrame"),
            ("alloc::vec::Vec<core::option::Option<f64>>", "Vec<Option<f64>>"),
            ("&'a mut [u8]", "slice<u8>"),
            ("[f64; 3]", "array<f64>"),
            ("(usize, &str)", "tuple<usize, str>"),
            ("impl Iterator<Item = &'a str> + 'a", "Iterator<str>"),
            ("Box<dyn Fn(f64) -> f64 + Send>", "Box<Fn<f64>>"),
            ("core::iter::Map<alloc::vec::IntoIter<i32>, cell::f::{{closure}}>", "Map<IntoIter<i32>, closure>"),
            ("Iter<'_, T>", "Iter<T>"),
            ("<T as Into<U>>::Item", "Item"),
        ] {
            assert_eq!(Ty::parse(text).as_ref().map(written).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(Ty::parse(""), None);
        assert_eq!(Ty::parse(&"Vec<".repeat(1000)), None);
    }

    #[test]
    fn signatures_are_read() {
        assert_eq!(
            parameters("pub struct HashMap<K, V, S = RandomState, A: Alloc = Global> { }", "HashMap"),
            ["K", "V", "S", "A"]
        );
        assert_eq!(returned("pub fn map<F: Fn(T) -> U>(self, f: F) -> Map<Self, F> where F: X"), Some("Map<Self, F>"));
        assert_eq!(returned("fn f(a: (u8, u8))"), None);
        assert_eq!(argument_names("fn f<T>(&mut self, mut a: Fn(u8, T) -> u8, by: [u8; 2])"), ["a", "by"]);
        assert_eq!(own_parameters("pub fn parse<F: FromStr>(&self) -> Result<F, F::Err>"), ["F"]);
    }
}
