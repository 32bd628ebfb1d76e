"""The cells that the tests run, in Rust, and in Python for trying the tests themselves on ipykernel."""

from wire import NAME


class Rust:
    language = "rust"
    extension = ".rs"
    hello = 'println!("hello, world");'
    stderr = 'eprintln!("to the other stream");'
    product = "6 * 7"
    assign = "let x = 5;"
    show = "x"
    plus = "x + 1"
    mixed = 'println!("out");\neprintln!("err");\n1 + 1'
    fails = 'panic!("no");'
    fails_with = "no"
    says_on = 'println!("went on");'
    start_and_fail = ('println!("started");\nstd::thread::sleep(std::time::Duration::from_secs(1));\npanic!("no");')
    forever = 'println!("started");\nloop {}'
    forever_line = 'println!("started"); loop {}'
    sleeps = 'println!("started");\nstd::thread::sleep(std::time::Duration::from_secs(2));\nprintln!("slept");'
    until_file = ('println!("started");\nwhile !std::path::Path::new("{path}").exists() {{\n'
                  '    std::thread::sleep(std::time::Duration::from_millis(20));\n}}\nprintln!("went on");')
    library = ('let data = df!["x" => (0..20_000).map(|i| f64::from(i % 997)).collect::<Vec<_>>(),\n'
               '    "y" => (0..20_000).map(|i| f64::from(i % 13)).collect::<Vec<_>>()]?;\n'
               'println!("started");\n'
               'let model = GbdtRegressor::params().n_estimators(10_000_000).fit(&Dataset::new(&data, &["x"], "y")?)?;')
    # The compiler itself computes this number, for minutes.
    compiles_forever = ('#[allow(long_running_const_eval)]\nconst SLOW: u64 = {{ let mut i = 0; while i < 20_000_000_000 + {unique} '
                        '{{ i += 1; }} i }};\nSLOW')
    # Listens to no interrupt.
    deaf = 'println!("started");\nstd::thread::sleep(std::time::Duration::from_secs(600));'
    kill = 'println!("started");\nstd::process::Command::new("kill").args(["-9", &std::process::id().to_string()]).status()?;\nloop {}'
    process = "std::process::id()"
    bold = 'display(&Html("<b>x</b>".into()));'
    update = ('let shown = display_updatable(&Markdown("before".into()));\nshown.update(&Markdown("after".into()));')
    update_later = 'shown.update(&Markdown("later".into()));'
    clear = 'println!("old");\nclear_output(false);\nprintln!("new");'
    page = "%help time"
    inspect = "println"
    ask = 'let name = ironbook::input("your name? ")?;\nprintln!("hello {name}");'
    ask_twice = ('let a = ironbook::input("first? ")?;\nlet b = ironbook::input("second? ")?;\nprintln!("{a} and {b}");')
    secret = 'let word = ironbook::password("pw: ")?;\nprintln!("{} letters", word.chars().count());'
    lines = 'for i in 0..{count} {{\n    println!("line {{i}}");\n}}'
    much = ('println!("the start");\nlet piece = "0123456789abcdef".repeat(64);\nfor _ in 0..{kilobytes} {{\n'
            '    println!("{{piece}}");\n}}\nprintln!("the end");')
    table = 'df!["name" => ["ann", "bob"], "age" => [41, 23]]?'
    chart = 'plot::line(&[1.0, 2.0, 3.0], &[1.0, 4.0, 9.0])?.title("squares")'
    progress = ('let mut bar = Progress::new("counting", Some(40));\nfor _ in 0..40 {{\n'
                '    std::thread::sleep(std::time::Duration::from_millis({pause}));\n    bar.inc(1);\n}}\ndrop(bar);\n'
                'println!("counted");')
    parameters = "let count = 1;\nlet label = \"one\";\nlet share = 0.5;\nlet flag = false;\nlet list = [1, 2];"
    parameters_shown = 'println!("{count} {label} {share:.2} {flag} {list:?}");'
    parameters_text = "3 a \"b\" \\ é 0.25 true [4, 5, 6]"
    complete = ["let a = 1;", "6 * 7", "fn f() -> i32 {\n    1\n}", "%who", "", "// a comment"]
    incomplete = ["fn f() {", "let a = (1,", "let s = \"begun", "match x {", "/* begun"]
    invalid = ["let a = )", "fn 1() {}", "}"]
    # A cell that makes names, then a text, the cursor in it, and a name that must be offered.
    names = ('let temperature = 21.5f64;\nlet words = vec![String::from("a")];\n'
             'let people = df!["first_name" => ["ann"], "years" => [41]]?;\nfn double(n: i32) -> i32 {\n    2 * n\n}')
    completions = {
        "variables": ("temper", 6, "temperature"),
        "functions": ("dou", 3, "double"),
        "methods": ("words.is_e", 10, "is_empty"),
        "magics": ("%whi", 3, "%who"),
        "columns": ('people.column("first', 20, "first_name"),
    }
    # The cursor is counted in code points: 🦀 is one of them, though two units of UTF-16 and four bytes.
    after_emoji = ('let crab = "🦀🦀"; temper', 23, 17, 23, "temperature")
    inspect_emoji = ('let crab = "🦀🦀"; temperature', 24)
    inspect_says = "f64"
    bash = "%%bash\necho from the shell"
    magics = "%lsmagic"
    aside = "%whos"
    no_such_stdin = "nobody can be asked"


