//! The rooms of a crate: its folders, each on a floor of the diagram in CONTRIBUTING.md.
//!
//! A line is a mark, a room, and what the room holds:
//!
//! ```text
//! *  compat               a room on the longest path of uses
//! |  types                a room that the path passes by
//! *  arch                 the room where the path ends
//!    error.rs, sync.rs    the ground: files in no folder
//! ```

use std::collections::{BTreeMap, BTreeSet};

use crate::{Sources, uses::Uses};

/// The floors of a diagram, the highest first.
pub struct Diagram(Vec<Floor>);

struct Floor {
    names: Vec<String>,
    is_on_path: bool,
}

impl Diagram {
    /// Reads the first block below a heading of a text.
    ///
    /// # Errors
    ///
    /// If there is no block, or a line of it is not a floor.
    pub fn find(text: &str, heading: &str) -> Result<Self, String> {
        let mut lines = text
            .lines()
            .skip_while(|line| *line != heading)
            .skip_while(|line| !line.starts_with("```"));
        lines
            .next()
            .ok_or_else(|| format!("there is no diagram below `{heading}`"))?;
        lines
            .take_while(|line| *line != "```")
            .map(Floor::parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn floor(&self, room: &str) -> Option<usize> {
        self.0
            .iter()
            .position(|floor| floor.names.iter().any(|name| name == room))
    }

    /// Returns each difference between the diagram and a crate with these sources and uses.
    pub fn check(&self, sources: &Sources, uses: &Uses) -> Vec<String> {
        let mut wrong = Vec::new();
        let rooms: BTreeSet<&str> = sources
            .keys()
            .map(|file| room(file))
            .filter(|room| *room != "lib.rs")
            .collect();
        for room in &rooms {
            if self.floor(room).is_none() {
                wrong.push(format!("{room} is not in the diagram"));
            }
        }
        for name in self.0.iter().flat_map(|floor| &floor.names) {
            if !rooms.contains(&**name) {
                wrong.push(format!("{name} of the diagram is not in the source"));
            }
        }
        let up = uses.between(|from, to| {
            let (from, to) = (self.floor(room(from)), self.floor(room(to)));
            // A file that is in no room is reported above.
            matches!((from, to), (Some(from), Some(to)) if from > to)
        });
        if !up.is_empty() {
            wrong.push(format!("a room uses only rooms below it, but:\n{up}"));
        }
        let drawn: Vec<&str> = self
            .0
            .iter()
            .filter(|floor| floor.is_on_path)
            .map(|floor| &*floor.names[0])
            .collect();
        let longest = self.longest_path(uses);
        let is_path = drawn
            .windows(2)
            .all(|pair| uses_of_rooms(uses).contains(&(pair[0], pair[1])));
        if !is_path || drawn.len() != longest.len() {
            let (drawn, longest) = (drawn.join(" -> "), longest.join(" -> "));
            wrong.push(format!(
                "the longest path of uses is {longest}; the diagram draws {drawn}"
            ));
        }
        wrong
    }

    /// Returns the longest path of uses between rooms. It only has uses that go down.
    fn longest_path<'a>(&'a self, uses: &'a Uses) -> Vec<&'a str> {
        let edges = uses_of_rooms(uses);
        let mut paths: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for floor in self.0.iter().rev() {
            for room in floor
                .names
                .iter()
                .map(String::as_str)
                .filter(|name| !name.ends_with(".rs"))
            {
                let below = edges
                    .iter()
                    .filter(|(from, _)| *from == room)
                    .filter_map(|(_, to)| paths.get(to));
                let rest = below
                    .max_by_key(|path| path.len())
                    .cloned()
                    .unwrap_or_default();
                paths.insert(room, [vec![room], rest].concat());
            }
        }
        paths.into_values().max_by_key(Vec::len).unwrap_or_default()
    }
}

impl Floor {
    fn parse(line: &str) -> Result<Self, String> {
        let parts = || {
            let (mark, rest) = line.split_at_checked(3)?;
            let (names, holds) = rest.split_once("  ")?;
            let names: Vec<String> = names.split(", ").map(str::to_owned).collect();
            let is_good = matches!(mark, "*  " | "|  " | "   ") && !holds.trim().is_empty();
            let is_room = names.len() == 1 && !names[0].ends_with(".rs");
            (is_good && (is_room || mark == "   ")).then_some(Self {
                names,
                is_on_path: mark == "*  ",
            })
        };
        parts().ok_or_else(|| format!("this is no floor, `*  room  what it holds`: {line}"))
    }
}

/// Returns the folder that a file is in, or the file itself.
fn room(file: &str) -> &str {
    file.split('/').next().unwrap_or(file)
}

fn uses_of_rooms(uses: &Uses) -> BTreeSet<(&str, &str)> {
    uses.iter()
        .map(|(from, to, _)| (room(from), room(to)))
        .filter(|(from, to)| from != to)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Diagram;
    use crate::{Sources, uses::Uses};

    const DIAGRAM: &str = "\
# Guide

```sh
make
```

## Rooms

Text.

```text
*  top       the highest
|  side      passed by
*  middle    between
*  base      the lowest
   error.rs  the ground
```
";

    const LIB: &str = "mod base; mod error; mod middle; mod side; mod top;";

    /// Returns what is wrong with a crate that has these files, such as `top/a.rs`, and a set of good ones.
    fn wrong(files: &[(&str, &str)]) -> Vec<String> {
        let good = [
            ("lib.rs", LIB),
            ("error.rs", "pub struct Error;"),
            ("base/mod.rs", "pub struct Base(crate::error::Error);"),
            (
                "middle/mod.rs",
                "mod part; pub struct Middle(crate::base::Base);",
            ),
            ("middle/part.rs", "pub struct Part;"),
            ("side/mod.rs", "pub struct Side(crate::base::Base);"),
            (
                "top/mod.rs",
                "pub struct Top(crate::middle::Middle, crate::side::Side);",
            ),
        ];
        let all = good.iter().chain(files);
        let sources: Sources = all
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect();
        Diagram::find(DIAGRAM, "## Rooms")
            .unwrap()
            .check(&sources, &Uses::of(&sources).unwrap())
    }

    #[test]
    fn what_is_as_drawn_is_good() {
        assert!(wrong(&[]).is_empty());
    }

    #[test]
    fn a_use_that_goes_up_is_found() {
        let found = wrong(&[(
            "middle/part.rs",
            "pub fn f() { crate::top::g(crate::top::Top) }",
        )]);
        assert_eq!(
            found,
            ["a room uses only rooms below it, but:\nmiddle/part.rs -> top/mod.rs: Top, g\n"]
        );
        let found = wrong(&[(
            "error.rs",
            "pub struct Error; fn f(_: crate::base::Base) {}",
        )]);
        assert_eq!(
            found,
            ["a room uses only rooms below it, but:\nerror.rs -> base/mod.rs: Base\n"]
        );
    }

    #[test]
    fn rooms_are_those_of_the_diagram() {
        let lib = format!("{LIB} mod attic; mod cellar;");
        let found = wrong(&[("lib.rs", &lib), ("attic/mod.rs", ""), ("cellar.rs", "")]);
        assert_eq!(
            found,
            [
                "attic is not in the diagram",
                "cellar.rs is not in the diagram"
            ]
        );
        let sources = Sources::from([("lib.rs".to_owned(), String::new())]);
        let found = Diagram::find(DIAGRAM, "## Rooms")
            .unwrap()
            .check(&sources, &Uses::default());
        assert_eq!(found[0], "top of the diagram is not in the source");
    }

    #[test]
    fn the_path_drawn_is_the_longest() {
        let longer = wrong(&[("side/mod.rs", "pub struct Side(crate::middle::Middle);")]);
        let text = "the longest path of uses is top -> side -> middle -> base; the diagram draws top -> middle -> base";
        assert_eq!(longer, [text]);
        // Another path of the same length.
        let other = wrong(&[("middle/mod.rs", "mod part; pub struct Middle;")]);
        let text = "the longest path of uses is top -> side -> base; the diagram draws top -> middle -> base";
        assert_eq!(other, [text]);
    }

    #[test]
    fn a_diagram_has_a_floor_in_each_line() {
        let find = |line: &str| {
            Diagram::find(&format!("## Rooms\n```text\n{line}\n```\n"), "## Rooms").is_ok()
        };
        assert!(find("*  top  it holds"));
        for line in [
            "",
            "top  it holds",
            "*  top",
            "*  a, b  two rooms",
            "*  error.rs  a file",
            "+  top  it holds",
        ] {
            assert!(!find(line), "{line}");
        }
        assert!(Diagram::find(DIAGRAM, "## Other").is_err());
    }
}
