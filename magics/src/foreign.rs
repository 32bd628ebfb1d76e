//! Magics and commands of other notebooks: what they are called here.

/// What to do instead of a magic that Python notebooks have.
pub(crate) fn python(name: &str) -> Option<&'static str> {
    let found = match name {
        "matplotlib" | "pylab" => "charts need no switch here: `ironbook::plot` draws into the cell",
        "pip" | "conda" | "mamba" | "uv" => "crates are added with `%dep name` or `%dep name@version`",
        "load_ext" | "reload_ext" | "unload_ext" => {
            "nothing is loaded here: a function `magic_name(args: &str)` in a cell or in a crate is the magic `%name`"
        }
        "autoreload" | "aimport" => "a crate added with `%dep name --path ../name` is built again when it was edited",
        "config" | "colors" | "xmode" | "automagic" | "autocall" => "the one setting of the engine is `%opt`",
        "prun" | "lprun" | "profile" | "mprun" | "memit" | "timeit_raw" => "measure with `%time` and `%timeit`",
        "pdb" | "debug" | "tb" => "a panic shows its backtrace by itself; `dbg!(value)` prints on the way",
        "who_ls" | "vars" => "`%who` lists the variables, `%whos` with types and sizes",
        "reset_selective" | "xdel" | "del" => "`%reset name` forgets single variables",
        "ls" | "cat" | "mkdir" | "rm" | "rmdir" | "cp" | "mv" | "man" | "more" | "less" | "ll" | "pwd" | "system"
        | "sx" | "sc" => "shell commands are written `!command`; `%cd` shows and changes the directory",
        "html" | "HTML" | "svg" | "SVG" => "show HTML with `ironbook::display(&ironbook::display::Html(..))`",
        "javascript" | "js" | "latex" | "markdown" => "text is shown with `ironbook::display::Markdown`",
        "capture" => "a function's output is kept by giving it to a variable",
        "python" | "python3" | "ruby" | "perl" | "script" | "pypy" => "other languages run through `!` or `%%bash`",
        "store" | "macro" | "recall" | "rerun" | "rep" | "edit" | "pastebin" => {
            "`%history` shows earlier cells, `%save` writes them to a file"
        }
        "pinfo" | "pinfo2" | "pdoc" | "psource" | "pfile" | "pdef" => "help on a name is `name?`",
        "magic" | "quickref" => "`%lsmagic` lists the magics, `%help` says how cells work",
        "loadpy" => "`%load file` puts a file's text into the cell",
        "exit" | "quit" => "close the notebook, or press Ctrl-D in the terminal; `%restart` starts afresh",
        "set_env" => "an environment variable is set with `%env NAME=value`",
        "cell" => "a cell needs no magic: its text is Rust",
        _ => return None,
    };
    Some(found)
}

/// What a colon command of the stock Rust kernel stands for.
pub(crate) enum Colon {
    /// A magic with these arguments.
    Magic(&'static str),
    /// The same, with the command's arguments added.
    With(&'static str),
    /// Only words.
    Says(&'static str),
    /// Switches the timing line after each cell.
    Timing,
    /// The version.
    Version,
    /// The type of a variable.
    Type,
    /// Help on a name.
    Doc,
}

/// All commands of evcxr 0.22, by name.
pub(crate) static COLON: &[(&str, Colon)] = &[
    ("allow_static_linking", Colon::Says("nothing to allow here: crates of `%dep` are always linked dynamically")),
    ("build_env", Colon::Says("variables for builds are taken from the environment in which Ironbook starts")),
    ("cache", Colon::Says("compiled cells are always cached")),
    ("clear", Colon::Magic("%reset -f")),
    ("clear_cache", Colon::Says("the cache of compiled cells never has to be cleared: its key holds all that counts")),
    ("codegen_backend", Colon::Says("cells are compiled by rustc's own backend; `%opt` sets the optimisation")),
    ("dep", Colon::With("%dep")),
    ("doc", Colon::Doc),
    ("efmt", Colon::Says("an error that `?` carries out of a cell is shown with its chain of causes; nothing to set")),
    ("env", Colon::With("%env")),
    ("explain", Colon::With("!rustc --explain")),
    ("fmt", Colon::Says("values are shown as tables, charts or by Debug; implement `ironbook::Display` for your type")),
    ("help", Colon::With("%help")),
    ("internal_debug", Colon::Says("`%expand` shows the crate that a cell becomes")),
    ("last_compile_dir", Colon::Says("`%expand` shows the crate that a cell becomes")),
    ("last_error_json", Colon::Says("errors are drawn over the cell that has them")),
    ("linker", Colon::Says("cells are linked by the linker that `ironbook doctor` names")),
    ("load_config", Colon::Says("there is no start-up file")),
    ("offline", Colon::Says("set CARGO_NET_OFFLINE=true in the environment in which Ironbook starts")),
    ("opt", Colon::With("%opt")),
    ("preserve_vars_on_panic", Colon::Says("variables always survive a panic")),
    ("quit", Colon::Says("close the notebook, or press Ctrl-D in the terminal")),
    ("restart", Colon::Magic("%restart")),
    ("sccache", Colon::Says("compiled cells are cached by Ironbook itself")),
    ("show_deps", Colon::Magic("%dep")),
    ("t", Colon::Type),
    ("time_passes", Colon::Says("`:timing` shows the seconds of compiling and of running")),
    ("timing", Colon::Timing),
    ("toolchain", Colon::Says("cells are compiled by the rustc that built the library: `ironbook doctor` names it")),
    ("type", Colon::Type),
    ("types", Colon::Says("`%whos` shows the types of all variables, `name?` of one")),
    ("vars", Colon::Magic("%whos")),
    ("version", Colon::Version),
];
