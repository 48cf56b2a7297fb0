//! The uses between files, and the rings among them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use crate::{Sources, modules::Modules};

/// The names by which a file uses another one. `lib.rs` is left out, because it only declares and re-exports.
#[derive(Default)]
pub struct Uses(BTreeMap<(String, String), BTreeSet<String>>);

impl Uses {
    /// Reads a crate.
    ///
    /// # Errors
    ///
    /// Lists each path of the crate that leads nowhere, so that no use is missed silently.
    ///
    /// # Panics
    ///
    /// If the sources are not a crate, or a file of them is no module of it.
    pub fn of(sources: &Sources) -> Result<Self, String> {
        let modules = Modules::new(sources);
        let (mut uses, mut errors) = (Self::default(), BTreeSet::new());
        for (at, module) in modules.all.iter().enumerate() {
            let mentions = module
                .mentions
                .iter()
                .map(|mention| (mention.clone(), modules.files(at, mention)));
            let imports = module
                .imports
                .iter()
                .map(|import| (import.mention(), modules.imported(at, import)));
            for (mention, files) in mentions.chain(imports) {
                match files {
                    Ok(files) => files
                        .into_iter()
                        .for_each(|file| uses.add(&module.file, file, modules.name(at, &mention))),
                    Err(error) => {
                        errors.insert(error);
                    }
                }
            }
        }
        if errors.is_empty() {
            Ok(uses)
        } else {
            Err(errors.into_iter().collect::<Vec<_>>().join("\n"))
        }
    }

    fn add(&mut self, from: &str, to: String, name: String) {
        if from != "lib.rs" && to != "lib.rs" && from != to {
            self.0
                .entry((from.to_owned(), to))
                .or_default()
                .insert(name);
        }
    }

