#!/usr/bin/env bash
# Builds what people install, into target/packages:
#
#   packaging/build.sh                  everything for this machine
#   packaging/build.sh binary sums      only these parts, in this order
#
#   binary   ahtop-VERSION-ARCH-linux.tar.gz: a program that needs no library, with manual pages, completions, units
#   deb      ahtop_VERSION-1_ARCH.deb         (cargo-deb; looked at by lintian where that is installed)
#   rpm      ahtop-VERSION-1.ARCH.rpm         (rpmbuild)
#   image    ahtop-VERSION-ARCH-image.tar.gz: what a container holds, as the context of packaging/Dockerfile
#   sbom     ahtop-VERSION-ARCH.cdx.json: the crates in the program, as CycloneDX (cargo-cyclonedx)
#   sums     SHA256SUMS of all that is there
#
# ARCH=aarch64 builds for arm64 instead of x86_64. It needs a cross compiler, and the headers of musl:
#
#   rustup target add aarch64-unknown-linux-musl
#   dpkg --add-architecture arm64 && apt-get update && apt-get install gcc-aarch64-linux-gnu musl-dev:arm64
#
# DEBFULLNAME and DEBEMAIL say whose packages they are.
set -euo pipefail
cd "$(dirname "$0")/.."

arch=${ARCH:-x86_64}
target=$arch-unknown-linux-musl
out=$PWD/target/packages
# What is installed, as it lies under /.
root=$out/root-$arch

say() { printf '%s\n' "packaging: $*" >&2; }
die() { say "$@"; exit 1; }
need() { command -v "$1" >/dev/null 2>&1 || die "$1 is missing: $2"; }

need cargo "install Rust, for example with rustup"
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)

# Files carry the time of the commit and not that of the build, so that two builds of one commit do not differ by it.
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
    SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || date +%s)
fi
export SOURCE_DATE_EPOCH

maintainer="${DEBFULLNAME:-$(id -un)} <${DEBEMAIL:-$(id -un)@$(hostname -f 2>/dev/null || hostname)}>"

case $arch in
    x86_64) debian=amd64 ;;
    aarch64) debian=arm64 ;;
    *) die "ARCH is x86_64 or aarch64, not $arch" ;;
esac

