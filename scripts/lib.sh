# What the scripts here share; to be sourced.
# shellcheck shell=bash

say() { printf '%s\n' "$*"; }

die() {
    printf '%s\n' "$*" >&2
    exit 1
}

# As root, or by sudo.
as_root() {
    if ((EUID == 0)); then "$@"; else sudo -n "$@" </dev/null; fi
}

# need_rust COMPONENT…: cargo is there, with these parts of the toolchain.
need_rust() {
    command -v cargo >/dev/null || PATH=$HOME/.cargo/bin:$PATH
    command -v cargo >/dev/null || die "cargo is missing: install Rust with rustup first"
    local part
    for part in "$@"; do
        cargo "${part/rustfmt/fmt}" --version >/dev/null 2>&1 || rustup component add "$part"
    done
}

# need_system THING…: installs the Debian packages that are missing; elsewhere says which are.
need_system() {
    local thing missing=()
    for thing in "$@"; do
        case $thing in
        cc) command -v cc >/dev/null || missing+=(gcc libc6-dev) ;;
        cxx) command -v c++ >/dev/null || missing+=(g++) ;;
        venv) python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv) ;;
        folding) command -v lowntfs-3g >/dev/null || missing+=(ntfs-3g) ;;
        strace) command -v strace >/dev/null || missing+=(strace) ;;
        acl) command -v setfacl >/dev/null || missing+=(acl) ;;
        btrfs) command -v mkfs.btrfs >/dev/null || missing+=(btrfs-progs) ;;
        users) command -v useradd >/dev/null || missing+=(passwd) ;;
        unshare) command -v unshare >/dev/null || missing+=(util-linux) ;;
        esac
    done
    ((${#missing[@]} > 0)) || return 0
    command -v apt-get >/dev/null || die "missing: ${missing[*]}"
    say "installing ${missing[*]}"
    as_root apt-get update -qq &&
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# make_venv FOLDER REQUIREMENTS: a Python of our own, made again only when the list changes.
make_venv() {
    local folder=$1 list=$2 stamp=$1/made-from
    if [[ -x $folder/bin/python ]] && cmp -s "$list" "$stamp"; then return 0; fi
    say "making $folder from $list"
    python3 -m venv --clear "$folder" &&
        "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
            --retries 2 --no-deps --only-binary :all: --requirement "$list" &&
        cp "$list" "$stamp"
}
