//! Scripts and notebooks, there and back again: nothing that both can hold is lost.

use ironbook_magics::notebook::Notebook;
use ironbook_magics::script::{self, CellKind, Script, ScriptCell};
use ironbook_magics::{convert, is_magic_line};
use serde_json::{Map, Value, json};

/// Numbers that are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }

    /// Any character of Unicode, those that matter more often.
    fn char(&mut self) -> char {
        match self.below(4) {
            0 => ['\r', '\t', ' ', '/', '%', '"', '\\', '\u{85}', '\u{2028}', '\u{b}', '\u{c}', '\u{feff}', '\0', '#']
                [self.below(14)],
            1 => ['ä', '漢', '🦀', '\u{301}', '\u{200d}', '\u{1f1e9}'][self.below(6)],
            2 => char::from(b' ' + u8::try_from(self.below(95)).unwrap()),
            _ => (0..).find_map(|_| char::from_u32(u32::try_from(self.below(0x11_0000)).unwrap())).unwrap(),
        }
    }

    fn text(&mut self, longest: usize) -> String {
        (0..self.below(longest + 1)).map(|_| self.char()).collect()
    }

    fn line(&mut self) -> String {
        const LINES: &[&str] = &[
            "// %%",
            "//%%",
            "// %% x",
            "  // %% x",
            "// // %% x",
            "//  %%\tx",
            "// %%\r",
            "%% x",
            "%%time",
            "// %%time",
            "// // %%bash",
            "// %%Time",
            "%time x",
            "  // %time x",
            "// !ls",
            "!ls -l",
            ":dep rand = \"0.9\"",
            "// :dep rand",
            "// :t x",
            "",
            " ",
            "\t",
            "\r",
            "let x = r#\"",
            "\"#;",
            "//",
            "///",
            "//! %% x",
            "// ---",
            "// jupyter: {\"a\": 1}",
            "#!/usr/bin/env",
            "/*",
            "*/",
            "name?",
            "# title",
            "- %% item",
            "//x",
            "// a",
            "日本",
        ];
        match self.below(3) {
            0 => self.text(12),
            _ => self.of(LINES).to_owned(),
        }
    }

    fn source(&mut self) -> String {
        let lines: Vec<String> = (0..self.below(6)).map(|_| self.line()).collect();
        lines.join(self.of(&["\n", "\n", "\r\n"]))
    }

    fn value(&mut self) -> Value {
        match self.below(6) {
            0 => json!(self.text(5)),
            1 => json!(self.below(100)),
            2 => json!(-0.5),
            3 => json!({"a b": [1, self.text(3)], "": null}),
            4 => json!(self.of(&["tags=[1]", "x y=1", "[raw]"])),
            _ => json!(self.below(2) == 0),
        }
    }

    fn cell(&mut self) -> ScriptCell {
        const TITLES: &[&str] = &[
            "Fit",
            "a b",
            "a  b",
            " x",
            "",
            "parameters",
            "[raw]",
            "n=3",
            "tags=[1] y",
            "x \"k\"=1",
            "a\nb",
            "%% x",
            "[md] y",
        ];
        const KEYS: &[&str] = &["a", "x.y", "a b", "", "1a", "-", "Ünicode", "name", "jupyter", "é\"\n", "lines"];
        let kind = [CellKind::Code, CellKind::Code, CellKind::Markdown, CellKind::Raw][self.below(4)];
        let title = match self.below(3) {
            0 => None,
            1 => Some(self.of(TITLES).to_owned()),
            _ => Some(self.text(8)),
        };
        let mut tags: Vec<String> = Vec::new();
        for _ in 0..self.below(3) {
            let tag =
                if self.below(2) == 0 { self.of(&["parameters", "slow", "a,b"]).to_owned() } else { self.text(4) };
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        let mut metadata = Map::new();
        for _ in 0..self.below(3) {
            metadata.insert(self.of(KEYS).to_owned(), self.value());
        }
        ScriptCell { kind, title, tags, metadata, source: self.source(), line: 0 }
    }

    fn script(&mut self) -> Script {
        const HEADINGS: &[&str] =
            &["", "", "//! About.", "#!/usr/bin/env ironbook\n// more", "#!/bin/x", "// a\n\n// b", "// // %% no cell"];
        let mut metadata = Map::new();
        for _ in 0..self.below(2) {
            metadata.insert(self.of(&["title", "authors", "kernelspec"]).to_owned(), self.value());
        }
        let cells = (0..self.below(5)).map(|_| self.cell()).collect();
        Script { heading: self.of(HEADINGS).to_owned(), metadata, cells }
    }
}

/// Where a cell stands is no part of it.
fn unplaced(mut script: Script) -> Script {
    script.cells.iter_mut().for_each(|cell| cell.line = 0);
    script
}

