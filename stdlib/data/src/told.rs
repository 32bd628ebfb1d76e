//! What a data set tells of itself to whoever records runs.

use crate::dataset::Dataset;
use crate::kind::Kind;
use crate::reads::reads;
use ironbook_core::record::{Data, File};
use serde_json::{Value, json};

/// Changes with what is hashed.
const FORM: &str = "ironbook dataset 1";
/// Rows of an example.
const EXAMPLE: usize = 5;

impl Dataset {
    /// Describes it for a record of runs.
    #[doc(hidden)]
    pub fn told<R>(&self, context: &'static str, to: impl FnOnce(&Data<'_>) -> R) -> R {
        let columns = || self.columns();
        let digest = || self.digest();
        let example = || Some(self.example());
        to(&Data {
            context,
            rows: self.rows(),
            columns: &columns,
            target: &self.target_name,
            digest: &digest,
            example: &example,
            files: files_read,
        })
    }

    fn columns(&self) -> Vec<(String, String)> {
        let kind = |kind: &Kind| match kind {
            Kind::Numeric => "double",
            Kind::Categorical(_) => "string",
            Kind::Time => "datetime",
        };
        let features = self.features.names().iter().zip(self.features.kinds());
        let target = if self.classes.is_some() { "string" } else { "double" };
        features
            .map(|(name, of)| (name.clone(), kind(of).to_owned()))
            .chain([(self.target_name.clone(), target.to_owned())])
            .collect()
    }

    /// The first rows as MLflow's split form: text by its names, times as ISO 8601.
    fn example(&self) -> Value {
        let rows = self.rows().min(EXAMPLE);
        let cell = |j: usize, row: usize| {
            let value = self.features.column(j)[row];
            match &self.features.kinds()[j] {
                _ if value.is_nan() => Value::Null,
                Kind::Numeric => json!(value),
                Kind::Categorical(names) => names.get(value as usize).map_or(Value::Null, |name| json!(name)),
                Kind::Time => json!(moment(value)),
            }
        };
        let data: Vec<Vec<Value>> =
            (0..rows).map(|row| (0..self.features.cols()).map(|j| cell(j, row)).collect()).collect();
        json!({ "columns": self.features.names(), "data": data })
    }

    /// BLAKE3 over names, kinds and values; all NaN are one value.
    pub(crate) fn digest(&self) -> String {
        let mut sink = Hash::default();
        sink.text(FORM);
        for (j, (name, kind)) in self.features.names().iter().zip(self.features.kinds()).enumerate() {
            sink.text(name);
            sink.text(&format!("{kind:?}"));
            sink.values(self.features.column(j));
        }
        sink.text(&self.target_name);
        sink.text(&format!("{:?}", self.classes));
        sink.values(&self.target);
        sink.values(self.weights.as_deref().unwrap_or_default());
        for group in self.groups.iter().flatten() {
            sink.0.update(&group.to_le_bytes());
        }
        sink.0.finalize().to_hex().to_string()
    }
}

/// A time of seconds since 1970 as ISO 8601, to the millisecond.
fn moment(seconds: f64) -> Option<String> {
    let at = chrono::DateTime::from_timestamp_millis((seconds * 1000.0).round() as i64)?;
    Some(at.format("%Y-%m-%dT%H:%M:%S%.3f").to_string())
}

#[derive(Default)]
struct Hash(blake3::Hasher);

impl Hash {
    /// Length first, so that neighbours cannot run into each other.
    fn text(&mut self, text: &str) {
        self.0.update(&(text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
    }

    fn values(&mut self, values: &[f64]) {
        self.0.update(&(values.len() as u64).to_le_bytes());
        let mut block = Vec::with_capacity(8 * 4096);
        for part in values.chunks(4096) {
            block.clear();
            for value in part {
                let value = if value.is_nan() { f64::NAN } else { *value };
                block.extend_from_slice(&value.to_le_bytes());
            }
            self.0.update(&block);
        }
    }
}

/// BLAKE3 over lists of values; all NaN are one value.
#[doc(hidden)]
pub fn digest_of(parts: &[Vec<f64>]) -> String {
    let mut hash = Hash::default();
    parts.iter().for_each(|part| hash.values(part));
    hash.0.finalize().to_hex().to_string()
}

/// The files that were read, the latest last.
#[doc(hidden)]
pub fn files_read() -> Vec<File> {
    let file = |read: crate::reads::ReadRecord| File {
        path: read.source.display().to_string(),
        format: read.format,
        bytes: read.bytes,
        rows: read.rows,
        digest: read.fingerprint.map(|found| found.as_str().to_owned()),
    };
    reads().into_iter().map(file).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Matrix;

    fn dataset(values: Vec<f64>, target: Vec<f64>) -> Dataset {
        let features = Matrix::from_columns(vec![("x".to_owned(), values)]).unwrap();
        Dataset::from_parts(features, target, "y")
    }

    #[test]
    fn a_digest_depends_on_values_names_and_weights() {
        let one = dataset(vec![1.0, f64::NAN], vec![0.0, 1.0]);
        assert_eq!(one.digest(), dataset(vec![1.0, -f64::NAN], vec![0.0, 1.0]).digest());
        let others = [
            dataset(vec![1.0, 2.0], vec![0.0, 1.0]),
            dataset(vec![1.0, f64::NAN], vec![1.0, 1.0]),
            Dataset { target_name: "z".to_owned(), ..one.clone() },
            one.clone().with_weights(vec![1.0, 2.0]),
            one.clone().with_groups(vec![0, 1]),
        ];
        for other in others {
            assert_ne!(one.digest(), other.digest());
        }
    }
}
