//! Colours: what each kind of text looks like on a dark and on a light background.

use std::env;

/// Which colours are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// For a dark background.
    Dark,
    /// For a light background.
    Light,
    /// No colours at all.
    None,
}

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Text without a colour of its own.
    Plain,
    /// `let`, `fn`, `true`.
    Keyword,
    /// `Vec`, `u32`.
    Type,
    /// The name of a macro with its `!`, or of a function at its call.
    Call,
    /// A string or character.
    Text,
    /// A number.
    Number,
    /// A comment.
    Comment,
    /// `'a`.
    Lifetime,
    /// `#[derive(Debug)]`.
    Attribute,
    /// `%time`, `?name`.
    Magic,
    /// A line for the shell.
    Shell,
    /// A variable of the session.
    Variable,
    /// A bracket whose partner is at the cursor.
    Partner,
    /// What history suggests behind the cursor.
    Hint,
    /// The prompt.
    Prompt,
    /// The sign in the prompt that some variables are stale.
    Stale,
    /// A candidate in a list.
    Candidate,
    /// The candidate that is chosen.
    Chosen,
    /// What is said of a candidate.
    About,
}

impl Theme {
    /// The theme that suits what `COLORFGBG` says of the background; dark where it says nothing.
    pub fn from_environment() -> Theme {
        let says = env::var("COLORFGBG").ok();
        let background = says.as_deref().and_then(|says| says.rsplit(';').next()?.parse::<u8>().ok());
        match background {
            Some(7 | 9..=15) => Theme::Light,
            _ => Theme::Dark,
        }
    }

    /// The theme for a background of these colours, each from 0 to 1.
    pub fn for_background(red: f64, green: f64, blue: f64) -> Theme {
        let light = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
        if light > 0.5 { Theme::Light } else { Theme::Dark }
    }

    /// The parameters of the escape sequence that begins a role; empty for plain text.
    pub fn code(self, role: Role) -> &'static str {
        let (dark, light) = match role {
            Role::Plain => ("", ""),
            Role::Keyword => ("38;5;176", "38;5;90"),
            Role::Type => ("38;5;80", "38;5;24"),
            Role::Call => ("38;5;75", "38;5;25"),
            Role::Text => ("38;5;114", "38;5;28"),
            Role::Number => ("38;5;215", "38;5;130"),
            Role::Comment => ("38;5;245", "38;5;243"),
            Role::Lifetime | Role::Attribute => ("38;5;180", "38;5;94"),
            Role::Magic => ("1;38;5;211", "1;38;5;125"),
            Role::Shell => ("38;5;150", "38;5;22"),
            Role::Variable => ("38;5;153", "38;5;18"),
            Role::Partner => ("1;48;5;239", "1;48;5;252"),
            Role::Hint => ("38;5;242", "38;5;247"),
            Role::Prompt => ("1;38;5;78", "1;38;5;29"),
            Role::Stale => ("1;38;5;221", "1;38;5;130"),
            Role::Candidate => ("38;5;252", "38;5;236"),
            Role::Chosen => ("38;5;255;48;5;24", "38;5;16;48;5;153"),
            Role::About => ("38;5;245", "38;5;243"),
        };
        match self {
            Theme::Dark => dark,
            Theme::Light => light,
            Theme::None => "",
        }
    }

    /// Text in a role.
    pub fn paint(self, role: Role, text: &str) -> String {
        match self.code(role) {
            _ if text.is_empty() => String::new(),
            "" => text.to_owned(),
            code => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bright_backgrounds_take_the_light_theme() {
        assert_eq!(Theme::for_background(1.0, 1.0, 0.9), Theme::Light);
        assert_eq!(Theme::for_background(0.1, 0.1, 0.3), Theme::Dark);
    }

    #[test]
    fn without_colours_text_stays_as_it_is() {
        assert_eq!(Theme::None.paint(Role::Keyword, "let"), "let");
        assert_eq!(Theme::Dark.paint(Role::Plain, "let"), "let");
    }
}
