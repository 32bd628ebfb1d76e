//! Servers of models: MLflow's scoring protocol, the Open Inference Protocol and plain rows over HTTP, in front of anything
//! that implements `Predict`.
//!
//! ```
//! use ironbook_data::{Dataset, Matrix};
//! use ironbook_learn::{Fit, Gbdt};
//! use ironbook_serve::{Background, Extra, Options, Served, servable};
//! use std::sync::Arc;
//!
//! let hour: Vec<f64> = (0..200).map(|i| f64::from(i % 24)).collect();
//! let late = hour.iter().map(|&h| f64::from(u8::from(h > 6.0 && h < 20.0))).collect();
//! let data = Dataset::from_parts(Matrix::from_columns(vec![("hour".into(), hour)])?, late, "late");
//! let model = Gbdt::params().n_estimators(20).fit(&data)?;
//!
//! let served = Served::own(servable(model), "late-flights", "1", Extra::Refuse)?;
//! let options = Options { address: "127.0.0.1:0".parse()?, ..Options::default() };
//! let server = Background::start(served, None, options, Arc::new(|told| eprintln!("{told}")))?;
//! println!("http://{}/invocations", server.address());
//! server.stop();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod background;
pub mod cells;
mod cli;
mod contract;
mod error;
mod log;
mod metrics;
mod model;
mod page;
pub mod running;
mod served;
mod server;
mod source;
mod wire;

pub use background::Background;
pub use cli::{Cli, ServeArgs, serve};
pub use contract::{Contract, Extra, Offence, Problem, Rows, Unknown};
pub use error::ServeError;
pub use log::LogOptions;
pub use model::{Answers, Classifier, Failure, Loader, Loaders, Model, Regressor, Servable, servable};
pub use served::Served;
pub use server::{ApiKey, Options, Report, Server, runtime};
pub use source::Source;
