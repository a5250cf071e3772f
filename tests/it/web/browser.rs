//! A browser that is told what to do over a pipe, and the wallboard as it shows it.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};

use super::client::skipped;

/// Where a browser may be.
const PLACES: [&str; 3] = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/// Reads the board out of the page, a line for each row of cells: each text stands where its x says. Blocks and Braille
/// are drawn and have no text.
const CELLS: &str = "Array.from(document.querySelectorAll('#board g[id]')).map(function (g) { \
    var row = []; \
    g.querySelectorAll('text').forEach(function (t) { \
      var xs = t.getAttribute('x').split(' '), at = Math.round(xs[0] / 9); \
      var signs = xs.length > 1 || !t.hasAttribute('textLength') ? Array.from(t.textContent) : null; \
      if (signs) { signs.forEach(function (c, i) { row[Math.round(xs[i] / 9)] = c; }); return; } \
      var width = Math.round(t.getAttribute('textLength') / 9), all = Array.from(t.textContent); \
      if (width === all.length) { all.forEach(function (c, i) { row[at + i] = c; }); } \
      else { row[at] = t.textContent; for (var i = 1; i < width; i += 1) { row[at + i] = ''; } } \
    }); \
    for (var i = 0; i < row.length; i += 1) { if (row[i] === undefined) { row[i] = ' '; } } \
    return row.join('').replace(/\\s+$/, ''); \
  }).join('\\n')";

/// A browser with one page. It is killed when this is dropped.
pub(crate) struct Browser {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    next: u64,
    session: Option<String>,
}

impl Browser {
    /// `None` where there is no browser: the test says so and ends.
    pub(crate) fn start(home: &Path) -> Option<Browser> {
        let Some(program) = PLACES.into_iter().find(|place| Path::new(place).exists()) else {
            skipped("chromium");
            return None;
        };
        // It listens on descriptor 3 and answers on 4.
        let mut child = Command::new("/bin/sh")
            .args(["-c", r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#, program])
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .arg("--remote-debugging-pipe")
            .arg(format!("--user-data-dir={}", home.join("browser").display()))
            .arg("about:blank")
            .env("HOME", home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (to, from) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut browser = Browser { child, to, from, next: 0, session: None };
        let target = browser.tell("Target.createTarget", json!({"url": "about:blank"}))["targetId"].clone();
        let attached = browser.tell("Target.attachToTarget", json!({"targetId": target, "flatten": true}));
        browser.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        browser.tell("Page.enable", json!({}));
        Some(browser)
    }

    /// Tells it and waits for its answer.
    pub(crate) fn tell(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let mut message = json!({"id": self.next, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        self.to.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let mut bytes = Vec::new();
            assert!(self.from.read_until(0, &mut bytes).unwrap() > 0, "the browser has ended");
            let answer: Value = serde_json::from_slice(bytes.strip_suffix(b"\0").unwrap_or(&bytes)).unwrap();
            if answer["id"] == self.next {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }

    pub(crate) fn screen(&mut self, width: u32, height: u32) {
        let screen = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.tell("Emulation.setDeviceMetricsOverride", screen);
    }

    pub(crate) fn open(&mut self, url: &str) {
        self.tell("Page.navigate", json!({"url": url}));
    }

    /// What this expression is in the page.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "returnByValue": true});
        self.tell("Runtime.evaluate", asked)["result"]["value"].clone()
    }

    /// The board as lines of text.
    pub(crate) fn cells(&mut self) -> String {
        self.value(CELLS).as_str().unwrap_or_default().to_owned()
    }

    /// What the page says over the figures; nothing while it is connected.
    pub(crate) fn lost(&mut self) -> String {
        let lost =
            "var l = document.getElementById('lost'); l && getComputedStyle(l).display !== 'none' ? l.innerText : ''";
        self.value(lost).as_str().unwrap_or_default().to_owned()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
