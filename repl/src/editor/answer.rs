//! What the terminal says of itself, and what was typed before anybody read it.

use crate::theme::Theme;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{read, retry_on_intr};
use rustix::termios::{InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use std::io::{self, Write as _};
use std::time::{Duration, Instant};

/// How long the terminal may take to tell of itself.
const PATIENCE: Duration = Duration::from_millis(50);

/// How long the rest of what is being pasted may take: VS Code's terminal hands it on in pieces.
const PASTES: Duration = Duration::from_millis(500);
const PASTE_BEGINS: &str = "[200~";
const PASTE_ENDS: &str = "[201~";

/// The end, typed ahead.
pub const CTRL_D: char = '\x04';

/// The end of a line within what was pasted, which ends no cell.
pub const PASTED: char = '\x1e';

/// What came from the terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Came {
    /// Answers, without their Escape.
    pub answers: Vec<String>,
    /// What a person typed or pasted, as far as it is text, the end of a line ([`PASTED`] within a paste) or Ctrl-D.
    pub typed: String,
}

/// What an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The colours that suit the background.
    Theme(Theme),
    /// Whether it shows sixel pictures.
    Sixel(bool),
}

/// Reads an answer.
pub fn meaning(answer: &str) -> Option<Answer> {
    if let Some(color) = answer.strip_prefix("]11;") {
        let [red, green, blue] = color_of(color)?;
        return Some(Answer::Theme(Theme::for_background(red, green, blue)));
    }
    let abilities = answer.strip_prefix("[?")?.strip_suffix('c')?;
    Some(Answer::Sixel(abilities.split(';').any(|ability| ability == "4")))
}

/// Gives each key at once while it lives.
struct Raw(Termios);

impl Raw {
    fn begin() -> io::Result<Raw> {
        let before = tcgetattr(rustix::stdio::stdin())?;
        let mut raw = before.clone();
        raw.input_modes.remove(InputModes::ICRNL);
        raw.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG | LocalModes::IEXTEN);
        raw.special_codes[SpecialCodeIndex::VMIN] = 1;
        raw.special_codes[SpecialCodeIndex::VTIME] = 0;
        // What was typed ahead stays.
        tcsetattr(rustix::stdio::stdin(), OptionalActions::Drain, &raw)?;
        Ok(Raw(before))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing.
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Drain, &self.0);
    }
}

/// Keeps the terminal from showing what comes while it lives: an answer that is late would stand on the screen.
pub struct Quiet(Termios);

impl Quiet {
    /// Begins at once.
    ///
    /// # Errors
    /// When the terminal cannot be used.
    pub fn begin() -> io::Result<Quiet> {
        let before = tcgetattr(rustix::stdio::stdin())?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(rustix::stdio::stdin(), OptionalActions::Drain, &quiet)?;
        Ok(Quiet(before))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing.
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Drain, &self.0);
    }
}

/// Asks the terminal something that ends with a question for its abilities, which all terminals answer.
///
/// # Errors
/// When the terminal cannot be used.
pub fn ask(question: &str) -> io::Result<Came> {
    let _raw = Raw::begin()?;
    let mut out = io::stdout().lock();
    out.write_all(question.as_bytes())?;
    out.flush()?;
    let until = Instant::now() + PATIENCE;
    let mut bytes = Vec::new();
    loop {
        let came = decode(&bytes);
        let left = until.saturating_duration_since(Instant::now());
        if came.answers.iter().any(|answer| answer.ends_with('c')) || !fill(&mut bytes, left)? {
            pasted_whole(&mut bytes)?;
            return Ok(decode(&bytes));
        }
    }
}

/// What is there already; nothing is waited for.
///
/// # Errors
/// When the terminal cannot be used.
pub fn waiting() -> io::Result<Came> {
    let _raw = Raw::begin()?;
    let mut bytes = Vec::new();
    while fill(&mut bytes, Duration::ZERO)? {}
    pasted_whole(&mut bytes)?;
    Ok(decode(&bytes))
}

/// Reads on until what is pasted is there.
fn pasted_whole(bytes: &mut Vec<u8>) -> io::Result<()> {
    while is_pasting(bytes) && fill(bytes, PASTES)? {}
    // An Enter that comes a moment later, in between, would be read as a new line of the cell.
    if bytes.ends_with(b"\x1b[201~") {
        fill(bytes, PATIENCE)?;
    }
    Ok(())
}

fn is_pasting(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let last = |mark: &str| text.rfind(&format!("\x1b{mark}"));
    last(PASTE_BEGINS) > last(PASTE_ENDS)
}

