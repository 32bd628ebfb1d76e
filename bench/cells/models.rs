// Cells that fit and judge models: what they cost to compile, for models.py.
// The word before the colon says whether a cell is measured (`model`) or only prepares (`data`).

// %% data: frame
let df = ironbook::data::read_parquet("examples/flights/data/flights.parquet")?;
let df = df.lazy().drop_nulls(Some(cols(["arr_delay"]))).limit(4000).with_columns([col("arr_delay").gt(lit(15)).alias("late")]).collect()?;

// %% data: sets
let columns = ["hour", "minute", "distance", "day", "month", "carrier"];
let train = Dataset::new(&df, &columns, "late")?;
let numbers = Dataset::new(&df, &columns[..5], "arr_delay")?;

// %% model: random forest, fitted and judged
let forest = RandomForest::params().n_estimators(5).max_depth(6).fit(&train)?;
let forest_report = eval::evaluate(&forest, &train)?;

// %% model: boosted trees, fitted and judged
let boosted = Gbdt::params().n_estimators(5).fit(&train)?;
let boosted_report = eval::evaluate(&boosted, &train)?;

// %% model: a pipeline with a logistic regression, fitted and judged
let linear = Pipeline::new().impute(features::all_numeric(), Impute::Median).one_hot(["carrier"]).then(LogisticRegression::params()).fit(&train)?;
let linear_report = eval::evaluate(&linear, &train)?;

// %% model: a network, fitted and judged
let network = MlpClassifier::params().hidden([8]).epochs(1).seed(1).fit(&train)?;
let network_report = eval::evaluate(&network, &train)?;

// %% model: ridge, fitted and judged
let ridge = Ridge::params().fit(&numbers)?;
let ridge_report = eval::evaluate(&ridge, &numbers)?;

// %% model: a forest of numbers, fitted and predicting
let values = RandomForestRegressor::params().n_estimators(5).max_depth(6).fit(&numbers)?;
let predicted = values.predict(&numbers.features)?;

// %% model: boosted trees of numbers, fitted and predicting
let gains = GbdtRegressor::params().n_estimators(5).fit(&numbers)?;
let predicted = gains.predict(&numbers.features)?;

// %% model: a decision tree in words
let tree = DecisionTree::params().max_depth(3).fit(&train)?;
println!("{} characters", tree.to_text().len());

// %% model: cross-validation of boosted trees
let folds = eval::cross_validate(&Gbdt::params().n_estimators(5), &train, &eval::KFold::new(3))?;

// %% model: cross-validation of a pipeline
let steps = Pipeline::new().one_hot(["carrier"]).then(RandomForest::params().n_estimators(3).max_depth(4));
let crossed = eval::cross_validate(&steps, &train, &eval::StratifiedKFold::new(3))?;

// %% model: SHAP values
let some = train.select_rows(&[0, 1, 2, 3]);
let shap = explain::shap(&boosted, &some.features)?;

// %% model: permutation importance
let importance = explain::permutation_importance(&boosted, &train, "roc_auc", 1, 0)?;

// %% model: a report shown
boosted_report

// %% model: a forest shown
&forest

// %% model: a forest saved and loaded
let file = std::env::temp_dir().join("ironbook-models-forest.json");
forest.save(&file)?;
let again = RandomForest::load(&file)?;

// %% model: boosted trees saved and loaded
boosted.save(std::env::temp_dir().join("ironbook-models-boosted.json"))?;
let boosted_again = Gbdt::load(std::env::temp_dir().join("ironbook-models-boosted.json"))?;
