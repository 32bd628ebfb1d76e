//! What holds values shows them: results, options, lists, pointers.

use crate::bundle::{Bundle, escape_html};
use crate::display::Display;
use crate::{error, registry};
use std::borrow::Cow;
use std::fmt::{Debug, Write as _};
use std::rc::Rc;
use std::sync::Arc;

/// Elements of a list that are shown.
const SHOWN: usize = 20;

impl Display for Bundle {
    fn bundle(&self) -> Bundle {
        self.clone()
    }
}

macro_rules! pointer { // one body for what leads to a value
    ($($pointer:ty),+) => { $(
        impl<T: Display + ?Sized> Display for $pointer {
            fn bundle(&self) -> Bundle {
                (**self).bundle()
            }
        }
    )+ };
}
pointer!(&T, &mut T, Box<T>, Rc<T>, Arc<T>);

impl<T: Display + ToOwned + ?Sized> Display for Cow<'_, T> {
    fn bundle(&self) -> Bundle {
        (**self).bundle()
    }
}

impl<T: Display> Display for Option<T> {
    fn bundle(&self) -> Bundle {
        self.as_ref().map_or_else(none, Display::bundle)
    }
}

impl<T: Display, E: Debug> Display for Result<T, E> {
    fn bundle(&self) -> Bundle {
        self.as_ref().map_or_else(failed, Display::bundle)
    }
}

impl<T: Display> Display for [T] {
    fn bundle(&self) -> Bundle {
        list(self.len(), &|i| self[i].bundle())
    }
}

impl<T: Display> Display for Vec<T> {
    fn bundle(&self) -> Bundle {
        self.as_slice().bundle()
    }
}

impl<T: Display, const N: usize> Display for [T; N] {
    fn bundle(&self) -> Bundle {
        self.as_slice().bundle()
    }
}

/// What holds values of a type that shows itself by the registry alone, as frames and tensors do.
pub trait Holds {
    /// The value as its parts show themselves; `None` if the registry knows none of them.
    fn shown(&self) -> Option<Bundle>;
}

impl<T> Holds for Option<T> {
    fn shown(&self) -> Option<Bundle> {
        match self {
            Some(value) => registry::show_borrowed(value),
            None => Some(none()),
        }
    }
}

impl<T, E: Debug> Holds for Result<T, E> {
    fn shown(&self) -> Option<Bundle> {
        match self {
            Ok(value) => registry::show_borrowed(value),
            Err(error) => Some(failed(error)),
        }
    }
}

impl<T> Holds for Vec<T> {
    fn shown(&self) -> Option<Bundle> {
        // All are of one type: the registry knows all of them or none.
        registry::show_borrowed(self.first()?)?;
        Some(list(self.len(), &|i| registry::show_borrowed(&self[i]).unwrap_or_default()))
    }
}

macro_rules! holds { // as above
    ($($pointer:ty),+) => { $(
        impl<T> Holds for $pointer {
            fn shown(&self) -> Option<Bundle> {
                registry::show_borrowed::<T>(self)
            }
        }
    )+ };
}
holds!(Box<T>, Rc<T>, Arc<T>, &T);

/// `None`.
pub fn none() -> Bundle {
    Bundle::text("None")
}

/// An error of a type of which only its `Debug` is known at compile time.
pub fn failed<E: Debug>(error: &E) -> Bundle {
    match registry::with_any(error, error::known_chain) {
        Some(chain) => failure(&chain),
        None => failure(&[format!("{error:?}")]),
    }
}

/// An error: its message, then its causes.
pub fn failure(chain: &[String]) -> Bundle {
    let text = format!("Err: {}", chain.join("\ncaused by: "));
    let html = format!(
        "<pre class=\"ironbook-error\" style=\"margin:0;padding:4px 10px;white-space:pre-wrap;font-family:var(--jp-code-font-family,monospace);background:transparent;\
         border-left:3px solid var(--jp-error-color1,#d9534f);color:var(--jp-error-color1,#d9534f)\">{}</pre>",
        escape_html(&text)
    );
    Bundle::text(text).html(html)
}

