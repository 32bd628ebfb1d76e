//! Where a cursor stands: in Rust, in a magic's name, in its arguments.

use crate::view::View;
use ironbook_magics::Style;
use ironbook_magics::split::{Kind, split};

/// Where a cursor stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Situation {
    /// In the name of a magic, which begins at this byte.
    MagicName {
        /// The first byte of the name, after the sign.
        start: usize,
        /// Whether it is `%%name`.
        cell: bool,
    },
    /// In the arguments of a magic.
    MagicArguments {
        /// Its name.
        name: String,
        /// Where they begin.
        start: usize,
    },
    /// In a command of a shell.
    Shell {
        /// Where it begins.
        start: usize,
    },
    /// In a question for help: `?name`.
    Help {
        /// Where the name begins.
        start: usize,
    },
    /// In Rust; the text before the cursor with all else blanked.
    Rust {
        /// That text.
        code: String,
    },
    /// In text that nothing is known about.
    Nothing,
}

/// Where the end of `before` stands.
pub fn at(view: &View, before: &str) -> Situation {
    // With a letter in the cursor's place, names and arguments that are not begun yet are there as well.
    let probe = format!("{before}x");
    let pieces = split(&probe, view);
    let Some(last) = pieces.last() else { return Situation::Nothing };
    match &last.kind {
        Kind::Rust => rust(view, &probe),
        Kind::Line { name, args, .. } => {
            let cell = name.starts_with('%');
            let bare = name.trim_start_matches('%');
            let sign = if cell { 2 } else { 1 };
            if args.is_empty() {
                let start = last.range.start + sign;
                return Situation::MagicName { start, cell };
            }
            debug_assert!(args.start <= before.len(), "the letter is part of the arguments");
            Situation::MagicArguments { name: bare.to_owned(), start: args.start }
        }
        Kind::Cell { name, args, body } => {
            let head = &probe[last.range.start..];
            if !head.contains('\n') {
                let start = last.range.start + 2;
                return match args.is_empty() {
                    true => Situation::MagicName { start, cell: true },
                    false => Situation::MagicArguments { name: name.clone(), start: args.start },
                };
            }
            match view.registry.find(name).map(|magic| (magic.name(), magic.style())) {
                Some((_, Style::Code | Style::Body)) => rust(view, &probe),
                Some(("bash" | "sh", _)) => Situation::Shell { start: body.start },
                _ => Situation::Nothing,
            }
        }
        Kind::Shell { command } => Situation::Shell { start: command.start },
        Kind::Help { .. } => {
            let piece = &probe[last.range.clone()];
            Situation::Help { start: last.range.start + piece.len() - piece.trim_start_matches([' ', '?', '%']).len() }
        }
        Kind::Colon { .. } => Situation::Nothing,
    }
}

/// The Rust of a text whose last letter was put in.
pub fn rust(view: &View, probe: &str) -> Situation {
    let mut code = view.rust_of(probe);
    code.pop();
    Situation::Rust { code }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn situations_are_told_apart() {
        let view = View::default();
        let name = |start, cell| Situation::MagicName { start, cell };
        let arguments = |name: &str, start| Situation::MagicArguments { name: name.to_owned(), start };
        for (before, expected) in [
            ("%ti", name(1, false)),
            ("%", name(1, false)),
            ("let a = 1;\n%%", name(13, true)),
            ("%%ba", name(2, true)),
            ("%cd ", arguments("cd", 4)),
            ("%cd sr", arguments("cd", 4)),
            ("%%writefile a", arguments("writefile", 12)),
            ("%%bash\nls sr", Situation::Shell { start: 7 }),
            ("!ls sr", Situation::Shell { start: 1 }),
            ("?d", Situation::Help { start: 1 }),
            ("a %", Situation::Rust { code: "a %".to_owned() }),
            ("%%time\ndf", Situation::Rust { code: "      \ndf".to_owned() }),
            ("", Situation::Rust { code: String::new() }),
            (":dep ", Situation::Nothing),
        ] {
            assert_eq!(at(&view, before), expected, "{before}");
        }
    }
}
