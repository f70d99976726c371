//! The variables of the environment that are honoured, and the page that lists them.
//!
//! The table is the one source of `larder env` and of `docs/environment.md`. Rules that hold for all
//! of them: an empty variable counts as unset; a switch is on for `1`, `ON`, `YES` and `TRUE` in any
//! case and off for anything else; `~` and `$NAME` are expanded in folders.

/// One variable that larder honours.
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
}

/// Variables that belong together.
pub(crate) struct Group {
    pub(crate) title: &'static str,
    pub(crate) variables: &'static [Variable],
}

const fn var(name: &'static str, doc: &'static str) -> Variable {
    Variable { name, doc }
}

/// Every variable that larder honours.
pub(crate) const GROUPS: &[Group] = &[
    Group {
        title: "larder's own",
        variables: &[
            var(
                "LARDER_HOME",
                "folder of the store; `--store` goes before it",
            ),
            var(
                "LARDER_CONFIG",
                "the config file, instead of the one in the config directory",
            ),
            var(
                "LARDER_HUB",
                "`hf` or `ms`: the hub of a reference that names none, default `hf`",
            ),
            var(
                "LARDER_CONNECTIONS",
                "connections at once, at most (1 to 64)",
            ),
            var(
                "LARDER_LIMIT_RATE",
                "bytes per second in all, at most, such as `50M`",
            ),
            var(
                "LARDER_PROGRESS",
                "`auto`, `bars`, `lines`, `json` or `none`",
            ),
            var(
                "LARDER_LOG",
                "log filter such as `larder=debug`; goes before `-v`",
            ),
        ],
    },
    Group {
        title: "Hugging Face: hub and access",
        variables: &[
            var(
                "HF_ENDPOINT",
                "base URL of the hub or a mirror, default `https://huggingface.co`",
            ),
            var(
                "HUGGINGFACE_CO_STAGING",
                "switch: the hub's staging instance, with its own folder",
            ),
            var("HF_TOKEN", "access token"),
            var("HUGGING_FACE_HUB_TOKEN", "access token, the older name"),
            var(
                "HF_TOKEN_PATH",
                "file with the access token, default `$HF_HOME/token`",
            ),
            var(
                "HF_HUB_DISABLE_IMPLICIT_TOKEN",
                "switch: send no token unless `--token` is given",
            ),
            var("HF_HUB_OFFLINE", "switch: send no request"),
            var(
                "TRANSFORMERS_OFFLINE",
                "the same; read when `HF_HUB_OFFLINE` is unset",
            ),
            var(
                "HF_HUB_ETAG_TIMEOUT",
                "seconds to wait for an answer to begin",
            ),
            var(
                "HF_HUB_DOWNLOAD_TIMEOUT",
                "seconds without a byte until a download is tried anew",
            ),
            var(
                "HF_HUB_USER_AGENT_ORIGIN",
                "appended to the user agent as `origin/…`",
            ),
        ],
    },
    Group {
        title: "Hugging Face: folders and terminal",
        variables: &[
            var(
                "HF_HOME",
                "root of Hugging Face's files, default `$XDG_CACHE_HOME/huggingface`",
            ),
            var(
                "XDG_CACHE_HOME",
                "the user's cache directory, default `~/.cache`",
            ),
            var(
                "HF_HUB_CACHE",
                "the cache that is filled, default `$HF_HOME/hub`",
            ),
            var(
                "HUGGINGFACE_HUB_CACHE",
                "the cache that is filled, the older name",
            ),
            var(
                "HF_HUB_DISABLE_SYMLINKS",
                "switch: no symbolic links in the cache",
            ),
            var(
                "HF_HUB_DISABLE_PROGRESS_BARS",
                "switch: lines instead of bars",
            ),
        ],
    },
    Group {
        title: "ModelScope",
        variables: &[
            var(
                "MODELSCOPE_ENDPOINT",
                "base URL of the site or a mirror, default `https://modelscope.cn`",
            ),
            var(
                "MODELSCOPE_DOMAIN",
                "the same as a bare host; read when `MODELSCOPE_ENDPOINT` is unset",
            ),
            var(
                "MODELSCOPE_PREFER_AI_SITE",
                "switch: the international site, when no endpoint is given",
            ),
            var("MODELSCOPE_API_TOKEN", "access token for that site"),
            var(
                "MODELSCOPE_CACHE",
                "the cache that is filled, default `~/.cache/modelscope` (`--layout legacy`: `hub` in it)",
            ),
            var(
                "MS_CACHE_HOME",
                "the same; read when `MODELSCOPE_CACHE` is unset",
            ),
            var(
                "MODELSCOPE_HOME",
                "folder whose `credentials` hold the login of `modelscope`, default `~/.modelscope`",
            ),
            var(
                "MODELSCOPE_CREDENTIALS_PATH",
                "that `credentials` folder itself",
            ),
        ],
    },
    Group {
        title: "Network and terminal",
        variables: &[
            var(
                "HTTPS_PROXY",
                "proxy for `https` URLs; the lower-case name works too",
            ),
            var(
                "HTTP_PROXY",
                "proxy for `http` URLs; the lower-case name works too",
            ),
            var("ALL_PROXY", "proxy for both; the lower-case name works too"),
            var(
                "NO_PROXY",
                "hosts that are reached without proxy; the lower-case name works too",
            ),
            var(
                "SSL_CERT_FILE",
                "file with certificates to trust instead of the system's",
            ),
            var(
                "SSL_CERT_DIR",
                "folder with certificates to trust instead of the system's",
            ),
            var("NO_COLOR", "any value: no colours"),
            var("TERM", "`dumb`: no colours and no bars"),
        ],
    },
];

