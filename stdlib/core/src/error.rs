//! What ends a cell early: the error that `?` carries out of it, with its chain of causes.

use std::any::Any;
use std::error::Error;

/// The error type of cells: anything that can be displayed becomes one through `?`.
///
/// `From` asks for `Display` only, so `Box<dyn Error + Send + Sync>` and `String` work as well; the chain of
/// causes is recovered for error types that the library registered with [`register_chain`].
#[derive(Debug)]
pub struct CellError {
    /// Type of the error, as `std::any::type_name` prints it.
    pub type_name: &'static str,
    /// The message, then its causes from outer to inner.
    pub chain: Vec<String>,
    /// Whether this is the library saying that it was interrupted.
    pub interrupted: bool,
}

impl<E: std::fmt::Display + 'static> From<E> for CellError {
    fn from(error: E) -> Self {
        let mut chain = vec![error.to_string()];
        let any: &dyn Any = &error;
        causes(any, &mut chain);
        let interrupted = any.is::<crate::interrupt::Interrupted>()
            || chain.last().is_some_and(|last| last == "interrupted") && crate::interrupt::requested();
        CellError { type_name: std::any::type_name::<E>(), chain, interrupted }
    }
}

type ChainFn = fn(&dyn Any) -> Option<&(dyn Error + 'static)>;

static CHAINS: std::sync::RwLock<Vec<ChainFn>> = std::sync::RwLock::new(Vec::new());

/// Lets errors of type `E` show their causes when `?` carries them out of a cell.
pub fn register_chain<E: Error + 'static>() {
    let mut chains = CHAINS.write().unwrap_or_else(std::sync::PoisonError::into_inner);
    chains.push(|any| any.downcast_ref::<E>().map(|e| e as &(dyn Error + 'static)));
}

/// The message of an error, then its causes from outer to inner.
pub fn chain(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut chain = vec![error.to_string()];
    follow(error.source(), &mut chain);
    chain
}

/// The chain of an error of a type that is known to be one: boxed, of the standard library, or registered.
pub(crate) fn known_chain(any: &dyn Any) -> Option<Vec<String>> {
    find(any, chain)
}

fn causes(any: &dyn Any, chain: &mut Vec<String>) {
    find(any, |error| follow(error.source(), chain));
}

fn find<R>(any: &dyn Any, then: impl FnOnce(&(dyn Error + 'static)) -> R) -> Option<R> {
    let boxed = any.downcast_ref::<Box<dyn Error>>().map(|b| &**b);
    let sync = any.downcast_ref::<Box<dyn Error + Send + Sync>>().map(|b| &**b as &(dyn Error + 'static));
    let io = any.downcast_ref::<std::io::Error>().map(|e| e as &(dyn Error + 'static));
    let chains = CHAINS.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    boxed.or(sync).or(io).or_else(|| chains.iter().find_map(|f| f(any))).map(then)
}

pub(crate) fn follow(mut next: Option<&dyn Error>, chain: &mut Vec<String>) {
    while let Some(cause) = next {
        // Wrappers repeat their source's message, whole or within their own.
        let words = cause.to_string();
        if !chain.last().is_some_and(|outer| repeats(outer, &words)) {
            chain.push(words);
        }
        next = cause.source();
    }
}

/// Whether a message has said what its cause says, the blanks aside.
fn repeats(outer: &str, inner: &str) -> bool {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    plain(outer).contains(&plain(inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Wrapped(&'static str, Option<Box<Wrapped>>);

    impl std::fmt::Display for Wrapped {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Wrapped {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|inner| inner as &(dyn Error + 'static))
        }
    }

    #[test]
    fn what_was_said_is_not_said_again() {
        let inner = Wrapped("cannot open\nthe file", Some(Box::new(Wrapped("code 14", None))));
        let error = Wrapped("a.db failed: cannot open the file", Some(Box::new(inner)));
        assert_eq!(chain(&error), ["a.db failed: cannot open the file", "code 14"]);
    }
}
