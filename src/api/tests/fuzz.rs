//! A million bodies: noise, and good answers that were damaged. Whatever comes, no panic, no zero, no text with controls,
//! and no value that the body does not hold.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    api::{ListReply, Reply, TokenReply, classify, listing},
    config::AuthMode,
    domain::Target,
};

const SEEDS: [&str; 14] = [
    r#"{"status":"success","message":{"AgentID":"A-1","AgentName":"Priya S","AHT":"00:04:51"}}"#,
    r#"{"status":"SUCCESS","message":"ok","details":[{"AgentID":"A-1","AHT":"00:04:51"}]}"#,
    r#"{"status":true,"data":{"AgentName":"x","AHT":null}}"#,
    r#"{"AgentID":"A-1","AHT":"23:00:59"}"#,
    r#"{"status":"error","message":"max limit exceeded"}"#,
    r#"{"status":"error","message":"agentId is Invalid"}"#,
    r#"{"status":"false","message":"Token Expired","data":null}"#,
    r#"{"status":"success","details":[]}"#,
    r#"{"token":"eyJhbGciOiJIUzUxMiJ9.eyJleHAiOjE3NzAwMDAwMDB9.c2ln","message":""}"#,
    "<html><body>502</body></html>",
    "\u{feff}{\"AHT\":\"00:00:00\"}",
    r#"{"status":"success","message":[{"AgentId":"A-1","AgentState":"READY","SkillName":"a, b"},{"AgentId":"B"}]}"#,
    r#"{"status":"success","Campaigns":[{"Campaign":"C-1","Position":"READY","CampaignID":"256"}]}"#,
    r#"[[[[{"AHT":[1e9,-0.0,"\ud83d\ude00"]}]]]]"#,
];
const SPICE: [&[u8]; 16] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b":",
    b",",
    b"\\",
    b"\x00",
    b"\xff",
    b"\x1b",
    b"null",
    b"NaN",
    b"\"AHT\":",
    b"1e999",
    b"\xe2\x80\xae",
];
const STATUS: [u16; 16] = [200, 200, 200, 200, 200, 200, 200, 200, 204, 301, 400, 401, 403, 429, 500, 503];

/// xorshift64*: cheap, and the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        ((self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize) % below
    }

    fn body(&mut self, out: &mut Vec<u8>) {
        out.clear();
        if self.roll(4) == 0 {
            for _ in 0..self.roll(24) {
                match self.roll(3) {
                    0 => out.push(self.roll(256) as u8),
                    _ => out.extend_from_slice(SPICE[self.roll(SPICE.len())]),
                }
            }
            return;
        }
        out.extend_from_slice(SEEDS[self.roll(SEEDS.len())].as_bytes());
        for _ in 0..self.roll(4) {
            let at = self.roll(out.len() + 1);
            match self.roll(5) {
                0 => out.truncate(at),
                1 => {
                    let spice = SPICE[self.roll(SPICE.len())];
                    out.splice(at..at, spice.iter().copied());
                }
                2 => {
                    let end = (at + self.roll(9)).min(out.len());
                    out.drain(at..end);
                }
                _ if at < out.len() => out[at] = self.roll(256) as u8,
                _ => {}
            }
        }
    }
}

/// True where a value came out.
fn check(status: u16, body: &[u8], target: &Target, mode: AuthMode) -> bool {
    let text = match classify::aht(status, None, body, mode, target) {
        Reply::Value { aht, .. } => {
            assert!(status < 300 && aht.secs() > 0, "{status} {aht}");
            let shown = format!("{:02}:{:02}:{:02}", aht.secs() / 3600, aht.secs() / 60 % 60, aht.secs() % 60);
            let plain = String::from_utf8_lossy(body);
            assert!(
                plain.contains(&shown) || plain.contains("\\u") || plain.contains(&shown[1..]),
                "{shown} from {plain}"
            );
            return true;
        }
        Reply::Malformed { excerpt } => excerpt,
        Reply::TokenRejected { message } | Reply::CredentialsRejected { message, .. } => message,
        _ => return false,
    };
    assert!(text.chars().count() <= 200 && !text.contains(|c: char| c.is_control()), "{text:?}");
    false
}

/// No row that the body does not hold, and nothing harmful in a text.
fn check_list<T>(body: &[u8], reply: ListReply<T>, texts: impl Fn(&T) -> Vec<Option<&Arc<str>>>) {
    let harmless = |text: &str| assert!(text.chars().count() <= 301 && !text.contains(char::is_control), "{text:?}");
    match reply {
        ListReply::Rows { rows, .. } => {
            assert!(rows.len() <= body.len());
            rows.iter().flat_map(texts).flatten().for_each(|text| harmless(text));
        }
        ListReply::Refused { why } | ListReply::Failed { why } => harmless(&why),
        ListReply::Throttled { .. } => {}
    }
}

/// How many values came out of `count` bodies.
fn run(seed: u64, count: usize) -> usize {
    let (agent, campaign) = (Target::agent("A-1"), Target::campaign("A-1"));
    let now = Timestamp::from_second(1_769_999_000).unwrap();
    let (mut dice, mut body, mut values) = (Dice(seed), Vec::new(), 0);
    for i in 0..count {
        dice.body(&mut body);
        let status = STATUS[dice.roll(STATUS.len())];
        match i % 8 {
            0 => values += usize::from(check(status, &body, &campaign, AuthMode::Basic)),
            1 => match classify::token(status, None, &body, now) {
                TokenReply::Generated { life, .. } => assert!(status < 300 && life.as_secs() >= 60),
                TokenReply::Refused(Reply::Value { .. } | Reply::WrongMethod) => panic!("no reply to a token request"),
                TokenReply::Refused(_) => {}
            },
            2 => {
                check_list(&body, listing::logins(status, None, &body), |l| {
                    vec![Some(&l.id), l.name.as_ref(), l.state.as_ref()]
                });
                check_list(&body, listing::campaigns(status, None, &body), |c| {
                    vec![Some(&c.name), c.kind.as_ref(), c.state.as_ref()]
                });
            }
            _ => values += usize::from(check(status, &body, &agent, AuthMode::Token)),
        }
    }
    values
}

#[test]
fn a_million_bodies_neither_panic_nor_make_a_zero() {
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    let handles: Vec<_> = (0..cores)
        .map(|i| {
            std::thread::spawn(move || run(0x9E37_79B9_7F4A_7C15 ^ (i as u64 + 1), 1_000_000_usize.div_ceil(cores)))
        })
        .collect();
    let values: usize = handles.into_iter().map(|h| h.join().unwrap()).sum();
    // Otherwise the damage is so great that only noise was tried.
    assert!(values > 15_000, "{values}");
}
