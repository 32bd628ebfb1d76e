//! title: JSON, a lazy scan and a join
//! target: joined
//! verdict: promotes
//! stages-cells: 1 2 3
//! data: reviews=data/reviews.json sales=data/sales.csv

// %% 1
let reviews = read_json("data/reviews.json")?;
// %% 2
let busy = scan_csv("data/sales.csv")?.group_by_stable([col("month")]).agg([col("amount").max()]).collect()?;
// %% 3
let stars = reviews.clone().lazy().with_columns([col("stars").cast(DataType::Int64)]).collect()?;
let joined = stars.lazy().join(busy.lazy(), [col("stars")], [col("month")], JoinArgs::new(JoinType::Inner)).collect()?;