    /// Returns each use as the file that uses, the file that is used, and the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, &BTreeSet<String>)> {
        self.0
            .iter()
            .map(|((from, to), names)| (&**from, &**to, names))
    }

    /// Returns the uses among files that need each other, a paragraph for each ring.
    pub fn rings(&self) -> Vec<String> {
        let reached: BTreeMap<&str, BTreeSet<&str>> = self
            .iter()
            .map(|(file, _, _)| (file, self.reached_from(file)))
            .collect();
        let ring = |file| {
            let comes_back = |other: &&str| {
                reached
                    .get(other)
                    .is_some_and(|reached| reached.contains(file))
            };
            reached[file]
                .iter()
                .copied()
                .filter(comes_back)
                .collect::<BTreeSet<_>>()
        };
        let rings: BTreeSet<_> = reached
            .keys()
            .map(|file| ring(*file))
            .filter(|ring| !ring.is_empty())
            .collect();
        let between =
            |ring: BTreeSet<_>| self.between(|from, to| ring.contains(from) && ring.contains(to));
        rings.into_iter().map(between).collect()
    }

    /// Returns the files that a file uses, directly or through other files.
    fn reached_from<'a>(&'a self, file: &'a str) -> BTreeSet<&'a str> {
        let mut reached = BTreeSet::new();
        let mut next = vec![file];
        while let Some(file) = next.pop() {
            let used = self
                .iter()
                .filter(|(from, _, _)| *from == file)
                .map(|(_, to, _)| to);
            next.extend(used.filter(|to| reached.insert(*to)));
        }
        reached
    }

    /// Returns the uses for which `asked` is true, one per line, as `file -> file: names`.
    pub fn between(&self, asked: impl Fn(&str, &str) -> bool) -> String {
        let mut text = String::new();
        for (from, to, names) in self.iter().filter(|(from, to, _)| asked(from, to)) {
            let names = names
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(", ");
            writeln!(text, "{from} -> {to}: {names}").unwrap();
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Uses;

    /// Returns the uses of a crate that consists of these files.
    #[track_caller]
    fn uses(files: &[(&str, &str)]) -> Uses {
        Uses::of(
            &files
                .iter()
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
                .collect(),
        )
        .unwrap()
    }

    #[track_caller]
    fn are(files: &[(&str, &str)], expected: &str) {
        assert_eq!(uses(files).between(|_, _| true), expected);
    }

    #[test]
    fn imports_and_paths_are_uses() {
        are(
            &[
                ("lib.rs", "mod a; mod b; mod c;"),
                (
                    "a.rs",
                    "use crate::{b::{self, Thing as Other}, c::*}; fn f() -> b::Kind { super::c::g(h()) }",
                ),
                (
                    "b.rs",
                    "pub struct Thing; pub enum Kind { One } fn f(_: self::Kind) {}",
                ),
                ("c.rs", "pub fn g() {} pub fn h() {} pub fn unused() {}"),
            ],
            "a.rs -> b.rs: Kind, Thing\na.rs -> c.rs: g, h\n",
        );
    }

    #[test]
    fn what_is_given_on_is_used_where_it_is_defined() {
        are(
            &[
                (
                    "lib.rs",
                    "mod a; mod room; pub use room::Thing; extern crate self as this; pub mod __priv { pub use crate::room::Part; }",
                ),
                (
                    "a.rs",
                    "fn f(_: this::Thing, _: crate::__priv::Part) {} fn g() { crate::room::made() }",
                ),
                (
                    "room/mod.rs",
                    "mod thing; mod part; pub use thing::*; pub use part::{Part, made};",
                ),
                ("room/thing.rs", "pub struct Thing(super::Part);"),
                ("room/part.rs", "pub struct Part; pub fn made() {}"),
            ],
            "a.rs -> room/part.rs: Part, made\na.rs -> room/thing.rs: Thing\nroom/thing.rs -> room/part.rs: Part\n",
        );
    }

    #[test]
    fn what_a_module_gives_on_and_needs_itself_is_a_use() {
        let part = ("room/part.rs", "pub struct Part; fn f(_: super::Whole) {}");
        let ring = |whole| uses(&[("lib.rs", "mod room;"), ("room/mod.rs", whole), part]).rings();
        assert!(ring("mod part; pub use part::Part; pub struct Whole;").is_empty());
        let needed = "room/mod.rs -> room/part.rs: Part\nroom/part.rs -> room/mod.rs: Whole\n";
        assert_eq!(
            ring("mod part; pub use part::Part; pub struct Whole(Part);"),
            [needed]
        );
    }

    #[test]
    fn tokens_of_macros_are_looked_into() {
        are(
            &[
                ("lib.rs", "#[macro_use] mod local; mod a; mod b; mod c; pub mod __priv { pub use crate::b::Thing; }"),
                (
                    "a.rs",
                    "#[macro_export] macro_rules! __outer { ($crate_:ident $x:expr) => {
                        { use $crate::b::{f, g as h}; $crate::__inner!($x.crate_, $crate::__priv::Thing) }
                    } }
                    fn a() { assert_eq!(crate::b::k(), helper!()); }",
                ),
                (
                    "b.rs",
                    "#[macro_export] macro_rules! __inner { () => {} }
                    pub struct Thing; pub fn f() {} pub fn g() {} pub fn k() {}",
                ),
                (
                    "local.rs",
                    "macro_rules! helper { () => { 1 } }
                    macro_rules! define { () => { #[macro_export] macro_rules! __defined { () => {} } } }",
                ),
                ("c.rs", "define! {} fn c() { crate::__defined!() }"),
            ],
            "a.rs -> b.rs: Thing, __inner!, f, g, k\na.rs -> local.rs: helper!\nc.rs -> local.rs: __defined!, define!\n",
        );
    }

    #[test]
    fn a_module_has_a_file_for_each_target() {
        are(
            &[
                ("lib.rs", "mod arch; mod user;"),
                (
                    "arch/mod.rs",
                    r#"#[cfg_attr(one, path = "one.rs")] #[cfg_attr(two, path = "two.rs")] mod imp;
                    pub use imp::access::*; pub fn reach() {}"#,
                ),
                (
                    "arch/one.rs",
                    "#[macro_export] macro_rules! __text { () => { $crate::__text!() } } pub mod access { pub fn register() { super::super::reach() } }",
                ),
                ("arch/imp.rs", "pub mod access { pub fn register() {} }"),
                (
                    "arch/two.rs",
                    "#[macro_export] macro_rules! __text { () => {} } pub mod access { pub fn register() {} }",
                ),
                (
                    "user.rs",
                    "fn f() { crate::arch::register(); crate::__text!() }",
                ),
            ],
            "arch/one.rs -> arch/mod.rs: reach\n\
            user.rs -> arch/imp.rs: register\nuser.rs -> arch/one.rs: __text!, register\n\
            user.rs -> arch/two.rs: __text!, register\n",
        );
    }

    #[test]
    fn tests_and_documentation_are_no_uses() {
        are(
            &[
                ("lib.rs", "mod a; mod b;"),
                (
                    "a.rs",
                    "/// [`f`](crate::b::f)
                    #[cfg(test)] use crate::b::f;
                    #[cfg(all(test, hosted))] mod tests { use crate::b::f; }
                    #[cfg(test)] mod more;
                    struct A; impl A { #[cfg(test)] fn g() { crate::b::f() } }
                    #[cfg(any(test, smp))] fn g() { crate::b::g() }",
                ),
                ("a/more.rs", "use crate::b::f;"),
                ("b.rs", "pub fn f() {} pub fn g() {}"),
            ],
            "a.rs -> b.rs: g\n",
        );
    }

    #[test]
    fn a_ring_is_found_however_long() {
        let found = uses(&[
            ("lib.rs", "mod a; mod b; mod c; mod d;"),
            ("a.rs", "use crate::b::B; pub struct A;"),
            ("b.rs", "pub struct B(crate::c::C);"),
            (
                "c.rs",
                "pub struct C; macro_rules! m { () => { $crate::a::A } } use crate::d::D;",
            ),
            ("d.rs", "pub struct D;"),
        ])
        .rings();
        assert_eq!(
            found,
            ["a.rs -> b.rs: B\nb.rs -> c.rs: C\nc.rs -> a.rs: A\n"]
        );
    }

    #[test]
    fn what_a_macro_made_is_its_modules() {
        are(
            &[
                ("lib.rs", "mod a; mod b;"),
                ("a.rs", "fn f() { crate::b::made() }"),
                ("b.rs", "make!(made);"),
            ],
            "a.rs -> b.rs: made\n",
        );
    }

    #[test]
    fn what_leads_nowhere_is_an_error() {
        let files = [("lib.rs", "mod a;"), ("a.rs", "use crate::missing::Thing;")];
        let found = Uses::of(
            &files
                .iter()
                .map(|(name, text)| ((*name).into(), (*text).into()))
                .collect(),
        );
        assert_eq!(
            found.err().as_deref(),
            Some("a.rs: `crate::missing::Thing` leads nowhere")
        );
    }

    #[test]
    #[should_panic(expected = r#"no `mod` leads to ["lost.rs"]"#)]
    fn a_file_that_no_module_has_is_an_error() {
        uses(&[("lib.rs", ""), ("lost.rs", "")]);
    }
}