fn again(notebook: &Notebook) -> Notebook {
    let (script, _) = convert::script(notebook);
    convert::notebook(&script::read(&script::write(&script)))
}

#[test]
fn a_written_script_is_read_as_the_same_cells() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for round in 0..20_000 {
        let script = dice.script();
        let text = script::write(&script);
        let read = unplaced(script::read(&text));
        assert_eq!(read, script, "round {round}:\n{text}");
        assert_eq!(script::write(&read), text, "round {round}");
    }
}

#[test]
fn any_text_becomes_stable_once_it_was_read() {
    let mut dice = Dice(7);
    for round in 0..20_000 {
        let text: String = (0..dice.below(9)).map(|_| dice.line() + "\n").collect();
        let script = unplaced(script::read(&text));
        let written = script::write(&script);
        assert_eq!(unplaced(script::read(&written)), script, "round {round}:\n{text}\nwritten:\n{written}");
    }
}

#[test]
fn scripts_and_notebooks_turn_into_each_other_without_loss() {
    let mut dice = Dice(42);
    for round in 0..5_000 {
        let script = dice.script();
        let notebook = convert::notebook(&script);
        let (back, _) = convert::script(&notebook);
        // What a notebook says by itself (kernel, language) is no news of a script's.
        assert_eq!((&back.heading, &back.cells), (&script.heading, &script.cells), "round {round}");
        assert_eq!(again(&notebook), unlined(notebook), "round {round}");
    }
}

fn unlined(mut notebook: Notebook) -> Notebook {
    let lines: Vec<Option<usize>> = again(&notebook).cells.iter().map(|cell| cell.line).collect();
    notebook.cells.iter_mut().zip(lines).for_each(|(cell, line)| cell.line = line);
    notebook
}

#[test]
fn added_cells_follow_the_ones_before() {
    let mut dice = Dice(3);
    for round in 0..5_000 {
        let (before, added) = (dice.script(), dice.script().cells);
        let text = script::append(&script::write(&before), &added);
        let cells: Vec<ScriptCell> = before.cells.into_iter().chain(added).collect();
        assert_eq!(unplaced(script::read(&text)).cells, cells, "round {round}:\n{text}");
    }
}

#[test]
fn a_notebook_keeps_what_a_script_can_hold() {
    let notebook = json!({
        "cells": [
            {"cell_type": "markdown", "id": "a", "metadata": {"slideshow": {"slide_type": "slide"}}, "source": "# %%\n\nx\n"},
            {"cell_type": "code", "id": "b", "metadata": {"tags": ["parameters"], "collapsed": true}, "execution_count": 4,
             "outputs": [{"output_type": "stream", "name": "stdout", "text": "1"}], "source": "let a = r\"\n// %% x\n\";\n"},
        ],
        "metadata": {"authors": [{"name": "A"}], "kernelspec": {"name": "ironbook", "display_name": "I", "language": "rust"}},
        "nbformat": 4, "nbformat_minor": 5,
    });
    let notebook = Notebook::parse(&notebook.to_string()).unwrap();
    let (script, left) = convert::script(&notebook);
    assert_eq!((left.outputs, left.attachments), (1, 0));
    let text = script::write(&script);
    let expected = "// ---\n// jupyter: {\"authors\":[{\"name\":\"A\"}]}\n// ---\n\n\
                    // %% [markdown] slideshow={\"slide_type\":\"slide\"}\n// # %%\n//\n// x\n//\n\n\
                    // %% tags=[\"parameters\"] exact_lines=true\nlet a = r\"\n// // %% x\n\";\n\n\n";
    assert_eq!(text, expected);
    let back = convert::notebook(&script::read(&text));
    assert_eq!(back.cells[1].source(), notebook.cells[1].source());
    assert!(back.cells[1].has_tag("parameters"));
    assert_eq!(back.metadata().unwrap()["authors"], json!([{"name": "A"}]));
    assert_eq!(back.cells[0].said().unwrap()["slideshow"]["slide_type"], "slide");
}

#[test]
fn words_of_a_title_that_look_like_options_stay_words() {
    let cell = |header: &str| script::parse(&format!("{header}\n1")).remove(0);
    let read = cell("// %% Depth=6 or more");
    assert_eq!((read.title.as_deref(), read.metadata.len()), (Some("Depth=6 or more"), 0));
    let read = cell("// %% Fit [markdown] depth=6 name=\"a b\" \"odd key\"=[1]");
    assert_eq!((read.title.as_deref(), read.kind), (Some("Fit"), CellKind::Markdown));
    assert_eq!(Value::Object(read.metadata), json!({"depth": 6, "name": "a b", "odd key": [1]}));
    let long = format!("// %% {}", "a=1 ".repeat(50_000) + "end");
    assert!(cell(&long).title.unwrap().ends_with("a=1 end"));
    assert!(is_magic_line("%save a.rs"));
}
