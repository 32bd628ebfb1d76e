//! Outputs that come between cells, from threads that outlived theirs: kept for the next cell, within bounds.

use ironbook_session::Event;

/// Most of the text that is kept, its end.
const TEXT: usize = 256 << 10;
/// Most of the other outputs that are kept, the newest.
const OTHERS: usize = 50;

/// What has come since the last cell.
#[derive(Debug, Default)]
pub struct Late {
    events: Vec<Event>,
}

impl Late {
    /// Adds an output.
    pub fn push(&mut self, event: Event) {
        match (self.events.last_mut(), event) {
            (Some(Event::Stdout(text)), Event::Stdout(more)) | (Some(Event::Stderr(text)), Event::Stderr(more)) => {
                text.push_str(&more);
                if text.len() > 2 * TEXT {
                    let from = text.len() - TEXT;
                    let cut = (from..).find(|at| text.is_char_boundary(*at)).unwrap_or(from);
                    text.replace_range(..cut, "[earlier text of a background thread left out]\n");
                }
            }
            (_, event) => self.events.push(event),
        }
        if self.events.len() > OTHERS {
            self.events.remove(0);
        }
    }

    /// All of it.
    pub fn take(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_joined_and_bounded_and_order_is_kept() {
        let mut late = Late::default();
        (0..100_000).for_each(|number| late.push(Event::Stdout(format!("line {number}\n"))));
        late.push(Event::Note("x".into()));
        late.push(Event::Stdout("end".into()));
        let events = late.take();
        let Event::Stdout(text) = &events[0] else { panic!("{events:?}") };
        assert!(text.len() <= 2 * TEXT && text.starts_with("[earlier") && text.ends_with("line 99999\n"));
        assert_eq!(events[1..], [Event::Note("x".into()), Event::Stdout("end".into())]);
        (0..1000).for_each(|number| late.push(Event::Note(number.to_string())));
        assert_eq!(late.take().len(), OTHERS);
    }
}
