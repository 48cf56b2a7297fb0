//! Finds the files that a path leads to.

use std::collections::{BTreeSet, HashSet};

use crate::{
    mentions::{Import, Mention},
    modules::{Modules, ROOT, folder_of},
};

/// What a path leads to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    Module(usize),
    /// An item that the file defines.
    File(String),
    /// Another crate, or a name that is not an item, such as a parameter or a local variable.
    Elsewhere,
}

impl Modules {
    /// Returns the files that a mentioned path leads to, except the module's own. Returns an error if the path belongs
    /// to this crate and leads to no file.
    pub(crate) fn files(
        &self,
        module: usize,
        mention: &Mention,
    ) -> Result<BTreeSet<String>, String> {
        let own = &self.all[module].file;
        let Some((last, above)) = mention.path.split_last() else {
            return Ok(BTreeSet::new());
        };
        let mut targets = self.resolve(module, &mention.path, &mut HashSet::new());
        if above.is_empty() && mention.is_macro && targets == [Target::Elsewhere].into() {
            let files = self.macros.get(last).into_iter().flatten();
            targets = files.cloned().map(Target::File).collect();
        } else if targets.is_empty() {
            targets = self.follow(module, &mention.path, &mut HashSet::new());
            let is_known = |target: &Target| !matches!(target, Target::File(file) if is_root(file));
            if targets.is_empty() || !targets.iter().all(is_known) {
                return Err(format!(
                    "{own}: `{}` leads nowhere",
                    mention.path.join("::")
                ));
            }
        }
        // A path to an item uses the item's file, and a path to a module uses none.
        let files = targets.into_iter().filter_map(|target| match target {
            Target::File(file) => Some(file),
            Target::Module(_) | Target::Elsewhere => None,
        });
        let files: BTreeSet<String> = files.collect();
        // If the target selects one of these files and this one is among them, the path means this one.
        Ok(if files.contains(own) {
            BTreeSet::new()
        } else {
            files
        })
    }

    /// Returns the file of a module or an item.
    fn file(&self, target: Target) -> Option<String> {
        match target {
            Target::Module(module) => Some(self.all[module].file.clone()),
            Target::File(file) => Some(file),
            Target::Elsewhere => None,
        }
    }

    /// Returns the files that an import leads to. A module does not use what it re-exports from modules below it. Who
    /// imports that from the module uses it.
    pub(crate) fn imported(
        &self,
        module: usize,
        import: &Import,
    ) -> Result<BTreeSet<String>, String> {
        let own = &self.all[module].file;
        let mut files = if import.name != "*" {
            self.files(module, &import.mention())?
        } else if import.is_public {
            let targets = self.resolve(module, &import.path, &mut HashSet::new());
            targets
                .into_iter()
                .filter_map(|target| self.file(target))
                .collect()
        } else {
            // The code mentions the names that it uses.
            BTreeSet::new()
        };
        files.retain(|file| file != own && !(import.is_public && is_below(file, own)));
        Ok(files)
    }

    /// Returns the name in a path that a file defines, for messages: `Kind` in `kind::Kind::One`.
    pub(crate) fn name(&self, module: usize, mention: &Mention) -> String {
        let path = &mention.path;
        let is_defined = |length: &usize| {
            let found = self.resolve(module, &path[..*length], &mut HashSet::new());
            found.iter().any(|target| matches!(target, Target::File(_)))
        };
        let length = (1..path.len()).find(is_defined).unwrap_or(path.len());
        let end = if mention.is_macro && length == path.len() {
            "!"
        } else {
            ""
        };
        format!("{}{end}", path[length - 1])
    }

    /// Returns what a path leads to. If a module does not have the last name, a macro call in it, such as `def_percpu`,
    /// defines that name.
    fn follow(
        &self,
        from: usize,
        path: &[String],
        seen: &mut HashSet<(usize, String)>,
    ) -> BTreeSet<Target> {
        let found = self.resolve(from, path, seen);
        let Some((_, above)) = path.split_last().filter(|_| found.is_empty()) else {
            return found;
        };
        let targets = self.resolve(from, above, seen).into_iter();
        targets
            .filter_map(|target| self.file(target))
            .map(Target::File)
            .collect()
    }

    fn resolve(
        &self,
        from: usize,
        path: &[String],
        seen: &mut HashSet<(usize, String)>,
    ) -> BTreeSet<Target> {
        let Some((first, rest)) = path.split_first() else {
            return BTreeSet::new();
        };
        let parent_of = |module: usize| {
            self.all[module]
                .parent
                .map(Target::Module)
                .into_iter()
                .collect()
        };
        let mut targets: BTreeSet<Target> = match &**first {
            "crate" => [Target::Module(ROOT)].into(),
            "self" => [Target::Module(from)].into(),
            "super" => parent_of(from),
            _ => {
                let found = self.look_up(from, first, seen);
                if !found.is_empty() {
                    found
                } else if self.is_this_crate(first) {
                    [Target::Module(ROOT)].into()
                } else {
                    [Target::Elsewhere].into()
                }
            }
        };
        for name in rest {
            targets = targets
                .into_iter()
                .flat_map(|target| match target {
                    Target::Module(module) if name == "super" => parent_of(module),
                    Target::Module(module) => self.look_up(module, name, seen),
                    // A variant, or a function of a type.
                    Target::File(_) | Target::Elsewhere => [target].into(),
                })
                .collect();
        }
        targets
    }

    /// Returns whether a name is that of `extern crate self as name`.
    fn is_this_crate(&self, name: &str) -> bool {
        let mut imports = self.all[ROOT].imports.iter();
        imports.any(|import| import.name == name && import.path == ["crate"])
    }

    /// Returns what a name means in a module.
    fn look_up(
        &self,
        module: usize,
        name: &str,
        seen: &mut HashSet<(usize, String)>,
    ) -> BTreeSet<Target> {
        let mut found = BTreeSet::new();
        if !seen.insert((module, name.to_owned())) {
            return found;
        }
        let this = &self.all[module];
        let children = this.children.iter().filter(|(child, _)| child == name);
        found.extend(children.map(|(_, child)| Target::Module(*child)));
        found.extend(
            this.items
                .get(name)
                .into_iter()
                .flatten()
                .cloned()
                .map(Target::File),
        );
        for import in this.imports.iter().filter(|import| import.name == name) {
            found.extend(self.follow(module, &import.path, seen));
        }
        if found.is_empty() {
            for import in this.imports.iter().filter(|import| import.name == "*") {
                for target in self.resolve(module, &import.path, seen) {
                    if let Target::Module(of) = target {
                        found.extend(self.look_up(of, name, seen));
                    }
                }
            }
        }
        seen.remove(&(module, name.to_owned()));
        found
    }
}

/// Returns whether a file's module is below that of the file `module`.
fn is_below(file: &str, module: &str) -> bool {
    if matches!(module.rsplit('/').next(), Some("mod.rs" | "main.rs")) {
        return file.starts_with(folder_of(module));
    }
    let folder = module
        .strip_suffix("rs")
        .unwrap_or(module)
        .replace('.', "/");
    file.starts_with(&folder)
}

fn is_root(file: &str) -> bool {
    matches!(file, "lib.rs" | "main.rs")
}
