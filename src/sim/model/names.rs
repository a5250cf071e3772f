//! Invented people: ordinary Indian given names with an initial, in Latin letters or in four scripts, and the ids that go
//! with them.

/// A given name as its bearer writes it, and in the letters of an e-mail address.
const GIVEN: [(&str, &str); 44] = [
    ("Priya", "priya"),
    ("रोहित", "rohit"),
    ("Arjun", "arjun"),
    ("கார்த்திக்", "karthik"),
    ("Devika", "devika"),
    ("অনন্যা", "ananya"),
    ("Imran", "imran"),
    ("सुनीता", "sunita"),
    ("Kavya", "kavya"),
    ("மீனா", "meena"),
    ("Gopal", "gopal"),
    ("সৌরভ", "sourav"),
    ("Fatima", "fatima"),
    ("दीपक", "deepak"),
    ("Nikhil", "nikhil"),
    ("அருண்", "arun"),
    ("Sneha", "sneha"),
    ("রিয়া", "riya"),
    ("Harish", "harish"),
    ("पूजा", "pooja"),
    ("Zoya", "zoya"),
    ("லட்சுமி", "lakshmi"),
    ("Manoj", "manoj"),
    ("অমিত", "amit"),
    ("Rekha", "rekha"),
    ("विकास", "vikas"),
    ("Farhan", "farhan"),
    ("குமார்", "kumar"),
    ("Leela", "leela"),
    ("মৌসুমী", "mousumi"),
    ("Tarun", "tarun"),
    ("नेहा", "neha"),
    ("Jyoti", "jyoti"),
    ("வித்யா", "vidya"),
    ("Suresh", "suresh"),
    ("দেবাশিস", "debashis"),
    ("Asha", "asha"),
    ("संजय", "sanjay"),
    ("Irfan", "irfan"),
    ("முருகன்", "murugan"),
    ("Padma", "padma"),
    ("শর্মিলা", "sharmila"),
    ("Ravi", "ravi"),
    ("किरण", "kiran"),
];

/// Initials: Latin, Devanagari, Tamil, Bengali.
const INITIALS: [[&str; 4]; 8] = [
    ["K", "क", "க", "ক"],
    ["M", "म", "ம", "ম"],
    ["N", "न", "ந", "ন"],
    ["P", "प", "ப", "প"],
    ["R", "र", "ர", "র"],
    ["S", "स", "ச", "স"],
    ["D", "द", "த", "দ"],
    ["L", "ल", "ல", "ল"],
];

/// The name and the id of the `i`-th person; ids never repeat. Names are in Latin letters, which every terminal has.
pub(super) fn person(i: usize) -> (String, String) {
    let (_, latin) = GIVEN[i % GIVEN.len()];
    let lap = i / GIVEN.len();
    let initial = initial(i)[0];
    let number = match lap / INITIALS.len() {
        0 => String::new(),
        n => (n + 1).to_string(),
    };
    let id = format!("{latin}.{}{number}@acme.example", initial.to_lowercase());
    let (first, rest) = latin.split_at(1);
    (format!("{}{rest} {initial}", first.to_uppercase()), id)
}

/// The name of the `i`-th person as its bearer writes it.
pub(super) fn native_name(i: usize) -> String {
    let (native, _) = GIVEN[i % GIVEN.len()];
    let script = match native.chars().next() {
        Some('\u{900}'..='\u{97f}') => 1,
        Some('\u{b80}'..='\u{bff}') => 2,
        Some('\u{980}'..='\u{9ff}') => 3,
        _ => 0,
    };
    format!("{native} {}", initial(i)[script])
}

/// The initial of the `i`-th person in each script.
fn initial(i: usize) -> [&'static str; 4] {
    let lap = i / GIVEN.len();
    INITIALS[(i % GIVEN.len() * 3 + lap) % INITIALS.len()]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_plain_and_never_repeat() {
        let ids: HashSet<String> = (0..2_000).map(|i| person(i).1).collect();
        assert_eq!(ids.len(), 2_000);
        assert!(ids.iter().all(|id| id.is_ascii() && id.ends_with("@acme.example")));
        assert!((0..400).all(|i| person(i).0.is_ascii()), "a terminal may have no other letters");
        assert_eq!(person(1), ("Rohit P".to_owned(), "rohit.p@acme.example".to_owned()));
    }

    #[test]
    fn four_scripts_appear_and_no_name_mixes_two() {
        let script = |c: char| match c {
            'A'..='Z' | 'a'..='z' => Some(0),
            '\u{900}'..='\u{97f}' => Some(1),
            '\u{b80}'..='\u{bff}' => Some(2),
            '\u{980}'..='\u{9ff}' => Some(3),
            _ => None,
        };
        let mut seen = HashSet::new();
        for i in 0..400 {
            let scripts: HashSet<i32> = native_name(i).chars().filter_map(script).collect();
            assert_eq!(scripts.len(), 1, "{}", native_name(i));
            seen.extend(scripts);
        }
        assert_eq!(seen.len(), 4);
    }
}
