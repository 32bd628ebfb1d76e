//! Models whose predictions are columns of the data, so that tests decide what is predicted.

use ironbook_data::{Dataset, Matrix};
use ironbook_eval::EvalError;
use ironbook_learn::{Classes, Classification, Fit, LearnError, Predict, PredictProba, Ranking, Regression, Signature};

/// Predicts what stands in its columns: a probability, a value, or one probability per class.
#[derive(Clone, Debug)]
pub struct Echo<T> {
    pub signature: Signature,
    task: std::marker::PhantomData<T>,
}

impl<T> Echo<T> {
    pub fn of(data: &Dataset, classes: Option<Classes>) -> Self {
        Echo { signature: Signature::of(data, classes), task: std::marker::PhantomData }
    }
}

macro_rules! echoes { // one body for tasks that share no trait
    ($($task:ty),+) => { $(
        impl Predict for Echo<$task> {
            type Task = $task;
            fn predict(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
                Ok(features.column(0).to_vec())
            }
            fn signature(&self) -> Signature {
                self.signature.clone()
            }
        }
    )+ };
}
echoes!(Classification, Regression, Ranking);

impl PredictProba for Echo<Classification> {
    fn predict_proba(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        Ok(features.column(0).to_vec())
    }

    fn predict_probas(&self, features: &Matrix) -> Result<Matrix, LearnError> {
        let names = self.signature.classes.as_ref().unwrap().names();
        let columns = names.into_iter().enumerate().map(|(k, name)| (name, features.column(k).to_vec()));
        Ok(Matrix::from_columns(columns.collect()).unwrap())
    }
}

/// Fits nothing, and says how many rows it saw.
pub struct EchoParams;

impl Fit for EchoParams {
    type Model = Echo<Regression>;
    fn fit(&self, data: &Dataset) -> Result<Echo<Regression>, LearnError> {
        if data.target.iter().any(|y| *y > 1e6) {
            return Err(LearnError::NoRows);
        }
        Ok(Echo::of(data, None))
    }
}

pub fn columns(columns: Vec<(&str, Vec<f64>)>, target: Vec<f64>) -> Dataset {
    let columns = columns.into_iter().map(|(name, values)| (name.to_owned(), values)).collect();
    Dataset::from_parts(Matrix::from_columns(columns).unwrap(), target, "y")
}

pub fn binary(truth: Vec<f64>, proba: Vec<f64>) -> (Echo<Classification>, Dataset) {
    let data = columns(vec![("p", proba)], truth);
    let classes = Classes { values: vec![0.0, 1.0], text: None };
    (Echo::of(&data, Some(classes)), data)
}

/// Numbers that look random, the same on every machine.
pub fn noise(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// A classifier's rows: about a quarter of class 1, probabilities that tell something.
pub fn rows(n: usize, seed: u64) -> (Vec<f64>, Vec<f64>) {
    let mut u = noise(seed);
    let mut row = || {
        let y = if u() < 0.25 { 1.0 } else { 0.0 };
        let z = (-2.0 * (1.0 - u()).ln()).sqrt() * (std::f64::consts::TAU * u()).cos();
        (y, 1.0 / (1.0 + (1.5 - 1.2 * y - z).exp()))
    };
    (0..n).map(|_| row()).unzip()
}

pub fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

pub fn words(error: &EvalError) -> String {
    error.to_string()
}
