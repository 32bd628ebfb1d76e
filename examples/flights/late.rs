// ---
// jupyter:
//   kernelspec:
//     display_name: Ironbook (Rust ML)
//     language: rust
//     name: ironbook
// ---

// %% [markdown]
// # A model of late flights, as short as it can be
//
// `loop.ipynb` promotes this script to a pipeline, and runs that again on newer data.

// %% parameters
let late_after = 15; // a flight is late when it lands more than this many minutes after its time
let num_leaves = 31usize;
let learning_rate = 0.1;
let min_child_samples = 20usize;

// %%
// data: flights=loop/winter.parquet
let flights = read_parquet("loop/winter.parquet")?;

// %%
let columns = [
    "carrier", "origin", "dest", "hour", "minute", "distance", "temp", "humid", "wind_speed", "precip", "visib",
];
let marked = flights.clone().lazy().with_columns([col("arr_delay").gt(lit(late_after)).alias("late")]).collect()?;
let (past, future) = eval::time_split(&marked, "time_hour", 0.75)?;
let train = Dataset::new(&past, &columns, "late")?;
let test = Dataset::new(&future, &columns, "late")?;

// %%
let model = Gbdt::params()
    .n_estimators(100)
    .num_leaves(num_leaves)
    .learning_rate(learning_rate)
    .min_child_samples(min_child_samples)
    .fit(&train)?;
eval::evaluate(&model, &test)?

// %%
// gate: no-worse
let rules = eval::GateRules::new().no_worse("roc_auc", 0.002).no_worse("log_loss", 0.002);
ironbook::gates::champion(&model, &test, "late-flights@champion", &rules)?.require()?

// %%
// %track register model --as late-flights --alias champion
