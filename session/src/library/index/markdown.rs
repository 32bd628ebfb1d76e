//! Markdown from the HTML that rustdoc writes: just the elements that documentation is made of.

/// Text without tags, entities resolved.
pub fn text(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    for event in Events(html) {
        if let Event::Text(text) = event {
            push_unescaped(text, &mut out);
        }
    }
    out
}

/// Documentation as Markdown.
pub fn markdown(html: &str) -> String {
    let mut writer = Writer::default();
    for event in Events(html) {
        match event {
            Event::Text(text) => writer.text(text),
            Event::Open(tag) => writer.open(tag),
            Event::Close(tag) => writer.close(tag),
        }
    }
    writer.finish()
}

enum Event<'a> {
    Text(&'a str),
    /// What stands between `<` and `>`.
    Open(&'a str),
    /// The tag's name.
    Close(&'a str),
}

struct Events<'a>(&'a str);

impl<'a> Iterator for Events<'a> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        let Some(tag) = self.0.strip_prefix('<') else {
            let end = self.0.find('<').unwrap_or(self.0.len());
            let (text, rest) = self.0.split_at(end);
            self.0 = rest;
            return (!text.is_empty()).then_some(Event::Text(text));
        };
        let end = tag.find('>').unwrap_or(tag.len());
        self.0 = tag.get(end + 1..).unwrap_or("");
        let tag = &tag[..end];
        Some(tag.strip_prefix('/').map_or(Event::Open(tag), Event::Close))
    }
}

#[derive(Default)]
struct Writer {
    out: String,
    /// Inside a block of code, where line ends count.
    code: bool,
    /// Links that belong to the page and not to the text: section signs, "Read more".
    skipped: bool,
    lists: usize,
}

impl Writer {
    fn text(&mut self, text: &str) {
        if self.skipped {
            return;
        }
        if self.code {
            return push_unescaped(text, &mut self.out);
        }
        let mut plain = String::new();
        push_unescaped(text, &mut plain);
        for (number, word) in plain.split(char::is_whitespace).enumerate() {
            if number > 0 && !self.out.ends_with([' ', '\n']) && !self.out.is_empty() {
                self.out.push(' ');
            }
            self.out.push_str(word);
        }
    }

    fn open(&mut self, tag: &str) {
        let name = tag.split_whitespace().next().unwrap_or("");
        match name {
            "p" | "div" | "table" | "blockquote" if self.lists == 0 => self.blank_line(),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.blank_line();
                self.out.push_str("### ");
            }
            "pre" => {
                self.blank_line();
                let language = if tag.contains("rust") { "```rust\n" } else { "```text\n" };
                self.out.push_str(language);
                self.code = true;
            }
            "code" if !self.code => self.out.push('`'),
            "em" | "i" if !self.code => self.out.push('*'),
            "strong" | "b" if !self.code => self.out.push_str("**"),
            "ul" | "ol" => self.lists += 1,
            "li" => {
                self.line();
                let indent = "  ".repeat(self.lists.saturating_sub(1));
                self.out.push_str(&indent);
                self.out.push_str("* ");
            }
            "tr" | "br" => self.line(),
            "td" | "th" => self.out.push_str(if self.out.ends_with('\n') { "| " } else { " | " }),
            "a" => self.skipped = tag.contains("doc-anchor") || tag.contains("tooltip"),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "p" | "div" if self.lists == 0 && !self.code => self.blank_line(),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.blank_line(),
            "pre" => {
                self.code = false;
                self.line();
                self.out.push_str("```");
                self.blank_line();
            }
            "code" if !self.code => self.out.push('`'),
            "em" | "i" if !self.code => self.out.push('*'),
            "strong" | "b" if !self.code => self.out.push_str("**"),
            "ul" | "ol" => {
                self.lists = self.lists.saturating_sub(1);
                self.line();
            }
            "a" => self.skipped = false,
            _ => {}
        }
    }

    fn line(&mut self) {
        while self.out.ends_with(' ') {
            self.out.pop();
        }
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }

    fn blank_line(&mut self) {
        self.line();
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    fn finish(self) -> String {
        let text = self.out.trim();
        text.strip_suffix("Read more").unwrap_or(text).trim_end().to_owned()
    }
}

/// Adds text with its entities resolved.
fn push_unescaped(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find(';').filter(|end| *end < 10);
        let entity = end.and_then(|end| Some((end, resolve(&rest[1..end])?)));
        let (length, c) = entity.map_or((1, '&'), |(end, c)| (end + 1, c));
        out.push(c);
        rest = &rest[length..];
    }
    out.push_str(rest);
}

fn resolve(entity: &str) -> Option<char> {
    Some(match entity {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "nbsp" => ' ',
        _ => {
            let number = entity.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    })
}

/// The first sentence of a line; the points of abbreviations end none.
pub fn first_sentence(line: &str) -> &str {
    const ABBREVIATIONS: [&str; 5] = ["e.g.", "i.e.", "vs.", "cf.", "etc."];
    let ends = |at: &usize| *at > 12 && !ABBREVIATIONS.iter().any(|short| line[..*at].ends_with(short));
    let end = line.match_indices(". ").map(|(at, _)| at + 1).find(ends);
    end.map_or(line, |end| &line[..end])
}

/// The first sentence of Markdown, on one line.
pub fn summary(markdown: &str) -> String {
    let paragraph = markdown.split("\n\n").next().unwrap_or("");
    if paragraph.starts_with("```") || paragraph.starts_with('#') || paragraph.starts_with('|') {
        return String::new();
    }
    let line = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut line = first_sentence(&line).to_owned();
    if line.len() > 160 {
        let cut = line.char_indices().map(|(at, _)| at).take_while(|at| *at <= 157).last().unwrap_or(0);
        line.truncate(cut);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documentation_reads_as_it_was_written() {
        let html = "<p>Appends an <a href=\"x\"><code>T</code></a> &amp; goes\non. See it.</p>\n<h5 id=\"p\">\
                    <a class=\"doc-anchor\" href=\"#p\">§</a>Panics</h5><ul><li>if <em>full</em></li><li>else</li></ul>\
                    <div class=\"example-wrap\"><pre class=\"rust rust-example-rendered\"><code>let <span class=\"k\">mut</span> a = 1;\n\
                    a &lt; 2;</code></pre></div>";
        let text = markdown(html);
        assert_eq!(
            text,
            "Appends an `T` & goes on. See it.\n\n### Panics\n\n* if *full*\n* else\n\n```rust\nlet mut a = 1;\na < 2;\n```"
        );
        assert_eq!(summary(&text), "Appends an `T` & goes on.");
        assert_eq!(
            summary("Set the height (i.e. number of rows) of it. Safe."),
            "Set the height (i.e. number of rows) of it."
        );
        assert_eq!(markdown("Clones. <a href=\"y\">Read more</a>"), "Clones.");
        assert_eq!(super::text("a&#39;b&bogus; &x"), "a'b&bogus; &x");
    }
}
