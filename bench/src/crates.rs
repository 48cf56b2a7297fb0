//! What percpu-hv is compared with, and the versions of that, as the lock files have them.

use std::{fs, sync::LazyLock};

use links::tools::root;

/// A crate, or what serves instead of one.
struct Crate {
    /// As functions and loops are named.
    name: &'static str,
    /// In a table that has no room.
    short: &'static str,
    /// In a table that has room; the version follows if there is one.
    long: &'static str,
    has_version: bool,
}

/// As the names of functions have them, percpu-hv first.
pub(crate) const CRATES: [&str; ALL.len()] = {
    let mut names = [""; ALL.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = ALL[at].name;
        at += 1;
    }
    names
};

const ALL: [Crate; 10] = [
    none("percpu-hv", "percpu-hv", "percpu-hv"),
    published("percpu", "percpu"),
    published("ax-percpu", "ax-percpu"),
    published("percore", "percore"),
    published("ostd", "OSTD"),
    none("linux", "Linux", "Linux, in C"),
    none("c_thread_local", "C", "thread_local of C"),
    none("array", "array", "an array by hand"),
    none("array-unchecked", "unchecked array", "the array, unchecked"),
    none("thread_local", "thread_local!", "thread_local!"),
];

const fn published(name: &'static str, long: &'static str) -> Crate {
    Crate {
        name,
        short: long,
        long,
        has_version: true,
    }
}

const fn none(name: &'static str, short: &'static str, long: &'static str) -> Crate {
    Crate {
        name,
        short,
        long,
        has_version: false,
    }
}

/// What tables and charts with room call a crate: with its version.
pub(crate) fn title(index: usize) -> String {
    let Crate {
        name,
        long,
        has_version,
        ..
    } = ALL[index];
    match has_version {
        true => format!("{long} {}", version(name)),
        false => long.to_owned(),
    }
}

/// What a table without room calls it.
pub(crate) fn short(index: usize) -> &'static str {
    ALL[index].short
}

/// The place of a crate.
///
/// # Panics
///
/// If it is not compared.
pub(crate) fn index(name: &str) -> usize {
    let index = CRATES.iter().position(|known| *known == name);
    index.unwrap_or_else(|| panic!("{name} is none of the crates"))
}

/// The version of a crate that is compared.
///
/// # Panics
///
/// If it is not locked once.
pub(crate) fn version(name: &str) -> &'static str {
    static LOCKS: LazyLock<String> = LazyLock::new(|| {
        let locks = ["Cargo.lock", "bench/ostd/Cargo.lock"];
        let read = |lock| fs::read_to_string(root().join(lock)).expect("the repository locks");
        locks.map(read).concat()
    });
    let line = format!("name = \"{name}\"\nversion = \"");
    let mut versions = LOCKS.split(&*line).skip(1);
    let (version, _) = versions
        .next()
        .and_then(|rest| rest.split_once('"'))
        .unwrap_or_else(|| panic!("no lock file has {name}"));
    assert!(versions.next().is_none(), "two versions of {name}");
    version
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_published_crate_is_locked_once() {
        for (index, one) in ALL.iter().enumerate() {
            let title = title(index);
            let end = title.rsplit(' ').next().unwrap_or_default();
            let has_version = end
                .split('.')
                .filter(|part| part.parse::<u32>().is_ok())
                .count()
                == 3;
            assert_eq!(has_version, one.has_version, "{title}");
        }
    }
}
