//! How long the files of a folder are.

use crate::Sources;

/// How long a file is.
pub struct Length<'a> {
    /// Its path from the folder.
    pub file: &'a str,
    /// How many lines it has.
    pub lines: usize,
    /// How many it may have.
    pub limit: usize,
}

/// The files of a folder, which is named with `/` at its end. `limits` has those that may be longer than `usual`.
pub fn lengths<'a>(
    sources: &'a Sources,
    folder: &str,
    usual: usize,
    limits: &[(&str, usize)],
) -> Vec<Length<'a>> {
    let inside = sources
        .iter()
        .filter_map(|(file, text)| Some((file.strip_prefix(folder)?, text.lines().count())));
    let limit = |file: &str| {
        limits
            .iter()
            .find(|(name, _)| *name == file)
            .map_or(usual, |(_, limit)| *limit)
    };
    inside
        .map(|(file, lines)| Length {
            file,
            lines,
            limit: limit(file),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::lengths;

    #[test]
    fn each_file_has_its_limit() {
        let files = [
            ("a.rs", "1"),
            ("arch/a.rs", "1\n2\n"),
            ("arch/b.rs", "1\n2\n3\n"),
        ];
        let sources = files
            .iter()
            .map(|(name, text)| ((*name).into(), (*text).into()))
            .collect();
        let found = lengths(&sources, "arch/", 2, &[("b.rs", 3)]);
        let found: Vec<_> = found
            .iter()
            .map(|found| (found.file, found.lines, found.limit))
            .collect();
        assert_eq!(found, [("a.rs", 2, 2), ("b.rs", 3, 3)]);
    }
}
