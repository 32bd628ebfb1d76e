//! What can go wrong with a network, in words: first what was wrong, then what to do.

use ironbook_core::Interrupted;
use std::path::PathBuf;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NnError {
    /// A layer got a tensor that it cannot take.
    #[error(
        "{layer} got {}{}\nit takes {expected}",
        dims(found),
        after.as_ref().map_or_else(String::new, |before| format!(" from {before}"))
    )]
    Shape {
        /// The layer, with its sizes.
        layer: String,
        /// What it takes, in words.
        expected: String,
        /// The shape that it got.
        found: Vec<usize>,
        /// The layer that made it.
        after: Option<String>,
    },
    /// Output and target of a loss do not fit each other.
    #[error("{loss} got an output of {} and a target of {}\nit takes {expected}", dims(output), dims(target))]
    Target {
        /// Name of the loss.
        loss: &'static str,
        /// What it takes, in words.
        expected: &'static str,
        /// Shape of the output.
        output: Vec<usize>,
        /// Shape of the target.
        target: Vec<usize>,
    },
    /// A class that the network has no output for.
    #[error(
        "the target of row {row} is class {class}, and the network has {classes} outputs\nnumber the classes from 0 and give the last layer one output per class"
    )]
    Class {
        /// Row of the batch, from 0.
        row: usize,
        /// The class.
        class: String,
        /// Outputs of the network.
        classes: usize,
    },
    /// An index beyond an embedding.
    #[error("{layer} got the index {index}\nit has rows 0 to {}: make it larger, or look at how the indices are made", rows.saturating_sub(1))]
    Index {
        /// The layer, with its sizes.
        layer: String,
        /// The index.
        index: String,
        /// Rows of the embedding.
        rows: usize,
    },
    /// A parameter is out of its range.
    #[error("{name} is {value}\nset it to {expected}")]
    Parameter {
        /// Name of the parameter.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
    /// Parameters that the loss does not depend on, or that an operation without gradient cuts off.
    #[error(
        "no gradient reached {}\nuse the layer in forward, freeze it with freeze(), or replace what cuts the gradient off: \
         detach, and candle-nn's own softmax, norms and rope (nn has all of them)",
        parameters.join(", ")
    )]
    NoGradient {
        /// Names of the parameters.
        parameters: Vec<String>,
    },
    /// The loss became NaN or infinite.
    #[error(
        "the loss is {loss} in epoch {epoch}, batch {batch} ({place})\nlower the learning rate, clip the gradients with clip_norm(1.0), \
         or look for NaN in those rows; {kept}"
    )]
    NotFinite {
        /// The loss.
        loss: f64,
        /// Epoch, from 1.
        epoch: usize,
        /// Batch within the epoch, from 1.
        batch: usize,
        /// Where the first value that is not finite appeared.
        place: String,
        /// What the network holds now.
        kept: String,
    },
    /// Features and targets differ in length, or there are none.
    #[error("the inputs have {inputs} rows, the {what} {found}\nmake both from the same rows, at least one")]
    Rows {
        /// What has another length.
        what: &'static str,
        /// Rows of the inputs.
        inputs: usize,
        /// Its rows.
        found: usize,
    },
    /// A loss that cannot weigh rows.
    #[error(
        "{loss} does not weigh rows\nuse a loss of nn (CrossEntropy, BceWithLogits, Mse, Huber), or leave the weights out"
    )]
    NoWeights {
        /// Name of the loss.
        loss: &'static str,
    },
    /// Weights of another architecture.
    #[error(
        "the weights in {source_name} are of another network: {}\nmake the network as it was made when they were saved",
        difference(missing, unexpected, shapes)
    )]
    OtherNetwork {
        /// Where the weights come from.
        source_name: String,
        /// Names that the network has and the weights lack.
        missing: Vec<String>,
        /// Names that the weights have and the network lacks.
        unexpected: Vec<String>,
        /// Name, shape in the network, shape in the weights.
        shapes: Vec<(String, Vec<usize>, Vec<usize>)>,
    },
    /// A checkpoint of a trainer with other settings.
    #[error("the checkpoint \"{}\" was made with {what} {found}, and this trainer has {expected}\nset the trainer up as it was, or load only the weights with load_weights", path.display())]
    OtherTrainer {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: &'static str,
        /// What the checkpoint says.
        found: String,
        /// What the trainer says.
        expected: String,
    },
    /// The file is damaged, or is something else.
    #[error("\"{}\" is no complete {what}: {why}\ngive the path of a file that was saved whole", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What it should be.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The file could not be read.
    #[error("cannot read \"{}\"\ncheck that the file exists and may be read", path.display())]
    Read {
        /// The path as given.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file could not be written.
    #[error("cannot write \"{}\"\ncheck that its directory exists, may be written and has space left", path.display())]
    Write {
        /// The path as given.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The device is not there.
    #[error(
        "there is no {asked} here; there is {present}\nuse Device::best(), by name \"best\", which takes what there is"
    )]
    NoDevice {
        /// What was asked for.
        asked: String,
        /// The devices that there are.
        present: String,
    },
    /// The memory of the device does not suffice.
    #[error("out of memory: {what}\nmake the batch or the network smaller, use bf16, or free tensors of earlier cells")]
    OutOfMemory {
        /// What did not fit.
        what: String,
    },
    /// candle refused an operation.
    #[error("candle: {}\ncheck the shapes and types of the tensors", first_line(.0))]
    Candle(candle_core::Error),
    /// The user asked to stop.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

impl From<candle_core::Error> for NnError {
    fn from(error: candle_core::Error) -> Self {
        let text = error.to_string();
        if text.to_lowercase().contains("out of memory") || text.contains("OUT_OF_MEMORY") {
            return NnError::OutOfMemory { what: first_line(&error) };
        }
        NnError::Candle(error)
    }
}

/// What candle says, without the stack below it.
fn first_line(error: &candle_core::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// Refuses a number that is not finite, or does not fit.
pub(crate) fn in_range(name: &'static str, value: f64, fits: bool, expected: &'static str) -> Result<(), NnError> {
    if value.is_finite() && fits {
        return Ok(());
    }
    Err(NnError::Parameter { name, value: value.to_string(), expected })
}

/// `32 x 3 x 8 x 8`, or `a single number`.
pub(crate) fn dims(shape: &[usize]) -> String {
    if shape.is_empty() {
        return "a single number".to_owned();
    }
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" x ")
}

fn difference(missing: &[String], unexpected: &[String], shapes: &[(String, Vec<usize>, Vec<usize>)]) -> String {
    let mut parts = Vec::new();
    if !missing.is_empty() {
        parts.push(format!("they lack {}", some(missing)));
    }
    if !unexpected.is_empty() {
        parts.push(format!("the network has no {}", some(unexpected)));
    }
    let differ = |(name, here, there): &(String, Vec<usize>, Vec<usize>)| {
        format!("{name} is {} in the network and {} in the file", dims(here), dims(there))
    };
    parts.extend(shapes.iter().take(4).map(differ));
    parts.join("; ")
}

fn some(names: &[String]) -> String {
    let more = if names.len() > 6 { format!(" and {} more", names.len() - 6) } else { String::new() };
    names.iter().take(6).cloned().collect::<Vec<_>>().join(", ") + &more
}
