//! Bad configurations and the exact lines that they give.

use std::fmt::Write;

use super::*;

/// Cases: `=== below` (below [`BASE`], whose six lines are valid) or `=== whole`, a file, `---`, what is told of it.
const CASES: &str = include_str!("errors.txt");

fn told(flags: &[(Id, &str)], vars: &[(&str, &str)], text: &str) -> String {
    let file = Some((Path::new("dir/config.toml"), text));
    resolve(&super::flags(flags), &env(vars), file).err().map(|e| e.to_string()).unwrap_or_default()
}

#[test]
fn every_error_is_told_at_once_with_its_line_and_column() {
    let mut seen = String::new();
    for case in CASES.split("=== ").skip(1) {
        let (head, rest) = case.split_once('\n').unwrap();
        let (text, _) = rest.split_once("---\n").unwrap();
        let whole = if head == "below" { format!("{BASE}{text}") } else { text.to_owned() };
        let told = told(&[], &[], &whole);
        assert!(!told.is_empty(), "no error in\n{text}");
        writeln!(seen, "=== {head}\n{text}---\n{told}").unwrap();
    }
    assert!(CASES.matches("=== ").count() >= 60);
    for (i, (seen, expected)) in seen.lines().zip(CASES.lines()).enumerate() {
        assert_eq!(seen, expected, "errors.txt line {}", i + 1);
    }
    assert_eq!(seen, CASES);
}

#[test]
fn a_monster_is_told_and_not_a_crash() {
    for text in
        ["a = ".to_owned() + &"[".repeat(200_000), "[".repeat(200_000), "a = ".to_owned() + &"{a=".repeat(100_000)]
    {
        assert!(told(&[], &[], &text).contains("not TOML"));
    }
    let told = told(&[], &[], &format!("{} = 1\n{BASE}", "k".repeat(1_000_000)));
    assert!(told.len() < 500, "{}", told.len());
}

#[test]
fn of_very_many_errors_the_first_are_told_and_how_many_more() {
    let keys = |n: usize| (0..n).fold(BASE.to_owned(), |text, i| format!("{text}zebra{i} = 1\n"));
    let lines = |n: usize| told(&[], &[], &keys(n)).lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines(50).len(), 50);
    assert_eq!((lines(51).len(), lines(51)[50].as_str()), (51, "and 1 more error"));
    let many = lines(3000);
    assert_eq!((many.len(), many[50].as_str()), (51, "and 2950 more errors"));
    assert!(many[0].starts_with("dir/config.toml:7:1: unknown key 'zebra0'"), "{}", many[0]);
    assert!(many[49].starts_with("dir/config.toml:56:1: unknown key 'zebra49'"), "{}", many[49]);
}

#[test]
fn errors_of_flags_and_variables_name_them() {
    let token = "[account]\nuser_name = \"u\"\n[auth]\ntoken_command = [\"t\"]\n[watch]\nagents = [\"a\"]\n";
    for (flags, vars, text, expected) in [
        (
            &[(Id::MinInterval, "5")][..],
            &[("AHTOP_MIN_INTERVAL", "x")][..],
            BASE,
            "AHTOP_MIN_INTERVAL: 'x' is not a duration: write it as \"60s\", \"10m\", \"1h30m\" or \"30d\"\n\
             --min-interval: '5' is not a duration: write it as \"60s\", \"10m\", \"1h30m\" or \"30d\"",
        ),
        (
            &[(Id::Agents, "x"), (Id::Agents, "x"), (Id::Agents, " y")],
            &[],
            BASE,
            "--agent: 'x' is given twice\n\
            --agent: id ' y' begins or ends with white space",
        ),
        (
            &[],
            &[("AHTOP_AGENTS", "x,,y, z")],
            BASE,
            "AHTOP_AGENTS: id ' z' begins or ends with white space\n\
             AHTOP_AGENTS: id must not be empty",
        ),
        (
            &[],
            &[("AHTOP_API_KEY_FILE", "k")],
            token,
            "AHTOP_API_KEY_FILE: would make ahtop generate tokens, but config.toml \
            line 4 has token_command: unset one of them",
        ),
        (
            &[(Id::Timeout, "2s"), (Id::ConnectTimeout, "3s")],
            &[],
            BASE,
            "--connect-timeout: 'connect_timeout' must not be longer than 'timeout'",
        ),
        (
            &[(Id::Theme, "drak")],
            &[],
            BASE,
            "--theme: 'drak' is not one of auto, dark, light, cvd, mono, or a file that ends in .toml; did you mean 'dark'?",
        ),
        (&[(Id::UserName, "a\u{1b}[2J")], &[], BASE, "--user: 'a\u{fffd}[2J' contains a control character"),
        (
            &[],
            &[("AHTOP_BASE_URL", "http://10.0.0.8")],
            BASE,
            "AHTOP_BASE_URL: 'http://10.0.0.8' must use https: plain http is for loopback addresses only",
        ),
    ] {
        assert_eq!(told(flags, vars, text), expected);
    }
}

#[test]
fn without_a_file_the_flags_that_would_do_are_named() {
    let errors = load(Purpose::Watch, &Overrides::default(), &Env::default()).unwrap_err().to_string();
    assert_eq!(
        errors,
        "configuration: [account] name is missing: it names the shared state (--account, AHTOP_ACCOUNT)"
    );
    let errors = load(Purpose::Watch, &super::flags(&[(Id::UserName, "u")]), &Env::of([("AHTOP_API_KEY", "k")]))
        .unwrap_err()
        .to_string();
    assert_eq!(
        errors,
        "configuration: nothing to watch: list ids in [watch] agents or campaigns, give -a ID or -C NAME, or set agents = \"logged-in\""
    );
}

#[test]
fn a_roster_must_not_repeat_the_list_or_itself() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("r.csv"), "id,label\na,A\nb,B\nb,C\nc\n").unwrap();
    let text = format!("{BASE}agents_csv = \"r.csv\"\n[[agent]]\nid = \"b\"\n");
    let path = dir.path().join("config.toml");
    let errors = resolve(&Overrides::default(), &Env::default(), Some((&path, &text))).unwrap_err().to_string();
    let dir = dir.path().display();
    assert_eq!(
        errors,
        format!(
            "{dir}/r.csv:2: id 'a' is listed already in config.toml line 6\n\
             {dir}/r.csv:4: id 'b' stands in line 3 already\n\
             {dir}/r.csv:5: has 1 fields, the first line has 2"
        )
    );
}
