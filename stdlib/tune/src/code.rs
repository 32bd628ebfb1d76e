//! Code that was tried, with the values of a trial in place of its questions.

use crate::distribution::Distribution;
use crate::record::{Param, TrialRecord};

/// A piece of code that was tried: text, and the question for a parameter behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Text as it stands.
    pub text: &'a str,
    /// Name of the parameter that is asked for after it; empty at the end.
    pub param: &'a str,
    /// The choices as the code writes them, if it lists them.
    pub choices: &'a [&'a str],
    /// Whether a method is called on the answer, so that the number needs its type.
    pub receives: bool,
}

/// Code that asks a trial for parameters, taken apart at these questions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Code<'a> {
    /// The pieces, in order.
    pub pieces: &'a [Piece<'a>],
    /// Whether `trial` is mentioned besides.
    pub asks_more: bool,
}

impl Code<'_> {
    /// The code with a trial's values in it.
    ///
    /// What the trial was never asked stands in branches that it did not take. Code that needs a `trial` besides (in loops,
    /// for reports) gets one that answers with the same values.
    pub fn filled(&self, trial: &TrialRecord) -> String {
        if self.pieces.is_empty() {
            return Self::lines(trial);
        }
        let mut code = String::new();
        if self.asks_more {
            code.push_str(&format!("let trial = &{};\n", fixed(trial)));
        }
        for piece in self.pieces {
            code.push_str(piece.text);
            if !piece.param.is_empty() {
                let known = trial.params().iter().find(|param| param.name() == piece.param);
                code.push_str(&match known {
                    Some(param) => literal(param, piece),
                    None => format!("unreachable!({:?})", format!("\"{}\" was not asked for", piece.param)),
                });
            }
        }
        code.trim().to_owned()
    }

    /// A `let` for each parameter of a trial.
    pub fn lines(trial: &TrialRecord) -> String {
        let line = |param: &Param| match is_name(param.name()) {
            true => format!("let {} = {};", param.name(), param.value().to_rust()),
            false => format!("// {:?} = {}", param.name(), param.value().to_rust()),
        };
        trial.params().iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// Whether Rust takes it as the name of a variable.
fn is_name(name: &str) -> bool {
    let fits = |c: char| c == '_' || c.is_ascii_alphanumeric();
    const KEYWORDS: &str = " as break const continue crate dyn else enum extern false fn for if impl in let loop match mod move \
                            mut pub ref return self Self static struct super trait true type unsafe use where while async await \
                            abstract become box do final gen macro override priv try typeof unsized virtual yield _ ";
    name.chars().all(fits)
        && name.starts_with(|c: char| !c.is_ascii_digit())
        && !KEYWORDS.contains(&format!(" {name} "))
}

/// Letters of parameters that stand in one line.
const LINE: usize = 80;

/// A trial that answers with another's values.
fn fixed(trial: &TrialRecord) -> String {
    let typed = |param: &Param| match param.value().to_rust().as_str() {
        "None" => "None::<bool>".to_owned(),
        text => text.to_owned(),
    };
    let pairs: Vec<String> = trial
        .params()
        .iter()
        .map(|param| format!("({:?}, tune::ParamValue::from({}))", param.name(), typed(param)))
        .collect();
    match pairs.join(", ") {
        line if line.len() <= LINE => format!("tune::Trial::fixed([{line}])"),
        _ => format!("tune::Trial::fixed([\n    {},\n])", pairs.join(",\n    ")),
    }
}

fn literal(param: &Param, piece: &Piece<'_>) -> String {
    if let Distribution::Categorical { .. } = param.distribution()
        && let Some(choice) = piece.choices.get(param.internal() as usize)
    {
        return (*choice).to_owned();
    }
    let value = param.value();
    let mut text = value.to_rust();
    if piece.receives && value.as_f64().is_some() && value.as_i64().is_none() {
        text.push_str("_f64");
    }
    if text.starts_with('-') { format!("({text})") } else { text }
}
