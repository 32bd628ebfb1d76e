//! Tables of the terminal: columns that fit, a dim head.

use crate::terminal::{Style, Terminal, shortened};
use unicode_width::UnicodeWidthStr;

/// Narrowest that a column becomes so that a table fits.
const NARROWEST: usize = 12;
/// Between two columns.
const GAP: &str = "  ";

/// The rows below a head. On a terminal the widest columns are shortened until the table fits; elsewhere nothing is.
pub(super) fn table(head: &[&str], rows: &[Vec<String>], terminal: &Terminal) -> String {
    let mut widths: Vec<usize> = head.iter().map(|title| title.width()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    if terminal.reads_out() {
        fit(&mut widths, terminal.width);
    }
    let titles: Vec<String> = head.iter().map(|title| (*title).to_owned()).collect();
    let mut out = terminal.paint_out(Style::Dim, &line(&titles, &widths)) + "\n";
    for row in rows {
        out.push_str(&line(row, &widths));
        out.push('\n');
    }
    out
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let cell = |(cell, width): (&String, &usize)| {
        let cell = if cell.width() > *width { shortened(cell, *width) } else { cell.clone() };
        let space = " ".repeat(width.saturating_sub(cell.width()));
        cell + &space
    };
    cells.iter().zip(widths).map(cell).collect::<Vec<_>>().join(GAP).trim_end().to_owned()
}

fn fit(widths: &mut [usize], room: usize) {
    let gaps = GAP.len() * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > room {
        match widths.iter_mut().max() {
            Some(widest) if *widest > NARROWEST => *widest -= 1,
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_become_narrower_until_they_fit() {
        let mut widths = [4, 60, 30];
        fit(&mut widths, 60);
        assert_eq!(widths.iter().sum::<usize>() + 4, 60);
        assert_eq!(widths[0], 4);
        let mut narrow = [12, 12, 12];
        fit(&mut narrow, 10);
        assert_eq!(narrow, [12, 12, 12]);
    }

    #[test]
    fn rows_stand_in_columns() {
        let rows = [vec!["read".to_owned(), "-".to_owned()], vec!["größer".to_owned(), "x".to_owned()]];
        let terminal = Terminal { color: false, ..Terminal::detect() };
        assert_eq!(table(&["stage", "takes"], &rows, &terminal), "stage   takes\nread    -\ngrößer  x\n");
    }
}
