//! The lengths of the files of a folder.

use crate::Sources;

/// The length of a file.
pub struct Length<'a> {
    /// Its path from the folder.
    pub file: &'a str,
    /// The number of its lines.
    pub lines: usize,
    /// The highest number of lines that is allowed.
    pub limit: Option<usize>,
}

/// Returns the lengths of the files of a folder, whose name ends with `/`.
///
/// The files that its mod.rs selects by `path = "..."` have a limit: their own in `others`, or else the usual one.
pub fn lengths<'a>(
    sources: &'a Sources,
    folder: &str,
    usual: usize,
    others: &[(&str, usize)],
) -> Vec<Length<'a>> {
    let choices = &sources[&format!("{folder}mod.rs")];
    let limit = |file: &str| {
        let other = others.iter().find(|(name, _)| *name == file);
        choices
            .contains(&format!("path = \"{file}\""))
            .then(|| other.map_or(usual, |(_, limit)| *limit))
    };
    let inside = sources
        .iter()
        .filter_map(|(file, text)| Some((file.strip_prefix(folder)?, text.lines().count())));
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
    fn each_choice_has_its_limit() {
        let choices = "#[cfg_attr(a, path = \"a.rs\")]\n#[cfg_attr(b, path = \"b.rs\")]\nmod imp;\nmod shared;\n";
        let files = [
            ("a.rs", "1"),
            ("arch/a.rs", "1\n2\n"),
            ("arch/b.rs", "1\n2\n3\n"),
            ("arch/mod.rs", choices),
            ("arch/shared.rs", "1"),
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
        assert_eq!(
            found,
            [
                ("a.rs", 2, Some(2)),
                ("b.rs", 3, Some(3)),
                ("mod.rs", 4, None),
                ("shared.rs", 1, None)
            ]
        );
    }
}
