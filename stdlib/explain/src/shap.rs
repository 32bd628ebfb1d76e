//! SHAP values: what each feature did to each prediction, compared with knowing nothing of the row.

use crate::background;
use crate::error::ExplainError;
use crate::tree::{self, Values};
use ironbook_core::inspect::Inspect;
use ironbook_core::{Bundle, Display};
use ironbook_data::{Kind, Matrix};
use ironbook_learn::table::{Table, number};
use ironbook_learn::tree::TreeModel;
use ironbook_learn::tree::ensemble::Ensemble;
use ironbook_plot::{Chart, moment};
use std::fmt;

/// Base and values may miss a prediction by this share of the largest of them, in either direction.
const TOLERANCE: f64 = 1e-6;
/// Features in the table that shows SHAP values.
const SHOWN: usize = 15;

/// SHAP values of some rows: for each output `base` plus the values of a row is what the trees predict for it.
///
/// Outputs are in the unit of the trees' sums: log odds for boosting of two classes, scores before the softmax for more,
/// the target (or its logarithm, for counts) for regressions, shares of a class for forests.
#[derive(Clone, PartialEq)]
pub struct Shap {
    outputs: Vec<Output>,
    features: Matrix,
}

#[derive(Clone, PartialEq)]
struct Output {
    name: String,
    base: f64,
    values: Matrix,
}

/// Exact SHAP values of a model of trees (TreeSHAP, path dependent: a feature that is not known takes the ways that the
/// training rows took, by their cover).
///
/// The values are those of XGBoost's `pred_contribs`, LightGBM's `pred_contrib` and shap's `TreeExplainer` with
/// `tree_path_dependent`. Every call checks that they add up to the predictions, to 1e-6.
///
/// ```
/// use ironbook_data::{Dataset, Matrix};
/// use ironbook_learn::{Fit, RandomForestRegressor};
///
/// let hours = Matrix::from_columns(vec![("hours".into(), (0..40).map(f64::from).collect())])?;
/// let data = Dataset::from_parts(hours, (0..40).map(|h| f64::from(h / 20)).collect(), "passed");
/// let model = RandomForestRegressor::params().n_estimators(10).fit(&data)?;
/// let shap = ironbook_explain::shap(&model, &data.features)?;
/// let predicted = shap.base() + shap.values().get(39, 0);
/// assert!((predicted - shap.predictions()[39]).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: Lundberg et al. 2018, arXiv:1802.03888, for the values; Yu et al. 2022, arXiv:2209.08192, for the walk.
///
/// # Errors
/// [`ExplainError::Model`] when the columns are not those of the fit, [`ExplainError::NoRows`],
/// [`ExplainError::NotAdditive`] for a damaged model, [`ExplainError::Path`] beyond 128 features on one path,
/// [`ExplainError::Interrupted`].
pub fn shap<M: TreeModel>(model: &M, features: &Matrix) -> Result<Shap, ExplainError> {
    Shap::of(model.ensemble(), model.output_names(), model.tree_features(features)?)
}

/// SHAP values against a background (interventional TreeSHAP): a feature that is not known takes its values from the rows
/// of `background`, whatever the others are, and the base is the mean prediction for them.
///
/// A hundred rows are a usual background; the time grows with their number. The values are those of shap's
/// `TreeExplainer(model, data=background)`.
///
/// Source: Lundberg et al. 2020, doi:10.1038/s42256-019-0138-9.
///
/// # Errors
/// As [`shap`]; [`ExplainError::NoBackground`].
pub fn shap_against<M: TreeModel>(model: &M, features: &Matrix, background: &Matrix) -> Result<Shap, ExplainError> {
    let background = model.tree_features(background)?;
    Shap::against(model.ensemble(), model.output_names(), model.tree_features(features)?, &background)
}

impl Shap {
    /// SHAP values of an ensemble by itself, for instance from a file of LightGBM; `features` in the ensemble's order.
    ///
    /// # Errors
    /// As [`shap`]; [`ExplainError::Flaw`] if the ensemble is none, or does not fit the features or names.
    pub fn of(ensemble: &Ensemble, outputs: Vec<String>, features: Matrix) -> Result<Self, ExplainError> {
        let columns = checked(ensemble, &outputs, &features)?;
        let found = tree::explain(ensemble, &columns)?;
        let predicted = ensemble.predict(&columns)?;
        Shap::from_values(&found, outputs, features, &predicted)
    }

    /// [`shap_against`] for an ensemble by itself.
    ///
    /// # Errors
    /// As [`Shap::of`].
    pub fn against(
        ensemble: &Ensemble,
        outputs: Vec<String>,
        features: Matrix,
        background: &Matrix,
    ) -> Result<Self, ExplainError> {
        let columns = checked(ensemble, &outputs, &features)?;
        let others = checked(ensemble, &outputs, background).map_err(|error| match error {
            ExplainError::NoRows => ExplainError::NoBackground,
            error => error,
        })?;
        let found = background::explain(ensemble, &columns, &others)?;
        let predicted = ensemble.predict(&columns)?;
        Shap::from_values(&found, outputs, features, &predicted)
    }

