//! MLflow's search grammar, read into a typed tree: filters and keys to order by, of runs, experiments, registered
//! models, model versions, logged models and traces.
//!
//! What MLflow accepts is accepted, with the same meaning; what it refuses is refused, with the place and what is
//! allowed there. Beyond MLflow there are `OR`, `NOT` and parentheses, and operators in any case:
//!
//! ```
//! use ironbook_store::search::{Subject, filter};
//!
//! assert!(filter(Subject::Runs, "metrics.auc > 0.9 AND params.model = 'gbdt'").is_ok());
//! assert!(filter(Subject::Runs, "tags.`a b` IS NULL OR NOT (metrics.loss >= 1)").is_ok());
//! assert!(filter(Subject::Runs, "metrics.auc LIKE 'x'").is_err());
//! ```

mod ast;
mod grammar;
mod lexer;
mod order;
mod page;
mod parser;

pub use ast::{Comparison, Entity, Expr, Field, Op, Order, Subject, Value};
pub use order::order;
pub(crate) use page::{bad as bad_page, decode as page_json, encode as page_of_json};
pub use page::{next_page, start_of};
pub use parser::filter;
