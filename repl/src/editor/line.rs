//! rustyline as we have it.

use super::helper::Answers;
use super::keymap::Keymap;
use super::past::Past;
use super::press;
use super::state::State;
use crate::Error;
use crate::config::{KeyStyle, Settings};
use rustyline::config::BellStyle;
use rustyline::{ColorMode, CompletionType, Config, EditMode};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

/// rustyline with our answers and history.
pub type Line = rustyline::Editor<Answers, Past>;

/// Milliseconds that vi's Escape waits for what would make it a part of another key.
const VI_ESCAPE_MS: u16 = 50;

/// The same for others, to whom Escape and a letter may be Alt with it: a hand takes longer for two keys, a terminal does not.
const ESCAPE_MS: u16 = 100;

/// rustyline with our answers, history and keys.
///
/// # Errors
/// When the terminal cannot be used.
pub fn line_editor(settings: &Settings, state: &Arc<State>) -> Result<Line, Error> {
    let vi = settings.keys == KeyStyle::Vi;
    let config = Config::builder()
        .edit_mode(if vi { EditMode::Vi } else { EditMode::Emacs })
        .keyseq_timeout(Some(if vi { VI_ESCAPE_MS } else { ESCAPE_MS }))
        .completion_type(CompletionType::List)
        .completion_show_all_if_ambiguous(true)
        .bell_style(BellStyle::None)
        // Where there are to be no colours, our answers have none.
        .color_mode(ColorMode::Enabled)
        .bracketed_paste(true)
        .auto_add_history(false)
        .indent_size(4)
        .tab_stop(4)
        .build();
    let failed = |error| Error::Terminal(io::Error::other(error));
    let mut line = Line::with_history(config, Past(state.clone())).map_err(failed)?;
    line.set_helper(Some(Answers::new(state.clone())));
    // Wrong bindings were told of when the settings were read.
    let keymap = Keymap::new(&settings.bindings).or_else(|_| Keymap::new(&BTreeMap::new()));
    let keymap = keymap.map_err(|words| Error::Terminal(io::Error::other(words)))?;
    press::bind(&keymap, state, |event, handler| drop(line.bind_sequence(event, handler)));
    Ok(line)
}