/// All rows of the table.
pub(crate) fn all() -> impl Iterator<Item = &'static Variable> {
    GROUPS.iter().flat_map(|group| group.variables)
}

/// The page `docs/environment.md`.
pub(crate) fn markdown() -> String {
    let mut lines = vec![HEAD.to_owned()];
    for Group { title, variables } in GROUPS {
        lines.push(format!("## {title}\n\n| variable | meaning |\n|---|---|"));
        lines.extend(
            variables
                .iter()
                .map(|row| format!("| `{}` | {} |", row.name, row.doc)),
        );
        lines.push(String::new());
    }
    lines.push(CONFIG_FILE.to_owned());
    lines.join("\n")
}

const HEAD: &str = "\
# Environment

Every variable that larder honours. Those of Hugging Face and of ModelScope have the meaning that
they have for `hf` and `modelscope`. An empty variable counts as unset. A switch is on for `1`, `ON`, `YES` and `TRUE` (in any case) and
off for anything else. In folders, a leading `~` and `$NAME` or `${NAME}` are expanded. Options go
before variables, variables before the config file (`larder/config.toml` in the platform's config
directory), and `larder env` shows what became of it all.
";

const CONFIG_FILE: &str = "\
## Config file

`store`, `cache_dir` (folders), `hub` (`hf`, `ms`), `endpoint`, `modelscope_endpoint` (URLs), `connections` (1 to 64), `limit_rate` (such as
`\"50M\"`), `lock_timeout` (seconds), `progress` (`auto`, `bars`, `lines`, `json`, `none`), `color`
(`auto`, `always`, `never`), `fallback` (a table, see below). An unknown key is a warning, a wrong value an error. Tokens have no place
in it.

```toml
store = \"/data/larder\"
connections = 32
limit_rate = \"200M\"

# Who stands in when a hub fails or crawls: for a repo, and after those for every repo (`*`).
[fallback]
\"*\" = [\"https://mirror.example\"]
\"org/name\" = [\"other/copy-of-name\", \"other/older-copy@v1\"]
```

A fallback is a repo, written as for `larder pull`; `hf:` or another hub's prefix alone, for the repo of
the same name there; or the base URL of a mirror of the hub that is asked. `--fallback` replaces what the
file lists. A mirror is shown no token; a password that it wants can stand in its URL.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_the_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/environment.md");
        let page = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            page == markdown(),
            "docs/environment.md differs from the table in src/cli/config/vars.rs; update it with \
             `larder env --markdown > docs/environment.md`"
        );
    }
}