    fn from_values(
        found: &Values,
        outputs: Vec<String>,
        features: Matrix,
        predicted: &[Vec<f64>],
    ) -> Result<Self, ExplainError> {
        let cols = features.cols();
        let stride = outputs.len() * cols;
        let output = |(k, (name, base)): (usize, (String, f64))| {
            let column = |j: usize| found.values[k * cols + j..].iter().step_by(stride).copied().collect();
            let named = features.names().iter().enumerate().map(|(j, name)| (name.clone(), column(j))).collect();
            let values = Matrix::from_columns(named).expect("columns of one length, named as the features");
            Output { name, base, values }
        };
        let outputs = outputs.into_iter().zip(found.base.clone()).enumerate().map(output).collect();
        let shap = Shap { outputs, features };
        shap.add_up(predicted)?;
        Ok(shap)
    }

    /// Refuses values that do not add up to the predictions.
    fn add_up(&self, predicted: &[Vec<f64>]) -> Result<(), ExplainError> {
        for (output, predicted) in self.outputs.iter().zip(predicted) {
            let (sums, sizes) = (output.predictions(), output.sizes());
            let apart = |row: usize| {
                let (sum, prediction) = (sums[row], predicted[row]);
                // What rounds is what is added up: large values that cancel leave a small prediction and no small error.
                let near = (sum - prediction).abs() <= TOLERANCE * sizes[row].max(prediction.abs());
                !near && sum.to_bits() != prediction.to_bits()
            };
            if let Some(row) = (0..sums.len()).find(|&row| apart(row)) {
                return Err(ExplainError::NotAdditive { row, sum: sums[row], prediction: predicted[row] });
            }
        }
        Ok(())
    }

    /// Names of the outputs: the classes of a model with an output for each, otherwise the target.
    pub fn outputs(&self) -> Vec<&str> {
        self.outputs.iter().map(|output| output.name.as_str()).collect()
    }

    /// The values of one output.
    ///
    /// # Errors
    /// [`ExplainError::Output`] if there is none of this name.
    pub fn output(&self, name: &str) -> Result<Shap, ExplainError> {
        let found = self.outputs.iter().find(|output| output.name == name);
        let unknown = || ExplainError::Output {
            name: name.to_owned(),
            known: self.outputs().into_iter().map(str::to_owned).collect(),
        };
        Ok(Shap { outputs: vec![found.ok_or_else(unknown)?.clone()], features: self.features.clone() })
    }

    /// What the trees predict on average, if nothing is known of a row; of the first output.
    pub fn base(&self) -> f64 {
        self.outputs[0].base
    }

    /// The SHAP values, `rows` x `features`; of the first output.
    pub fn values(&self) -> &Matrix {
        &self.outputs[0].values
    }

    /// The features of the rows explained, as the trees read them.
    pub fn features(&self) -> &Matrix {
        &self.features
    }

    /// Base and values of each row added up: what the trees predict; of the first output.
    pub fn predictions(&self) -> Vec<f64> {
        self.outputs[0].predictions()
    }

    /// Mean absolute SHAP value of each feature, largest first; over several outputs their sum.
    pub fn importances(&self) -> Vec<(String, f64)> {
        let rows = self.features.rows() as f64;
        let mean = |j: usize| {
            let sum = |output: &Output| output.values.column(j).iter().map(|v| v.abs()).sum::<f64>();
            self.outputs.iter().map(sum).sum::<f64>() / rows
        };
        let names = self.features.names().iter().enumerate();
        let mut all: Vec<(String, f64)> = names.map(|(j, name)| (name.clone(), mean(j))).collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        all
    }

    /// A row per feature, a dot per prediction: where it lies is what the feature did, its colour the feature's value.
    /// Text has no order and stays grey.
    ///
    /// # Errors
    /// [`ExplainError::Outputs`] for several outputs; choose one with [`output`](Self::output).
    pub fn beeswarm(&self) -> Result<Chart, ExplainError> {
        let output = self.single()?;
        let columns = |matrix: &Matrix| (0..matrix.cols()).map(|j| matrix.column(j).to_vec()).collect::<Vec<_>>();
        let ordered = |j: usize| self.features.kinds()[j].categories().is_none();
        let colour = |(j, column): (usize, Vec<f64>)| if ordered(j) { column } else { Vec::new() };
        let colours: Vec<Vec<f64>> = columns(&self.features).into_iter().enumerate().map(colour).collect();
        let chart = Chart::beeswarm(self.features.names(), &columns(&output.values), &colours)?;
        Ok(chart.title(format!("SHAP values: {}", output.name)))
    }

