//! title: a helper reads a file whose name it is given
//! target: rows
//! verdict: refuses
//! reason: file
//! at: 1:2 2:1
//! remedy: // data:

// %% 1
fn table(name: &str) -> Result<DataFrame, Box<dyn std::error::Error>> {
    Ok(read_csv(format!("data/{name}.csv"))?)
}
// %% 2
let sales = table("sales").map_err(|error| error.to_string())?;
// %% 3
let rows = sales.height();
