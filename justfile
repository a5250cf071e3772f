# The everyday commands; `just` lists them. Each is one line that can also be typed without just.

# Lists the commands
default:
    @just --list

# Opens the dashboard on a simulated call centre
demo *args:
    cargo run --release -- demo {{args}}

# Runs all tests
test *args:
    cargo test {{args}}

# Formats, and shows what clippy finds
lint:
    cargo fmt
    cargo clippy --all-targets -- -D warnings

# What must pass before a change lands
ci:
    bash .ci/run

# Writes snapshots anew: read the diff afterwards
snapshots:
    INSTA_UPDATE=always cargo test --lib

# Draws the pictures anew: look at them afterwards
pictures:
    RENEW_PICTURES=1 cargo test pictures

# Writes the reference pages of the handbook anew
docs:
    AHTOP_UPDATE_DOCS=1 cargo test --test it docs

# Shows the handbook in a browser
book:
    mdbook serve docs --open

# Checks licences and sources of the dependencies; without network
deny:
    cargo deny check licenses bans sources

# Measures bytes, processor time and memory of a running dashboard
footprint:
    cargo run --release --example footprint