/// Reads what comes within a time; false if nothing comes.
fn fill(bytes: &mut Vec<u8>, patience: Duration) -> io::Result<bool> {
    let timeout = Timespec { tv_sec: 0, tv_nsec: patience.subsec_nanos().into() };
    let input = rustix::stdio::stdin();
    if retry_on_intr(|| poll(&mut [PollFd::new(&input, PollFlags::IN)], Some(&timeout)))? == 0 {
        return Ok(false);
    }
    let mut some = [0; 4096];
    let count = retry_on_intr(|| read(input, &mut some))?;
    bytes.extend_from_slice(&some[..count]);
    Ok(count > 0)
}

/// Tells answers from text; keys that are no text are dropped, as nothing can be done with them now.
fn decode(bytes: &[u8]) -> Came {
    let text = String::from_utf8_lossy(bytes);
    let mut came = Came::default();
    let mut rest = text.as_ref();
    let mut pasting = false;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\x1b' => {
                let length = sequence(rest);
                let whole = rest[..length].trim_end_matches(['\x07', '\\', '\x1b']);
                if whole.starts_with("]11;") || (whole.starts_with("[?") && whole.ends_with('c')) {
                    came.answers.push(whole.to_owned());
                }
                pasting = whole == PASTE_BEGINS || pasting && whole != PASTE_ENDS;
                rest = &rest[length..];
            }
            '\x7f' | '\x08' => drop(came.typed.pop()),
            '\r' | '\n' => came.typed.push(if pasting { PASTED } else { '\n' }),
            '\t' if pasting => came.typed.push('\t'),
            // Linux hands a Ctrl-D that came while lines were read on as a zero.
            CTRL_D | '\0' => came.typed.push(CTRL_D),
            c if !c.is_control() => came.typed.push(c),
            _ => {}
        }
    }
    came
}

/// Bytes of a sequence behind its Escape.
fn sequence(text: &str) -> usize {
    let mut chars = text.char_indices();
    match chars.next() {
        Some((_, '[')) => chars.find(|(_, c)| ('@'..='~').contains(c)).map_or(text.len(), |(at, c)| at + c.len_utf8()),
        Some((_, ']')) => {
            let bell = text.find('\x07').map(|at| at + 1);
            let string = text.find("\x1b\\").map(|at| at + 2);
            bell.into_iter().chain(string).min().unwrap_or(text.len())
        }
        Some((_, 'O')) => chars.next().map_or(1, |(at, c)| at + c.len_utf8()),
        Some((_, c)) => c.len_utf8(),
        None => 0,
    }
}

/// Reads `rgb:ffff/ffff/ffff`.
fn color_of(text: &str) -> Option<[f64; 3]> {
    let parts = text.strip_prefix("rgb:").or_else(|| text.strip_prefix("rgba:"))?.split('/');
    let part = |part: &str| {
        let most = 16_f64.powi(i32::try_from(part.len()).ok()?) - 1.0;
        Some(f64::from(u32::from_str_radix(part, 16).ok()?) / most)
    };
    let parts: Vec<f64> = parts.map(part).collect::<Option<_>>()?;
    parts.get(..3)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_of_any_depth_are_read() {
        assert_eq!(color_of("rgb:ffff/0000/ffff"), Some([1.0, 0.0, 1.0]));
        assert_eq!(color_of("rgba:ff/00/ff/80"), Some([1.0, 0.0, 1.0]));
        assert_eq!(color_of("rgb:zz/0/0"), None);
        assert_eq!(color_of("white"), None);
    }

    #[test]
    fn answers_are_told_from_what_is_typed() {
        let came = decode("1\x1b]11;rgb:ff/ff/ff\x1b\\ +\x1b[A ä\x1b[?62;4cx\x7f\r".as_bytes());
        assert_eq!(came.typed, "1 + ä\n");
        let said: Vec<_> = came.answers.iter().map(|answer| meaning(answer)).collect();
        assert_eq!(said, [Some(Answer::Theme(Theme::Light)), Some(Answer::Sixel(true))]);
        assert_eq!(decode(b"\x1b]11;rgb:0/0/0\x07a\x1b").typed, "a");
        assert_eq!(decode(b"1\n\0\x01").typed, "1\n\x04");
        assert!(is_pasting(b"\x1b[200~1\x1b[201~\r\x1b[200~2"));
        assert!(!is_pasting(b"1\x1b[200~1\x1b[201~\r") && !is_pasting(b"1\r"));
        let came = decode(b"1\t\n\x1b[200~fn f() {\r\t2\n}\r\x1b[201~\rf()\r");
        assert_eq!(came.typed, "1\nfn f() {\x1e\t2\x1e}\x1e\nf()\n");
    }
}
