//! How data are compared, as `%drift` and `ironbook drift` are told; one list of options for both.

use crate::magic::{COLUMN, literal};
use serde_json::{Map, Value, json};

/// Options of a comparison. The defaults are those of `ironbook::drift::DriftOptions`.
#[derive(clap::Args, Clone, Debug, Default, PartialEq)]
pub struct DriftChoices {
    /// Compare these columns only
    #[arg(long, value_name = COLUMN, value_delimiter = ',')]
    pub columns: Vec<String>,
    /// Leave these columns out: ids, times of writing
    #[arg(long, value_name = COLUMN, value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// The column that a model is to predict
    #[arg(long, value_name = COLUMN)]
    pub target: Option<String>,
    /// Columns that a model has predicted
    #[arg(long, value_name = COLUMN, value_delimiter = ',')]
    pub prediction: Vec<String>,
    /// Take these columns for numbers, however few values they have
    #[arg(long, value_name = COLUMN, value_delimiter = ',')]
    pub numeric: Vec<String>,
    /// Take these columns for categories
    #[arg(long, value_name = COLUMN, value_delimiter = ',')]
    pub categorical: Vec<String>,
    /// The test of a column: ks, chisquare, z, wasserstein, jensenshannon, psi [default: as Evidently, by rows and values]
    #[arg(long, value_name = "COLUMN=TEST", value_delimiter = ',', value_parser = test_of)]
    pub test: Vec<(String, DriftTest)>,
    /// The test of all columns of numbers
    #[arg(long, value_name = "TEST")]
    pub numeric_test: Option<DriftTest>,
    /// The test of all columns of categories
    #[arg(long, value_name = "TEST")]
    pub categorical_test: Option<DriftTest>,
    /// The threshold of a column
    #[arg(long, value_name = "COLUMN=NUMBER", value_delimiter = ',', value_parser = threshold_of)]
    pub threshold: Vec<(String, f64)>,
    /// The threshold of p-values [default: 0.05]
    #[arg(long, value_name = "LEVEL")]
    pub p_threshold: Option<f64>,
    /// The threshold of distances [default: 0.1]
    #[arg(long, value_name = "DISTANCE")]
    pub distance_threshold: Option<f64>,
    /// The share of drifted columns from which on the data as a whole have drifted [default: 0.5]
    #[arg(long)]
    pub share: Option<f64>,
    /// Control false discoveries over the p-values (Benjamini and Hochberg)
    #[arg(long)]
    pub fdr: bool,
}

/// A statistical test, by Evidently's name.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
#[value(rename_all = "lower")]
pub enum DriftTest {
    /// Kolmogorov-Smirnov, of numbers
    Ks,
    /// Chi-square, of categories
    ChiSquare,
    /// Difference of two proportions, of two categories
    Z,
    /// Wasserstein distance, of numbers
    Wasserstein,
    /// Jensen-Shannon distance
    JensenShannon,
    /// Population stability index
    Psi,
}

/// What makes a check fail.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum DriftCheck {
    /// The data as a whole have drifted
    Drift,
    /// A column has drifted
    Column,
    /// Columns vanished, are new, have no values any more, or another type
    Schema,
}

impl DriftTest {
    /// Evidently's name, which the library reads.
    fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

impl DriftCheck {
    /// The name that the library reads.
    pub fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

impl DriftChoices {
    /// What the options are in Rust: calls of `DriftOptions`, to be written behind one.
    pub fn to_rust(&self) -> String {
        let mut calls = String::new();
        let listed = [
            ("columns", &self.columns),
            ("ignore", &self.ignore),
            ("numeric", &self.numeric),
            ("categorical", &self.categorical),
        ];
        for (name, columns) in listed.into_iter().filter(|(_, columns)| !columns.is_empty()) {
            let columns: Vec<String> = columns.iter().map(|column| literal(column)).collect();
            calls.push_str(&format!(".{name}([{}])", columns.join(", ")));
        }
        calls.extend(self.target.iter().map(|column| format!(".target({})", literal(column))));
        calls.extend(self.prediction.iter().map(|column| format!(".prediction({})", literal(column))));
        let test = |test: DriftTest| format!("::ironbook::drift::Test::{test:?}");
        calls.extend(self.test.iter().map(|(column, of)| format!(".test({}, {})", literal(column), test(*of))));
        calls.extend(self.numeric_test.map(|of| format!(".numeric_test({})", test(of))));
        calls.extend(self.categorical_test.map(|of| format!(".categorical_test({})", test(of))));
        calls.extend(self.threshold.iter().map(|(column, at)| format!(".threshold({}, {at:?})", literal(column))));
        let numbers =
            [("p_threshold", self.p_threshold), ("distance_threshold", self.distance_threshold), ("share", self.share)];
        calls.extend(numbers.into_iter().filter_map(|(name, value)| Some(format!(".{name}({:?})", value?))));
        if self.fdr {
            calls.push_str(".fdr()");
        }
        calls
    }

    /// The options in the form in which the library reads `DriftOptions`; what was not chosen is left out.
    pub fn to_json(&self) -> Map<String, Value> {
        let mut all = Map::new();
        let listed = [
            ("predictions", &self.prediction),
            ("ignored", &self.ignore),
            ("numeric", &self.numeric),
            ("categorical", &self.categorical),
        ];
        all.extend(listed.into_iter().map(|(name, columns)| (name.to_owned(), json!(columns))));
        let mut add = |name: &str, value: Option<Value>| all.extend(value.map(|value| (name.to_owned(), value)));
        add("columns", (!self.columns.is_empty()).then(|| json!(self.columns)));
        add("target", self.target.as_ref().map(|column| json!(column)));
        add("tests", Some(self.test.iter().map(|(column, test)| (column.clone(), json!(test.name()))).collect()));
        add("numeric_test", self.numeric_test.map(|test| json!(test.name())));
        add("categorical_test", self.categorical_test.map(|test| json!(test.name())));
        add("thresholds", Some(self.threshold.iter().map(|(column, at)| (column.clone(), json!(at))).collect()));
        add("p_threshold", self.p_threshold.map(|level| json!(level)));
        add("distance_threshold", self.distance_threshold.map(|distance| json!(distance)));
        add("share", self.share.map(|share| json!(share)));
        add("fdr", Some(json!(self.fdr)));
        all
    }
}

fn test_of(text: &str) -> Result<(String, DriftTest), String> {
    let (column, test) = of_column(text, "COLUMN=TEST, for instance temp=ks")?;
    let known = <DriftTest as clap::ValueEnum>::from_str(test, true);
    known.map(|test| (column.to_owned(), test)).map_err(|_| {
        let all: Vec<String> =
            <DriftTest as clap::ValueEnum>::value_variants().iter().map(|test| test.name()).collect();
        format!("there is no test `{test}`; there are {}", all.join(", "))
    })
}

fn threshold_of(text: &str) -> Result<(String, f64), String> {
    let (column, number) = of_column(text, "COLUMN=NUMBER, for instance temp=0.2")?;
    let number = number.parse().map_err(|_| format!("`{number}` is no number"))?;
    Ok((column.to_owned(), number))
}

fn of_column<'a>(text: &'a str, form: &str) -> Result<(&'a str, &'a str), String> {
    text.rsplit_once('=').filter(|(column, _)| !column.is_empty()).ok_or_else(|| format!("write {form}"))
}
