//! The `ironbook` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    ironbook_repl::cli::main()
}
