//! One target of `tests/fuzz/targets`, by the name of the program, with inputs that libFuzzer makes: it keeps those that
//! reach new places of the program.
#![no_main]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

#[path = "../tests/fuzz/targets/mod.rs"]
mod targets;

use std::cell::RefCell;

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use targets::Fuzzed;

thread_local! {
    static FUZZED: RefCell<Fuzzed> = RefCell::new(match env!("CARGO_BIN_NAME") {
        "replies" => targets::replies(),
        "configurations" => targets::configurations(),
        "rosters" => targets::rosters(),
        "command_lines" => targets::command_lines(),
        "screens" => targets::screens(),
        "choices" => targets::choices(),
        "stores" => targets::stores(),
        other => panic!("no target is called {other}"),
    });
}

fuzz_target!(|input: &[u8]| {
    FUZZED.with_borrow_mut(|fuzzed| (fuzzed.check)(input));
});

// One in four inputs gets a word that makes sense, where it is hard to guess.
fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| {
    let seed = usize::try_from(seed).unwrap();
    FUZZED.with_borrow(|fuzzed| {
        let word = fuzzed.words[(seed >> 8) % fuzzed.words.len()].as_bytes();
        if !seed.is_multiple_of(4) || size + word.len() > most {
            return fuzzer_mutate(data, size, most);
        }
        let at = (seed >> 16) % (size + 1);
        data.copy_within(at..size, at + word.len());
        data[at..at + word.len()].copy_from_slice(word);
        size + word.len()
    })
});