# Says how C is compiled and what links for $target.
compilers() {
    # What is written in C is never unwound: it needs no tables for that.
    local lean="-fno-asynchronous-unwind-tables -fno-unwind-tables"
    if [ "$arch" = "$(uname -m)" ]; then
        need musl-gcc "apt-get install musl-tools"
        export "CC_${target//-/_}=musl-gcc" "CFLAGS_${target//-/_}=$lean"
        return
    fi
    local cross=$arch-linux-gnu-gcc headers=/usr/include/$arch-linux-musl
    need "$cross" "a cross compiler for $arch (apt-get install gcc-$arch-linux-gnu), or build on such a machine"
    [ -d "$headers" ] || die "$headers is missing: the headers of musl (apt-get install musl-dev:$debian)"
    # Those of the C library that the cross compiler comes with would name functions that musl does not have.
    export "CC_${target//-/_}=$cross"
    export "CFLAGS_${target//-/_}=$lean -nostdinc -isystem $headers -isystem $("$cross" -print-file-name=include)"
    local linker=${target//-/_}
    export "CARGO_TARGET_${linker^^}_LINKER=$cross"
}

program() {
    printf '%s\n' "target/$target/dist/ahtop"
}

# Flags for a smaller program: Rust's own linker keeps functions that are the same only once, and packs the addresses that
# are set when the program starts. Nothing where that linker does not come with this Rust, or its C library (before 1.93)
# cannot read packed ones.
link_flags() {
    local host lld
    host=$(rustc -vV | sed -n 's/^host: //p')
    lld=$(rustc --print sysroot)/lib/rustlib/$host/bin/gcc-ld
    if [ -d "$lld" ] && [ "$(rustc -V | cut -d. -f2)" -ge 93 ]; then
        printf '%s' "-Clink-arg=-B$lld -Clink-arg=-fuse-ld=lld -Clink-arg=-Wl,--icf=safe,--pack-dyn-relocs=relr"
    fi
}

# The program itself, once for whatever parts are asked for.
compile() {
    [ -z "${compiled:-}" ] || return 0
    compilers
    rustc --print target-libdir --target "$target" | xargs test -d ||
        die "Rust for $target is missing: rustup target add $target"
    # Where it was compiled is nobody's business.
    RUSTFLAGS="--remap-path-prefix=$PWD=ahtop --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo $(link_flags)" \
        cargo build --locked --profile dist --target "$target"
    compiled=yes
}

# Runs a program of $target, as its completions are printed by itself. One for another processor is not run: what this
# machine's own prints is the same.
ask() {
    if [ "$arch" = "$(uname -m)" ]; then
        "$(program)" "$@"
    else
        cargo run --quiet --locked -- "$@"
    fi
}

# Lays out what is installed below $root.
stage() {
    [ -z "${staged:-}" ] || return 0
    compile
    rm -rf "$root"
    umask 022
    local share=$root/usr/share page unit
    install -D -m 0755 "$(program)" "$root/usr/bin/ahtop"
    for page in assets/man/*.1; do
        install -D -m 0644 "$page" "$share/man/man1/$(basename "$page")"
    done
    gzip -9n "$share"/man/man1/*.1
    mkdir -p "$share/bash-completion/completions" "$share/zsh/vendor-completions" "$share/fish/vendor_completions.d"
    ask completions bash >"$share/bash-completion/completions/ahtop"
    ask completions zsh >"$share/zsh/vendor-completions/_ahtop"
    ask completions fish >"$share/fish/vendor_completions.d/ahtop.fish"
    # The heads of the units tell how to install them by hand, which is done here.
    for unit in assets/*.service; do
        mkdir -p "$root/usr/lib/systemd/system"
        sed -e '/^#   /d' -e '/^#$/d' -e 's|/usr/local/bin/|/usr/bin/|' "$unit" \
            >"$root/usr/lib/systemd/system/$(basename "$unit")"
    done
    mkdir -p "$root/etc/ahtop"
    sed -e '1s|.*|#:schema file:///usr/share/ahtop/config.schema.json|' \
        -e 's|^api_key_env = |#&|' -e 's|^#api_key_file = |api_key_file = |' \
        config.example.toml >"$root/etc/ahtop/config.toml"
    grep -q '^api_key_file = "api_key"$' "$root/etc/ahtop/config.toml" || die "the template has changed: mend stage"
    install -D -m 0644 config.schema.json "$share/ahtop/config.schema.json"
    # Where their own first lines and the page about alerts say that they are.
    install -D -m 0755 -t "$share/ahtop/hooks" examples/hooks/*
    # What they have in common is no program.
    chmod 0644 "$share/ahtop/hooks/webhook.py"
    find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
    staged=yes
}

# Packs a directory so that it comes out the same each time.
pack() {
    tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -C "$(dirname "$1")" \
        -cf - "$(basename "$1")" | gzip -9n >"$2"
}

binary() {
    stage
    local name=ahtop-$version-$arch-linux
    local dir=$out/work/$name
    rm -rf "$dir"
    mkdir -p "$dir/man" "$dir/completions"
    cp "$root/usr/bin/ahtop" README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE config.example.toml config.schema.json "$dir"
    cp assets/man/*.1 "$dir/man"
    cp "$root/usr/share/bash-completion/completions/ahtop" "$dir/completions/ahtop.bash"
    cp "$root/usr/share/zsh/vendor-completions/_ahtop" "$root/usr/share/fish/vendor_completions.d/ahtop.fish" \
        "$dir/completions"
    cp -r examples/hooks "$dir/hooks"
    cp assets/*.service "$dir"
    pack "$dir" "$out/$name.tar.gz"
    say "$name.tar.gz, the program in it has $(stat -c %s "$root/usr/bin/ahtop") bytes"
}

deb() {
    need cargo-deb "cargo install --locked cargo-deb"
    stage
    # cargo-deb takes what lies at one fixed place, see Cargo.toml.
    local file=$out/ahtop_$version-1_$debian.deb place=$out/work/deb
    rm -rf "$place" "$file"
    mkdir -p "$place"
    cp -a "$root/usr" "$root/etc" "$place"
    rm -rf "${place:?}/usr/bin"
    install -D -m 0644 packaging/debian/README.Debian "$place/usr/share/doc/ahtop/README.Debian"
    gzip -9nc CHANGELOG.md >"$place/usr/share/doc/ahtop/changelog.gz"
    install -D -m 0644 packaging/debian/lintian-overrides "$place/usr/share/lintian/overrides/ahtop"
    printf 'ahtop (%s-1) unstable; urgency=medium\n\n  * CHANGELOG.md says what is new.\n\n -- %s  %s\n' \
        "$version" "$maintainer" "$(date --utc --date="@$SOURCE_DATE_EPOCH" --rfc-email)" >"$place/changelog"
    cargo deb --locked --no-build --no-strip --profile dist --target "$target" --output "$file" \
        --maintainer "$maintainer"
    if command -v lintian >/dev/null 2>&1; then
        lintian --allow-root --fail-on error "$file"
    else
        say "lintian is not installed: the package was not looked at"
    fi
}

rpm() {
    need rpmbuild "apt-get install rpm, or dnf install rpm-build"
    stage
    rpmbuild -bb --quiet --target "$arch-linux" \
        --define "_topdir $out/work/rpm" --define "_rpmdir $out" --define "_rpmfilename %{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm" \
        --define "_build_id_links none" --define "_buildhost localhost" \
        --define "use_source_date_epoch_as_buildtime 1" --define "clamp_mtime_to_source_date_epoch 1" \
        --define "ahtop_version $version" --define "ahtop_root $root" --define "ahtop_sources $PWD" packaging/ahtop.spec
}

image() {
    stage
    local dir=$out/image-$arch authorities=/etc/ssl/certs/ca-certificates.crt
    [ -r "$authorities" ] || die "$authorities is missing: apt-get install ca-certificates"
    rm -rf "$dir"
    mkdir -p "$dir/root/usr/bin" "$dir/root/etc/ssl/certs" "$dir/root/etc/ahtop" "$dir/root/var/lib/ahtop" "$dir/root/tmp"
    cp "$root/usr/bin/ahtop" "$dir/root/usr/bin/"
    cp -L "$authorities" "$dir/root/etc/ssl/certs/"
    echo 'ahtop:x:65532:65532::/var/lib/ahtop:/sbin/nologin' >"$dir/root/etc/passwd"
    echo 'ahtop:x:65532:' >"$dir/root/etc/group"
    # As an archive, since builders keep the owners of what they unpack, and not of directories that they copy.
    local archive=(tar --numeric-owner --sort=name --mtime="@$SOURCE_DATE_EPOCH" -C "$dir/root" --file "$dir/root.tar")
    "${archive[@]}" --owner=0 --group=0 --exclude=./tmp --exclude=./var/lib/ahtop --create .
    "${archive[@]}" --owner=65532 --group=65532 --mode=0700 --append ./tmp ./var/lib/ahtop
    rm -r "$dir/root"
    cp packaging/Dockerfile "$dir/Dockerfile"
    pack "$dir" "$out/ahtop-$version-$arch-image.tar.gz"
    local tag=ahtop:$version
    if command -v docker >/dev/null 2>&1 && docker info 2>/dev/null | grep -q '^ *Server Version'; then
        docker build --tag "$tag" "$dir"
    elif command -v buildah >/dev/null 2>&1; then
        buildah build --isolation chroot --tag "$tag" "$dir"
    else
        say "nothing here builds images: docker build --tag $tag ${dir#"$PWD"/}"
    fi
}

sbom() {
    need cargo-cyclonedx "cargo install --locked cargo-cyclonedx"
    mkdir -p "$out"
    # It writes beside Cargo.toml and nowhere else. What only builds the program is not in it.
    cargo cyclonedx --quiet --format json --spec-version 1.5 --target "$target" --no-build-deps \
        --override-filename ahtop.sbom
    # Nor where it was compiled.
    sed "s|file://$PWD|file:///ahtop|g" ahtop.sbom.json >"$out/ahtop-$version-$arch.cdx.json"
    rm ahtop.sbom.json
}

sums() {
    local list=$out/work/SHA256SUMS
    (cd "$out" && find . -maxdepth 1 -type f ! -name SHA256SUMS -printf '%f\n' | sort | xargs -r sha256sum) >"$list"
    mv "$list" "$out/SHA256SUMS"
    cat "$out/SHA256SUMS"
}

parts=("$@")
if [ ${#parts[@]} -eq 0 ]; then
    parts=(binary deb rpm image sbom sums)
fi
mkdir -p "$out/work"
for part in "${parts[@]}"; do
    case $part in
        binary | deb | rpm | image | sbom | sums) "$part" ;;
        *) die "there is no part $part: binary, deb, rpm, image, sbom, sums" ;;
    esac
done
