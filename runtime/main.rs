//! The runtime process: all of it lives in the dylib, so that this is linked in a moment.

fn main() -> std::process::ExitCode {
    ironbook_std::runtime_main()
}