/// Several values, each with its number.
fn list(len: usize, part: &dyn Fn(usize) -> Bundle) -> Bundle {
    let (mut text, mut html, mut rich) = (Vec::new(), String::new(), false);
    for i in 0..len.min(SHOWN) {
        let bundle = part(i);
        rich |= bundle.data.len() > 1;
        let plain = bundle.plain();
        text.push(if plain.contains('\n') { format!("[{i}]\n{plain}") } else { format!("[{i}] {plain}") });
        // Writing to a String cannot fail.
        let _ = write!(
            html,
            "<div style=\"display:flex;gap:10px;margin:0 0 8px\"><span style=\"opacity:.6\">[{i}]</span>\
             <div style=\"min-width:0\">{}</div></div>",
            fragment(&bundle)
        );
    }
    if len > SHOWN {
        let more = format!("and {} more", len - SHOWN);
        let _ = write!(html, "<p style=\"opacity:.8\">{more}</p>");
        text.push(more);
    }
    if len == 0 {
        return Bundle::text("[]");
    }
    let bundle = Bundle::text(text.join("\n"));
    if rich { bundle.html(format!("<div class=\"ironbook-list\">{html}</div>")) } else { bundle }
}

/// A bundle as a part of an HTML page.
pub(crate) fn fragment(bundle: &Bundle) -> String {
    if let Some(html) = bundle.get("text/html").or_else(|| bundle.get("image/svg+xml")) {
        return html.to_owned();
    }
    let image =
        ["image/png", "image/jpeg", "image/gif", "image/webp"].into_iter().find_map(|m| Some((m, bundle.get(m)?)));
    match image {
        Some((mime, base64)) => {
            let width = bundle.metadata.get(mime).and_then(|of| of.get("width")).and_then(serde_json::Value::as_u64);
            let width = width.map_or_else(String::new, |width| format!(" width=\"{width}\""));
            format!("<img alt=\"\"{width} src=\"data:{mime};base64,{}\">", escape_html(base64))
        }
        None => format!(
            "<pre style=\"margin:0;background:transparent;font-family:var(--jp-code-font-family,monospace)\">{}</pre>",
            escape_html(bundle.plain())
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::display::{Html, Markdown, Svg};

    #[test]
    fn pointers_and_options_show_what_they_lead_to() {
        let html = Html::new("<b>x</b>");
        let expected = html.bundle();
        assert_eq!(Box::new(html.clone()).bundle(), expected);
        assert_eq!(Rc::new(Some(html.clone())).bundle(), expected);
        assert_eq!(Some(Arc::new(html.clone())).bundle(), expected);
        assert_eq!(Ok::<_, String>(&html).bundle(), expected);
        let boxed: Box<dyn Display> = Box::new(html);
        assert_eq!(boxed.bundle(), expected);
        assert_eq!(None::<Html>.bundle().plain(), "None");
    }

    #[test]
    fn errors_show_their_causes_escaped() {
        let io: Result<Html, std::io::Error> = Err(std::io::Error::other("<script>"));
        let bundle = io.bundle();
        assert_eq!(bundle.plain(), "Err: <script>");
        let html = bundle.get("text/html").unwrap();
        assert!(html.contains("&lt;script&gt;") && !html.contains("<script"), "{html}");
        let boxed: Result<Html, Box<dyn std::error::Error>> = Err("no such airport".into());
        assert_eq!(boxed.bundle().plain(), "Err: no such airport");
        assert_eq!(Err::<Html, u8>(7).bundle().plain(), "Err: 7");
        assert_eq!(failure(&["a".into(), "b".into()]).plain(), "Err: a\ncaused by: b");
    }

    #[test]
    fn lists_show_their_elements_and_count_the_rest() {
        let many: Vec<Markdown> = (0..23).map(|i| Markdown::new(format!("**{i}**"))).collect();
        let bundle = many.bundle();
        assert!(bundle.plain().starts_with("[0] **0**\n[1] **1**\n") && bundle.plain().ends_with("\nand 3 more"));
        assert!(bundle.get("text/html").unwrap().contains("<pre"));
        let drawn = [Svg::new("<svg/>"), Svg::new("<svg/>")].bundle();
        assert_eq!(drawn.get("text/html").unwrap().matches("<svg/>").count(), 2);
        assert_eq!(Vec::<Svg>::new().bundle(), Bundle::text("[]"));
    }
}