    /// Mean absolute SHAP value of each feature, the largest on top.
    ///
    /// # Errors
    /// [`ExplainError::Plot`] if there is nothing to draw.
    pub fn bar(&self) -> Result<Chart, ExplainError> {
        let (names, values): (Vec<String>, Vec<f64>) = self.importances().into_iter().take(20).unzip();
        Ok(Chart::barh(&names, &values)?.title("mean |SHAP value|"))
    }

    /// How one prediction comes about, from the base to the prediction, feature by feature.
    ///
    /// # Errors
    /// [`ExplainError::Outputs`] for several outputs, [`ExplainError::Row`] for a row that is not there.
    pub fn waterfall(&self, row: usize) -> Result<Chart, ExplainError> {
        let output = self.single()?;
        let rows = self.features.rows();
        if row >= rows {
            return Err(ExplainError::Row { row, rows });
        }
        let cols = 0..self.features.cols();
        let labels: Vec<String> = cols.clone().map(|j| self.label(row, j)).collect();
        let values: Vec<f64> = cols.map(|j| output.values.get(row, j)).collect();
        Ok(Chart::waterfall(output.base, &labels, &values)?.title(format!("{}, row {row}", output.name)))
    }

    fn single(&self) -> Result<&Output, ExplainError> {
        match self.outputs.as_slice() {
            [one] => Ok(one),
            _ => Err(ExplainError::Outputs { known: self.outputs().into_iter().map(str::to_owned).collect() }),
        }
    }

    /// `distance = 214`, `dest = ORD`, `temp missing`.
    fn label(&self, row: usize, j: usize) -> String {
        let (name, value) = (&self.features.names()[j], self.features.get(row, j));
        match &self.features.kinds()[j] {
            _ if value.is_nan() => format!("{name} missing"),
            Kind::Categorical(names) => format!("{name} = {}", names[value as usize]),
            Kind::Time => format!("{name} = {}", moment(value)),
            Kind::Numeric => format!("{name} = {}", number(value)),
        }
    }
}

/// The columns of `features`, if they and the outputs are the ensemble's.
fn checked<'a>(ensemble: &Ensemble, outputs: &[String], features: &'a Matrix) -> Result<Vec<&'a [f64]>, ExplainError> {
    let (names, cols) = (outputs.len(), features.cols());
    let flaw = ensemble.flaw().or_else(|| {
        (names != ensemble.outputs() || cols != ensemble.n_features).then(|| {
            let (n, k) = (ensemble.n_features, ensemble.outputs());
            format!("it reads {n} features and has {k} outputs, given are {cols} columns and {names} names")
        })
    });
    match flaw {
        Some(flaw) => Err(ExplainError::Flaw { flaw }),
        None if features.rows() == 0 => Err(ExplainError::NoRows),
        None => Ok((0..cols).map(|j| features.column(j)).collect()),
    }
}

impl Output {
    fn predictions(&self) -> Vec<f64> {
        self.sums(|value| value)
    }

    /// Sizes of base and values added up, row by row.
    fn sizes(&self) -> Vec<f64> {
        self.sums(f64::abs)
    }

    fn sums(&self, of: impl Fn(f64) -> f64) -> Vec<f64> {
        let mut sums = vec![of(self.base); self.values.rows()];
        for j in 0..self.values.cols() {
            sums.iter_mut().zip(self.values.column(j)).for_each(|(sum, value)| *sum += of(*value));
        }
        sums
    }
}

/// Shape and outputs only: there are as many values as features.
impl fmt::Debug for Shap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, cols) = (self.features.rows(), self.features.cols());
        write!(f, "Shap {rows} x {cols} [{}]", self.outputs().join(", "))
    }
}

/// The features that matter most, with the mean size of what they do.
impl Display for Shap {
    fn bundle(&self) -> Bundle {
        let bases: Vec<String> = self.outputs.iter().map(|o| format!("{} {}", o.name, number(o.base))).collect();
        let title = format!("SHAP values of {} rows; base: {}", self.features.rows(), bases.join(", "));
        let mut table = Table::new(title, &["feature", "mean |SHAP|"]);
        let all = self.importances();
        let largest = all.first().map_or(0.0, |(_, value)| *value);
        for (name, value) in all.iter().take(SHOWN) {
            table.bar([name.clone(), number(*value)], if largest > 0.0 { value / largest } else { 0.0 });
        }
        if all.len() > SHOWN {
            table.note(format!("and {} features more: importances() has all", all.len() - SHOWN));
        }
        table.note("charts: beeswarm(), bar(), waterfall(row)");
        table.bundle()
    }
}

impl Inspect for Shap {
    fn shape(&self) -> Option<String> {
        Some(format!("{} x {} x {} outputs", self.features.rows(), self.features.cols(), self.outputs.len()))
    }

    fn heap_bytes(&self) -> u64 {
        self.outputs.iter().map(|o| o.values.heap_bytes()).sum::<u64>() + self.features.heap_bytes()
    }
}
