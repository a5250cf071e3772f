//! The pictures of README and handbook are what the program draws now: they are drawn again and compared.
//!
//! `RENEW_PICTURES=1 cargo test --test it pictures` draws them into `assets/`.

use std::{fs, path::Path};

use ahtop::{
    cli::{Cli, Command},
    commands::snapshot,
    config::Env,
};

/// Each picture with the flags that it is made with.
const PICTURES: [(&str, &str); 4] = [
    ("overview.svg", "--demo --theme dark --size 120x40"),
    ("agents-80x24.svg", "--demo --theme dark --view agents --size 80x24"),
    ("wall.svg", "--demo --theme dark --view wall --title OUTBOUND --size 160x48"),
    ("wall-80x24.svg", "--demo --theme dark --view wall --title OUTBOUND --size 80x24"),
];

fn draw(file: &Path, flags: &str) {
    let words = ["ahtop", "snapshot"].into_iter().chain(flags.split(' ')).map(str::to_owned);
    let cli = Cli::read(words.chain([file.to_string_lossy().into_owned()])).unwrap();
    let Some(Command::Snapshot(args)) = cli.command else { unreachable!() };
    // Whatever the surroundings say.
    let env = Env::of([("NO_COLOR".to_owned(), "1".to_owned()), ("AHTOP_SYMBOLS".to_owned(), "ascii".to_owned())]);
    snapshot::run(&args, &cli.options.0, &env).unwrap();
}

#[test]
fn the_pictures_of_the_readme_are_current() {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    if std::env::var_os("RENEW_PICTURES").is_some() {
        fs::create_dir_all(&assets).unwrap();
        for (name, flags) in PICTURES {
            draw(&assets.join(name), flags);
        }
    }
    let dir = tempfile::tempdir().unwrap();
    for (name, flags) in PICTURES {
        let again = dir.path().join(name);
        draw(&again, flags);
        let kept = fs::read_to_string(assets.join(name)).unwrap_or_default();
        assert!(
            kept == fs::read_to_string(&again).unwrap(),
            "assets/{name} is not what the program draws: run `ahtop snapshot {flags} assets/{name}`, or \
             `RENEW_PICTURES=1 cargo test --test it pictures` for all, and look at them"
        );
    }
}

#[test]
fn words_are_those_of_the_picture() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("wall.txt");
    draw(&file, "--demo --view wall --size 100x30");
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().count(), 30);
    for word in ["DEMO", "COLLECT-IN", "Agents outside their band", "[LIVE]", "checked by this wallboard"] {
        assert!(text.contains(word), "{word}\n{text}");
    }
}

#[test]
fn the_budget_of_the_demo_has_replies_and_the_demo_s_names_are_in_latin_letters() {
    let dir = tempfile::tempdir().unwrap();
    let seen = |view: &str| {
        let file = dir.path().join(format!("{view}.txt"));
        draw(&file, &format!("--demo --view {view} --size 120x60"));
        fs::read_to_string(&file).unwrap()
    };
    let budget = seen("budget");
    let replies = budget.lines().find(|line| line.contains("replies ")).unwrap();
    let count = replies.split_whitespace().filter_map(|word| word.parse::<u32>().ok()).next().unwrap();
    assert!(count > 1000 && budget.contains("ms, slowest in the last hour"), "{budget}");
    let agents = seen("agents");
    assert!(agents.contains("Karthik") && !agents.chars().any(|c| c.is_alphabetic() && c > '\u{24f}'), "{agents}");
}

#[test]
fn a_file_of_another_kind_or_a_store_that_is_not_there_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let run = |file: &str, flags: &str| {
        let file = dir.path().join(file).to_string_lossy().into_owned();
        let words = ["ahtop", "snapshot", &file].into_iter().chain(flags.split(' '));
        let cli = Cli::read(words).unwrap();
        let Some(Command::Snapshot(args)) = cli.command else { unreachable!() };
        let state = ("AHTOP_STATE_DIR".to_owned(), dir.path().to_string_lossy().into_owned());
        snapshot::run(&args, &cli.options.0, &Env::of([state])).unwrap_err().message
    };
    assert!(run("x.png", "--demo").contains(".svg or .txt"));
    let message = run("x.svg", "--account acme -C COLLECT");
    assert!(message.contains("nothing is stored"), "{message}");
    assert!(fs::read_dir(dir.path()).unwrap().next().is_none(), "nothing was made");
}
