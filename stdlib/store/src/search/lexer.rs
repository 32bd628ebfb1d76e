//! A filter's text as tokens.

/// A token, and where it begins (in characters, from 1).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) at: usize,
    pub(super) kind: Kind,
}

/// Kinds of tokens.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A name, perhaps with quoted parts: ``metrics.`a b` ``; the text as it stands.
    Name(String),
    /// Text in single quotes, without them.
    Single(String),
    /// Text in double quotes, without them: a value, or the name of an attribute.
    Double(String),
    /// A whole number.
    Integer(i64),
    /// Another number.
    Float(f64),
    /// `=`, `!=`, `<`, ...: what stands there, allowed or not.
    Sign(String),
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
}

/// Why a text has no tokens, or no meaning: what is wrong, where, and what would be right.
pub(super) struct Bad {
    pub(super) reason: String,
    pub(super) todo: String,
}

/// All tokens of a text.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Bad> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        if c.is_whitespace() {
            at += 1;
            continue;
        }
        let start = at;
        let kind = match c {
            '(' => single(&mut at, Kind::Open),
            ')' => single(&mut at, Kind::Close),
            ',' => single(&mut at, Kind::Comma),
            '\'' => Kind::Single(quoted(&chars, &mut at)?),
            '"' => Kind::Double(quoted(&chars, &mut at)?),
            '=' | '!' | '<' | '>' | '~' | '*' => Kind::Sign(take(&chars, &mut at, |c| "=!<>~*".contains(c))),
            '`' => Kind::Name(name(&chars, &mut at)?),
            _ if starts_number(&chars, at) => number(&chars, &mut at)?,
            _ if is_name(c) => Kind::Name(name(&chars, &mut at)?),
            _ => {
                return Err(Bad {
                    reason: format!("`{c}` at character {} is not part of the grammar", at + 1),
                    todo: "put a name with such characters in backticks, for instance metrics.`val/auc`, and text in single quotes".to_owned(),
                });
            }
        };
        found.push(Token { at: start + 1, kind });
    }
    Ok(found)
}

fn single(at: &mut usize, kind: Kind) -> Kind {
    *at += 1;
    kind
}

fn take(chars: &[char], at: &mut usize, is: impl Fn(char) -> bool) -> String {
    let start = *at;
    while chars.get(*at).is_some_and(|c| is(*c)) {
        *at += 1;
    }
    chars[start..*at].iter().collect()
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '#')
}

fn starts_number(chars: &[char], at: usize) -> bool {
    let digit = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
    let unsigned = |at: usize| digit(at) || chars.get(at) == Some(&'.') && digit(at + 1);
    unsigned(at) || chars[at] == '-' && unsigned(at + 1)
}

/// The text between two equal quotes. As in MLflow, a doubled or escaped quote does not end it, and stays as it is.
fn quoted(chars: &[char], at: &mut usize) -> Result<String, Bad> {
    let (start, quote) = (*at, chars[*at]);
    let mut end = start + 1;
    // A backslash or first quote at the very end of the text was no escape after all: `'C:\'`.
    let mut last = None;
    loop {
        match (chars.get(end), chars.get(end + 1), last) {
            (Some('\\'), Some(next), _) if *next == quote => {
                last = Some(end + 1);
                end += 2;
            }
            (Some(c), Some(next), _) if *c == quote && *next == quote => {
                last = Some(end + 1);
                end += 2;
            }
            (Some(c), ..) if *c == quote => break,
            (Some(_), ..) => end += 1,
            (None, _, Some(quote)) => {
                end = quote;
                break;
            }
            (None, ..) => {
                return Err(Bad {
                    reason: format!("the {quote} at character {} is never closed", start + 1),
                    todo: format!("end the text with {quote}"),
                });
            }
        }
    }
    *at = end + 1;
    Ok(chars[start + 1..end].iter().collect())
}

/// A name with dots; parts may stand in backticks or (after a dot) in double quotes.
fn name(chars: &[char], at: &mut usize) -> Result<String, Bad> {
    let mut text = String::new();
    loop {
        match chars.get(*at) {
            Some('`') => {
                let start = *at;
                let inner = take(&chars[start + 1..], &mut 0, |c| c != '`');
                *at = start + 1 + inner.chars().count();
                if chars.get(*at) != Some(&'`') {
                    return Err(Bad {
                        reason: format!("the backtick at character {} is never closed", start + 1),
                        todo: "end the name with a backtick".to_owned(),
                    });
                }
                *at += 1;
                text.push('`');
                text.push_str(&inner);
                text.push('`');
            }
            Some('"') if text.ends_with('.') => {
                let inner = quoted(chars, at)?;
                text.push('"');
                text.push_str(&inner);
                text.push('"');
            }
            Some(&c) if is_name(c) || c == '.' => {
                text.push(c);
                *at += 1;
            }
            _ => return Ok(text),
        }
    }
}

fn number(chars: &[char], at: &mut usize) -> Result<Kind, Bad> {
    let start = *at;
    let mut text = String::new();
    if chars[*at] == '-' {
        text.push('-');
        *at += 1;
    }
    text.push_str(&take(chars, at, |c| c.is_ascii_digit() || c == '.'));
    let exponent = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
    if matches!(chars.get(*at), Some('e' | 'E')) {
        let signed = matches!(chars.get(*at + 1), Some('-' | '+'));
        if exponent(*at + 1 + usize::from(signed)) {
            text.push('e');
            if signed {
                text.push(chars[*at + 1]);
            }
            *at += 1 + usize::from(signed);
            text.push_str(&take(chars, at, |c| c.is_ascii_digit()));
        }
    }
    let ends = !chars.get(*at).is_some_and(|c| is_name(*c));
    let kind = match text.parse::<i64>() {
        Ok(integer) => Some(Kind::Integer(integer)),
        Err(_) => text.parse::<f64>().ok().map(Kind::Float),
    };
    kind.filter(|_| ends).ok_or_else(|| Bad {
        reason: format!("the number at character {} cannot be read", start + 1),
        todo: "write numbers as 5, -0.5 or 1e-3, and text in single quotes".to_owned(),
    })
}
