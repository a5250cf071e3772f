//! Inputs that nobody thought of: those of the corpus first, then what becomes of them when they are damaged, for as long
//! as there is time.
//!
//! `AHTOP_FUZZ_SECONDS` says for how long each target is tried (2 without it), `AHTOP_FUZZ_SEED` where the dice begin. What
//! makes a target panic is made smaller and written to a file, whose place is told; in `tests/fuzz/corpus/TARGET` it is tried
//! first for ever.

use std::{
    collections::HashSet,
    env, fs,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use rustix::{
    process::{Resource, Rlimit, getrlimit, setrlimit},
    time::{ClockId, clock_gettime},
};

use crate::targets::{Fuzzed, shape};

/// Inputs are no longer than this.
const LARGEST: usize = 64 * 1024;
/// Inputs that led somewhere new, kept to be damaged further.
const KEPT: usize = 4000;
/// Processor time that one input may cost: far more than any needs, so that only what never ends is caught.
const PATIENCE: Duration = Duration::from_secs(20);
/// What all targets of this process together may need at most, in bytes.
const MEMORY: u64 = 1 << 30;
/// What an allocation without any bound runs into.
const ADDRESSES: u64 = 16 << 30;

/// Tries the corpus of `target` and then damaged inputs.
pub(crate) fn fuzz(target: &str, Fuzzed { words, mut check }: Fuzzed) {
    let seconds = env::var("AHTOP_FUZZ_SECONDS").map_or(2.0, |s| s.parse::<f64>().unwrap());
    let seed = env::var("AHTOP_FUZZ_SEED").map_or(1, |s| s.parse::<u64>().unwrap());
    // What is not limited already.
    let limit = getrlimit(Resource::As);
    if limit.current.is_none() {
        let _ = setrlimit(Resource::As, Rlimit { current: Some(ADDRESSES), maximum: limit.maximum });
    }
    let mut rng = StdRng::seed_from_u64(seed);
    let mut pool = corpus(target);
    assert!(!pool.is_empty(), "tests/fuzz/corpus/{target} is empty");
    let mut seen = HashSet::new();
    for (name, input) in &pool {
        seen.insert(tried(target, input, &mut check, name));
    }
    let (end, mut count) = (Instant::now() + Duration::from_secs_f64(seconds), 0u64);
    while Instant::now() < end {
        let input = damaged(&pool, &words, &mut rng);
        let led_to = tried(target, &input, &mut check, "");
        if seen.len() < KEPT && seen.insert(led_to) {
            pool.push((String::new(), input));
        }
        count += 1;
        if count.is_multiple_of(64) {
            is_bounded(target);
        }
    }
    is_bounded(target);
    println!("{target}: {count} inputs, {} of them new, seed {seed}", pool.len());
}

/// The files of the corpus in the order of their names.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let dir: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "fuzz", "corpus", target].iter().collect();
    let files = fs::read_dir(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
    let mut paths: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect()
}

/// What one input led to. A panic is told with an input that is as small as can be had soon.
fn tried(target: &str, input: &[u8], check: &mut impl FnMut(&[u8]) -> u64, name: &str) -> u64 {
    let mut run = |input: &[u8]| {
        let before = processor_time();
        let result = catch_unwind(AssertUnwindSafe(|| check(input)));
        let took = processor_time().saturating_sub(before);
        assert!(took < PATIENCE, "{target}: {took:?} for one input of {} bytes", input.len());
        result
    };
    match run(input) {
        Ok(led_to) => led_to,
        Err(cause) => {
            let small = smaller(input, |less| run(less).is_err());
            let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{target}-{:016x}", shape(&small)));
            fs::write(&place, &small).unwrap();
            eprintln!(
                "{target} {name}: the input is in {}, put it into tests/fuzz/corpus/{target}:\n{:?}",
                place.display(),
                String::from_utf8_lossy(&small)
            );
            resume_unwind(cause)
        }
    }
}

/// Cuts pieces out of `input` as long as it stays bad.
fn smaller(input: &[u8], mut bad: impl FnMut(&[u8]) -> bool) -> Vec<u8> {
    let (mut small, mut tries) = (input.to_vec(), 0);
    let mut piece = small.len() / 2;
    while piece > 0 && tries < 150 {
        let mut at = 0;
        while at < small.len() && tries < 150 {
            let mut less = small.clone();
            less.drain(at..(at + piece).min(small.len()));
            tries += 1;
            if bad(&less) { small = less } else { at += piece }
        }
        piece /= 2;
    }
    small
}

/// An input of the pool, or two together, with a few places changed.
fn damaged(pool: &[(String, Vec<u8>)], words: &[String], rng: &mut StdRng) -> Vec<u8> {
    let any = |rng: &mut StdRng| &pool[rng.random_range(0..pool.len())].1;
    let mut out = any(rng).clone();
    if rng.random_ratio(1, 8) {
        let other = any(rng);
        let (here, there) = (rng.random_range(0..=out.len()), rng.random_range(0..=other.len()));
        out.truncate(here);
        out.extend_from_slice(&other[there..]);
    }
    for _ in 0..rng.random_range(1..=6) {
        let at = rng.random_range(0..=out.len());
        let end = (at + rng.random_range(0..=16)).min(out.len());
        match rng.random_range(0..10) {
            0 if at < out.len() => out[at] = rng.random(),
            1 if at < out.len() => out[at] ^= 1 << rng.random_range(0..8),
            2 => drop(out.drain(at..end)),
            3 => drop(out.splice(at..at, out[at..end].to_vec())),
            // The same thing many times over: what grows with the depth or the length of its input shows.
            4 => {
                let piece = out[at..end].to_vec();
                let times = 1usize << rng.random_range(0..9);
                drop(out.splice(at..at, piece.repeat(times)));
            }
            5 => drop(out.splice(at..at, edge(rng).into_bytes())),
            6 => out.truncate(at),
            _ if !words.is_empty() => {
                let word = words[rng.random_range(0..words.len())].bytes();
                let end = if rng.random() { end } else { at };
                drop(out.splice(at..end, word));
            }
            _ => out.insert(at, rng.random()),
        }
    }
    out.truncate(LARGEST);
    out
}

/// Numbers and characters at the edges of what there is.
fn edge(rng: &mut StdRng) -> String {
    const EDGES: [&str; 24] = [
        "0",
        "-1",
        "255",
        "65536",
        "2147483648",
        "4294967295",
        "9223372036854775807",
        "-9223372036854775808",
        "18446744073709551616",
        "1e308",
        "1e999",
        "-0.0",
        "NaN",
        "99999999999999999999999",
        "\0",
        "\u{1b}[2J",
        "\u{9b}",
        "\u{202e}",
        "\u{2028}",
        "\u{feff}",
        "\u{10ffff}",
        "e\u{301}\u{301}\u{301}",
        "👩‍👩‍👧‍👦",
        "प्रि",
    ];
    EDGES[rng.random_range(0..EDGES.len())].to_owned()
}

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// The most memory that this process has needed so far is within bounds. Only Linux tells.
fn is_bounded(target: &str) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let most =
        status.lines().find_map(|l| l.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    assert!(most.unwrap_or(0) < MEMORY / 1024, "{target}: {most:?} KiB of memory were needed");
}
