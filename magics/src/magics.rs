//! All magics, one file each; a file's stem is what the user types.
//!
//! One more magic is one more file with a unit struct that implements [`Magic`], a `mod` line and a line in [`ALL`].
//! Its examples are run as tests, against a session of a test's making and against the real one.

mod bash;
mod cd;
mod checkpoint;
mod connect_info;
mod dep;
mod diff;
mod drift;
mod env;
mod expand;
mod gpu;
mod help;
mod history;
mod load;
mod lsmagic;
mod notebook;
mod opt;
mod profile;
mod promote;
mod rerun;
mod reset;
mod restart;
mod restore;
mod resume;
mod run;
mod save;
mod seed;
mod serve;
mod sh;
mod time;
mod timeit;
mod track;
mod tune;
mod who;
mod whos;
mod writefile;

use crate::magic::Magic;

/// All magics, by name.
pub static ALL: &[&dyn Magic] = &[
    &bash::Bash,
    &cd::Cd,
    &checkpoint::Checkpoint,
    &connect_info::ConnectInfo,
    &dep::Dep,
    &diff::Diff,
    &drift::Drift,
    &env::Env,
    &expand::Expand,
    &gpu::Gpu,
    &help::Help,
    &history::History,
    &load::Load,
    &lsmagic::Lsmagic,
    &notebook::Notebook,
    &opt::Opt,
    &profile::Profile,
    &promote::Promote,
    &rerun::Rerun,
    &reset::Reset,
    &restart::Restart,
    &restore::Restore,
    &resume::Resume,
    &run::Run,
    &save::Save,
    &seed::Seed,
    &serve::Serve,
    &sh::Sh,
    &time::Time,
    &timeit::Timeit,
    &track::Track,
    &tune::Tune,
    &who::Who,
    &whos::Whos,
    &writefile::Writefile,
];
