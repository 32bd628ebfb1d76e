//! What shells and `man` know of `ironbook`: completions and manual pages, made from the command line itself.

use crate::Error;
use crate::terminal::Terminal;
use clap::{Args, Command};
use clap_complete::Shell;
use std::fs;
use std::io;
use std::path::PathBuf;

/// Examples for `--help`.
pub const COMPLETIONS_HELP: &str = "\
Examples:
  ironbook completions bash > ~/.local/share/bash-completion/completions/ironbook
  ironbook completions zsh > \"${fpath[1]}/_ironbook\"
  ironbook completions fish > ~/.config/fish/completions/ironbook.fish
  ironbook completions elvish >> ~/.config/elvish/rc.elv
  ironbook completions powershell >> $PROFILE";

/// Examples for `--help`.
pub const MAN_HELP: &str = "\
Examples:
  ironbook man ~/.local/share/man/man1   the pages of all commands; then: man ironbook, man ironbook-run
  ironbook man | man -l -                read the first one";

/// `ironbook completions`.
#[derive(Args, Debug)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// `ironbook man`.
#[derive(Args, Debug)]
pub struct Man {
    /// Write the pages of all commands here; without it, the first one is shown
    #[arg(value_name = "DIR")]
    pub directory: Option<PathBuf>,
}

/// A shell's completions for a command line.
pub fn completions(shell: Shell, mut command: Command) -> Vec<u8> {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut command, "ironbook", &mut out);
    out
}

/// The manual pages of a command line and its commands: names of files, and what is in them.
///
/// # Errors
/// When a page cannot be made.
pub fn manual(command: Command) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut command = command;
    command.build();
    let mut pages = Vec::new();
    add(command, &mut pages)?;
    Ok(pages)
}

fn add(command: Command, pages: &mut Vec<(String, Vec<u8>)>) -> io::Result<()> {
    let shown = |command: &&Command| !command.is_hide_set() && command.get_name() != "help";
    for inner in command.get_subcommands().filter(shown) {
        add(inner.clone(), pages)?;
    }
    let page = clap_mangen::Man::new(command);
    let mut out = Vec::new();
    page.render(&mut out)?;
    pages.push((page.get_filename(), out));
    Ok(())
}

/// Prints a shell's completions.
pub fn run_completions(wanted: &Completions, command: Command) -> u8 {
    let text = completions(wanted.shell, command);
    Terminal::detect().out_raw(&String::from_utf8_lossy(&text));
    0
}

/// Prints the first manual page, or writes all.
///
/// # Errors
/// When they cannot be written.
pub fn run_man(wanted: &Man, command: Command) -> Result<u8, Error> {
    let terminal = Terminal::detect();
    let pages = manual(command).map_err(Error::Terminal)?;
    let Some(directory) = &wanted.directory else {
        if let Some((_, page)) = pages.last() {
            terminal.out_raw(&String::from_utf8_lossy(page));
        }
        return Ok(0);
    };
    fs::create_dir_all(directory).map_err(|source| Error::Write { path: directory.clone(), source })?;
    for (name, page) in pages {
        let path = directory.join(name);
        fs::write(&path, page).map_err(|source| Error::Write { path, source })?;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::command;

    #[test]
    fn every_command_has_a_page() {
        let pages = manual(command()).expect("pages");
        let names: Vec<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
        for name in ["ironbook.1", "ironbook-run.1", "ironbook-config.1", "ironbook-config-set.1"] {
            assert!(names.contains(&name), "{name} is not among {names:?}");
        }
        let run = pages.iter().find(|(name, _)| name == "ironbook-run.1").expect("a page");
        let text = String::from_utf8_lossy(&run.1);
        assert!(text.contains("keep\\-going") && text.contains("ironbook run"), "{text}");
    }

    #[test]
    fn every_shell_completes_the_commands() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Elvish, Shell::PowerShell] {
            let text = String::from_utf8(completions(shell, command())).expect("text");
            assert!(text.contains("doctor") && text.contains("keep-going"), "{shell}");
        }
    }
}
