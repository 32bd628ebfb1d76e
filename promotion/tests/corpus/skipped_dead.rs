//! title: a cell tagged skip gives nothing that is needed
//! target: rows
//! verdict: promotes
//! stages-cells: 1 3
//! dropped: 2
//! data: sales=data/sales.csv

// %% 1
let sales = read_csv("data/sales.csv")?;
// %% 2 tags=skip
let profile = sales.describe_rows();
trait Describe { fn describe_rows(&self) -> String; }
impl Describe for DataFrame { fn describe_rows(&self) -> String { format!("{} rows", self.height()) } }
// %% 3
let rows = sales.height();
