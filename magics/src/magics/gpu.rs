//! `%gpu`: the GPUs of the machine, their memory and their use.

use crate::context::Context;
use crate::error::Error;
use crate::magic::{Call, Example, Expect, Lowered, Magic};
use crate::table::{left, right, table};
use ironbook_session::library::{Paths, find_program};
use std::process::{Command, Stdio};

/// What is asked of the driver's own program, column by column.
const QUERY: &str = "index,name,memory.used,memory.total,utilization.gpu,temperature.gpu,driver_version";

/// `%gpu`.
pub struct Gpu;

impl Magic for Gpu {
    fn name(&self) -> &'static str {
        "gpu"
    }

    fn summary(&self) -> &'static str {
        "List the GPUs with their memory and use, and say where tensors are computed"
    }

    fn only_looks(&self) -> bool {
        true
    }

    fn examples(&self) -> &'static [Example] {
        &[Example { code: "%gpu", expect: Expect::Contains("computed on") }]
    }

    fn lower(&self, _: &Call<'_>) -> Result<Lowered, Error> {
        Ok(Lowered::action(look))
    }
}

fn look(cx: &mut Context<'_>) -> Result<(), Error> {
    let rows = devices();
    if !rows.is_empty() {
        let columns = [
            right("gpu"),
            left("name"),
            right("memory used"),
            right("of"),
            right("use"),
            right("temperature"),
            left("driver"),
        ];
        cx.show(table(&columns, &rows));
    }
    let built = Paths::from_env().cuda.is_some();
    cx.say(match (rows.is_empty(), built) {
        (true, _) => "No NVIDIA GPU found: `Device::best()` is the CPU, and tensors are computed on it.",
        (false, true) => "`Device::best()` is the first GPU: tensors made there are computed on it.",
        (false, false) => "Tensors are computed on the CPU: `ironbook setup --cuda` builds the library for the GPU.",
    });
    Ok(())
}

/// A row per GPU; none without a driver.
fn devices() -> Vec<Vec<String>> {
    let Some(program) = find_program("nvidia-smi") else { return Vec::new() };
    let query = [format!("--query-gpu={QUERY}"), "--format=csv,noheader".to_owned()];
    let asked = Command::new(program).args(query).stdin(Stdio::null()).output();
    asked
        .ok()
        .filter(|output| output.status.success())
        .map_or_else(Vec::new, |output| rows(&String::from_utf8_lossy(&output.stdout)))
}

fn rows(csv: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| line.split(',').map(|cell| cell.trim().to_owned()).collect::<Vec<String>>();
    let degrees = |mut row: Vec<String>| {
        row[5].push_str(" °C");
        row
    };
    csv.lines().map(cells).filter(|row| row.len() == QUERY.split(',').count()).map(degrees).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_per_gpu() {
        let csv = "0, NVIDIA H200, 512 MiB, 143771 MiB, 3 %, 31, 580.65.06\nNo devices were found\n";
        let row = ["0", "NVIDIA H200", "512 MiB", "143771 MiB", "3 %", "31 °C", "580.65.06"];
        assert_eq!(rows(csv), [row.map(str::to_owned)]);
    }
}
