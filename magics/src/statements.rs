//! Follows Rust text token by token and knows whether a new statement may begin here.

use crate::lexer::Token;

/// What the statement under way is, as far as it decides whether a closing brace ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// None: a statement may begin.
    Start,
    /// Only attributes, visibility and qualifiers so far.
    Prefix,
    /// `const`, which may go on as an item with a body or without.
    Const,
    /// A path so far, which may become a macro call.
    Path,
    /// A macro call before its bracket.
    Bang,
    /// Ends with its block (`if`, `fn`, `impl`, a braced macro call).
    Block,
    /// Ends with a semicolon only.
    Semicolon,
}

#[derive(Clone, Copy, Debug)]
struct Level {
    open: char,
    kind: Kind,
    /// Inside the brackets of a macro call, where text need not be Rust.
    opaque: bool,
}

/// The state after some tokens.
#[derive(Debug)]
pub(crate) struct Statements {
    levels: Vec<Level>,
    kind: Kind,
}

impl Statements {
    /// At the start of a cell.
    pub(crate) fn new() -> Self {
        Statements { levels: Vec::new(), kind: Kind::Start }
    }

    /// Whether a statement may begin here.
    pub(crate) fn boundary(&self) -> bool {
        self.kind == Kind::Start && self.levels.last().is_none_or(|level| level.open == '{' && !level.opaque)
    }

    /// Whether this is inside brackets.
    pub(crate) fn nested(&self) -> bool {
        !self.levels.is_empty()
    }

    /// Goes on by one token.
    pub(crate) fn feed(&mut self, token: Token<'_>) {
        match token {
            Token::Space | Token::Newline | Token::Comment => {}
            Token::Open(open) => self.open(open),
            Token::Close(_) => self.close(),
            Token::Punct(';') => self.kind = Kind::Start,
            other => self.kind = next(self.kind, other),
        }
    }

    fn open(&mut self, open: char) {
        let bang = self.kind == Kind::Bang;
        let opaque = bang || self.levels.last().is_some_and(|level| level.opaque);
        let kind = match (self.kind, open) {
            (Kind::Prefix, '(' | '[') => Kind::Prefix, // pub(crate), #[attribute]
            (Kind::Start | Kind::Prefix | Kind::Const | Kind::Bang | Kind::Block, '{') => Kind::Block,
            (Kind::Block, _) => Kind::Block,
            _ => Kind::Semicolon,
        };
        self.levels.push(Level { open, kind, opaque });
        self.kind = Kind::Start;
    }

    fn close(&mut self) {
        let Some(level) = self.levels.pop() else { return };
        self.kind = if level.open == '{' && level.kind == Kind::Block { Kind::Start } else { level.kind };
    }
}

fn next(kind: Kind, token: Token<'_>) -> Kind {
    match (kind, token) {
        (Kind::Start | Kind::Prefix, Token::Word(word)) => first_word(word),
        (Kind::Start | Kind::Prefix, Token::Punct('#' | ':')) | (Kind::Prefix, Token::Literal | Token::Punct('!')) => {
            Kind::Prefix // an attribute, a label's colon, the ABI of `extern`
        }
        // What a brace closed was a pattern or a const argument: `if let P { x } = y {`, `for P { x } in y {`.
        (Kind::Start, Token::Punct('=' | ',' | '>')) => Kind::Block,
        (Kind::Start, Token::Literal) => Kind::Prefix, // a label, or an expression that ends with `;` all the same
        (Kind::Const, Token::Word("fn" | "unsafe" | "async" | "extern")) => Kind::Block,
        (Kind::Path, Token::Word(_) | Token::Punct(':')) => Kind::Path,
        (Kind::Path, Token::Punct('!')) | (Kind::Bang, Token::Word(_)) => Kind::Bang,
        (Kind::Block, _) => Kind::Block,
        _ => Kind::Semicolon,
    }
}

fn first_word(word: &str) -> Kind {
    match word {
        "pub" | "unsafe" | "async" | "extern" | "move" | "default" | "auto" => Kind::Prefix,
        "const" => Kind::Const,
        "in" | "fn" | "struct" | "enum" | "union" | "trait" | "impl" | "mod" | "if" | "else" | "match" | "for"
        | "while" | "loop" => Kind::Block,
        "let" | "return" | "break" | "continue" | "use" | "type" | "static" => Kind::Semicolon,
        _ => Kind::Path,
    }
}