class Python:
    language = "python"
    extension = ".py"
    hello = "print('hello, world')"
    stderr = "import sys; print('to the other stream', file=sys.stderr)"
    product = "6 * 7"
    assign = "x = 5"
    show = "x"
    plus = "x + 1"
    mixed = "import sys\nprint('out')\nsys.stdout.flush()\nprint('err', file=sys.stderr)\n1 + 1"
    fails = "raise ValueError('no')"
    fails_with = "no"
    says_on = "print('went on')"
    start_and_fail = "import time\nprint('started')\ntime.sleep(1)\nraise ValueError('no')"
    forever = "print('started')\nwhile True: pass"
    forever_line = "import itertools; print('started'); [0 for _ in itertools.count() if False]"
    sleeps = "import time\nprint('started')\ntime.sleep(2)\nprint('slept')"
    until_file = ("import os, time\nprint('started')\nwhile not os.path.exists({path!r}): time.sleep(0.02)\nprint('went on')")
    process = "import os; os.getpid()"
    bold = "from IPython.display import HTML, display; display(HTML('<b>x</b>'))"
    update = ("from IPython.display import Markdown, display\nshown = display(Markdown('before'), display_id=True)\n"
              "shown.update(Markdown('after'))")
    update_later = "shown.update(Markdown('later'))"
    clear = "from IPython.display import clear_output\nprint('old')\nclear_output()\nprint('new')"
    page = "len?"
    inspect = "print"
    ask = "name = input('your name? ')\nprint(f'hello {name}')"
    ask_twice = "a = input('first? ')\nb = input('second? ')\nprint(f'{a} and {b}')"
    secret = "import getpass\nword = getpass.getpass('pw: ')\nprint(len(word), 'letters')"
    lines = "for i in range({count}):\n    print('line', i)"
    much = ("print('the start')\npiece = '0123456789abcdef' * 64\nfor _ in range({kilobytes}):\n    print(piece)\nprint('the end')")
    table = ("from IPython.display import HTML\n"
             "HTML('<table><tr><th>name</th><th>age</th></tr><tr><td>ann</td><td>41</td></tr></table>')")
    chart = ("from IPython.display import display\nspec = {'$schema': 'https://vega.github.io/schema/vega-lite/v5.json', 'mark': 'line',\n"
             "  'title': 'squares', 'data': {'values': [{'a': 1, 'b': 1}, {'a': 2, 'b': 4}]},\n"
             "  'encoding': {'x': {'field': 'a', 'type': 'quantitative'}, 'y': {'field': 'b', 'type': 'quantitative'}}}\n"
             "svg = '<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"10\" height=\"10\"><title>squares</title></svg>'\n"
             "display({'application/vnd.vegalite.v5+json': spec, 'image/svg+xml': svg, 'text/plain': 'chart'}, raw=True)")
    progress = ("import time\nfrom IPython.display import HTML, display\n"
                "bar = display(HTML('counting <progress value=0 max=40></progress>'), display_id=True)\nfor i in range(40):\n"
                "    time.sleep({pause} / 1000)\n"
                "    bar.update(HTML(f'counting <progress value={{i + 1}} max=40></progress> {{i + 1}}/40'))\nprint('counted')")
    parameters = "count = 1\nlabel = 'one'\nshare = 0.5\nflag = False\nlist = [1, 2]"
    parameters_shown = "print(count, label, format(share, '.2f'), str(flag).lower(), list)"
    parameters_text = "3 a \"b\" \\ é 0.25 true [4, 5, 6]"
    complete = ["a = 1", "6 * 7", "def f():\n    return 1\n\n", "%who", "# a comment"]
    incomplete = ["def f():", "a = (1,", "s = '''begun", "for i in x:"]
    invalid = ["a = )", "def 1(): pass", "}"]
    names = ("temperature = 21.5\nwords = ['a']\npeople = {'first_name': ['ann'], 'years': [41]}\ndef double(n):\n    return 2 * n")
    completions = {
        "variables": ("temper", 6, "temperature"),
        "functions": ("dou", 3, "double"),
        "methods": ("words.appe", 10, "append"),
        "magics": ("%whi", 3, "%who"),
        "columns": ("people['first", 13, "first_name"),
    }
    after_emoji = ("crab = '🦀🦀'; temper", 19, 13, 19, "temperature")
    inspect_emoji = ("crab = '🦀🦀'; temperature", 19)
    inspect_says = "float"
    bash = "%%bash\necho from the shell"
    magics = "%lsmagic"
    aside = "1 + 1"
    no_such_stdin = "input"


CELLS = Rust if NAME.startswith("ironbook") else Python
PEER = CELLS is Python
