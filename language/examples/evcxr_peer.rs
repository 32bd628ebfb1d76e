//! A peer of the language service: evcxr's own completion, which is asked as the service is.
//!
//! Each line of the input is a JSON value `{"text": .., "at": ..}`: Rust code, with `:dep` lines before it, and a byte of it.
//! Each line of the output is `{"names": [..]}` in evcxr's order, or `{"error": ".."}`. Nothing is compiled or run. What is
//! compared, and how, says `bench/language/README.md`.

use evcxr::CommandContext;
use serde_json::{Value, json};
use std::io::{self, Write as _};

/// As much stack as the language service has: type checkers call themselves for each bracket that is open.
const STACK: usize = 512 << 20;

fn main() {
    // evcxr starts this program again as the process that cells run in.
    evcxr::runtime_hook();
    let serving = std::thread::Builder::new().stack_size(STACK).spawn(|| serve().map_err(|error| error.to_string()));
    let ended = serving.map(std::thread::JoinHandle::join);
    assert!(matches!(ended, Ok(Ok(Ok(())))), "{ended:?}");
}

fn serve() -> Result<(), Box<dyn std::error::Error>> {
    let (mut context, _outputs) = CommandContext::new()?;
    context.execute(":offline 1")?;
    let mut output = io::stdout().lock();
    writeln!(output, "{}", json!({"names": []}))?;
    output.flush()?;
    for line in io::stdin().lines() {
        let asked: Value = serde_json::from_str(&line?)?;
        writeln!(output, "{}", answer(&mut context, &asked))?;
        output.flush()?;
    }
    Ok(())
}

fn answer(context: &mut CommandContext, asked: &Value) -> Value {
    let text = asked["text"].as_str().unwrap_or_default();
    let at = asked["at"].as_u64().and_then(|at| usize::try_from(at).ok()).unwrap_or_default();
    match context.completions(text, at) {
        Ok(found) => {
            let names: Vec<&String> = found.completions.iter().map(|one| &one.label).collect();
            json!({"names": names})
        }
        Err(error) => json!({"error": error.to_string()}),
    }
}
