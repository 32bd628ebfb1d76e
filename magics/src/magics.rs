//! All magics, one file each; a file's stem is what the user types.
//!
//! One more magic is one more file with a unit struct that implements [`Magic`], a `mod` line and a line in [`ALL`].
//! Its examples are run as tests, against a session of a test's making and against the real one.

mod bash;
mod cd;
mod connect_info;
mod dep;
mod env;
mod expand;
mod gpu;
mod help;
mod history;
mod load;
mod lsmagic;
mod opt;
mod profile;
mod reset;
mod restart;
mod run;
mod seed;
mod sh;
mod time;
mod timeit;
mod track;
mod who;
mod whos;
mod writefile;

use crate::magic::Magic;

/// All magics, by name.
pub static ALL: &[&dyn Magic] = &[
    &bash::Bash,
    &cd::Cd,
    &connect_info::ConnectInfo,
    &dep::Dep,
    &env::Env,
    &expand::Expand,
    &gpu::Gpu,
    &help::Help,
    &history::History,
    &load::Load,
    &lsmagic::Lsmagic,
    &opt::Opt,
    &profile::Profile,
    &reset::Reset,
    &restart::Restart,
    &run::Run,
    &seed::Seed,
    &sh::Sh,
    &time::Time,
    &timeit::Timeit,
    &track::Track,
    &who::Who,
    &whos::Whos,
    &writefile::Writefile,
];
