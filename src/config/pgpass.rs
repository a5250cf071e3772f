//! `~/.pgpass`, where PostgreSQL's own programs look for a password: `host:port:database:user:password`, `*` for any.

/// The first password for this user of this database on one of these hosts.
pub(super) fn find(text: &str, hosts: &[(String, u16)], database: &str, user: &str) -> Option<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let entries: Vec<Vec<String>> = lines.map(fields).filter(|fields| fields.len() >= 5).collect();
    hosts.iter().find_map(|(host, port)| {
        // A socket is "localhost" there.
        let host = if host.starts_with('/') { "localhost" } else { host };
        let wanted = [host, &port.to_string(), database, user].map(str::to_owned);
        let fits = |entry: &&Vec<String>| entry.iter().zip(&wanted).all(|(has, wants)| has == "*" || has == wants);
        entries.iter().find(fits).map(|entry| entry[4..].join(":"))
    })
}

/// The fields of a line; a backslash takes a colon or another backslash as it is.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut chars) = (vec![String::new()], line.chars());
    while let Some(c) = chars.next() {
        match c {
            ':' => fields.push(String::new()),
            c => {
                let c = if c == '\\' { chars.next().unwrap_or(c) } else { c };
                if let Some(last) = fields.last_mut() {
                    last.push(c);
                }
            }
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_first_line_that_fits_counts() {
        let text = "# a note\nother:5432:*:u:no\nbad line\nh:5432:d:u:se\\:c\\\\ret\n*:*:*:*:any:thing\n";
        let find = |host: &str, user: &str| super::find(text, &[(host.to_owned(), 5432)], "d", user);
        assert_eq!(find("h", "u").as_deref(), Some("se:c\\ret"));
        assert_eq!(find("h", "v").as_deref(), Some("any:thing"));
        assert_eq!(super::find("localhost:1:d:u:p", &[("/run".into(), 1)], "d", "u").as_deref(), Some("p"));
        assert_eq!(super::find("", &[("h".into(), 1)], "d", "u"), None);
    }
}
