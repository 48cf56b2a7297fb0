//! The modules of a crate, with the names that each defines, imports and mentions.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use syn::{Attribute, Expr, ForeignItem, Item, ItemMod, Lit, Meta, Token, punctuated::Punctuated};

use crate::{
    Sources,
    mentions::{Import, Mention, Mentions, attributes, is_test, plain},
};

/// A module in one file. If `path` attributes select one of several files, each file is a module of the same name.
pub(crate) struct Module {
    pub(crate) file: String,
    pub(crate) mentions: Vec<Mention>,
    pub(crate) imports: Vec<Import>,
    pub(crate) parent: Option<usize>,
    pub(crate) children: Vec<(String, usize)>,
    /// Names, and the files that define each: one file, except for exported macros, which belong to the root.
    pub(crate) items: BTreeMap<String, BTreeSet<String>>,
}

pub(crate) struct Modules {
    /// All modules, the root first.
    pub(crate) all: Vec<Module>,
    /// The files that define each `macro_rules!` macro. Its scope follows the order of the text and no path.
    pub(crate) macros: BTreeMap<String, BTreeSet<String>>,
    /// The files that are only compiled for tests.
    tests: BTreeSet<String>,
}

pub(crate) const ROOT: usize = 0;

impl Modules {
    /// # Panics
    ///
    /// If the sources are not a crate, or a file of them is no module of it.
    pub(crate) fn new(sources: &Sources) -> Self {
        let root = ["lib.rs", "main.rs"]
            .into_iter()
            .find(|root| sources.contains_key(*root))
            .expect("the crate has a lib.rs or a main.rs");
        let mut modules = Self {
            all: Vec::new(),
            macros: BTreeMap::new(),
            tests: BTreeSet::new(),
        };
        modules.add_file(sources, root, None, "");
        let read: HashSet<_> = modules
            .all
            .iter()
            .map(|module| &module.file)
            .chain(&modules.tests)
            .collect();
        let lost: Vec<_> = sources.keys().filter(|file| !read.contains(file)).collect();
        assert!(lost.is_empty(), "no `mod` leads to {lost:?}");
        modules
    }

    fn add_file(
        &mut self,
        sources: &Sources,
        file: &str,
        parent: Option<usize>,
        folder: &str,
    ) -> usize {
        let parsed =
            syn::parse_file(&sources[file]).unwrap_or_else(|error| panic!("{file}: {error}"));
        self.add(sources, file, parent, folder, &parsed.items)
    }

    /// Adds a module with these items, and its own modules. They are in `folder`, whose name ends with `/`.
    fn add(
        &mut self,
        sources: &Sources,
        file: &str,
        parent: Option<usize>,
        folder: &str,
        items: &[Item],
    ) -> usize {
        let this = self.all.len();
        let mut found = Mentions::default();
        self.all.push(Module {
            file: file.to_owned(),
            mentions: Vec::new(),
            imports: Vec::new(),
            parent,
            children: Vec::new(),
            items: BTreeMap::new(),
        });
        for item in items {
            if is_test(attributes(item)) {
                if let Item::Mod(item) = item {
                    let files = self.files_of_mod(sources, this, folder, item);
                    self.tests.extend(files.into_iter().map(|(file, _)| file));
                }
                continue;
            }
            found.add(item);
            if let Item::Mod(item) = item {
                self.add_mod(sources, this, folder, item);
                continue;
            }
            for name in names(item) {
                self.define(this, name, file);
            }
            if let Item::ExternCrate(item) = item
                && item.ident == "self"
                && let Some((_, name)) = &item.rename
            {
                let path = vec!["crate".to_owned()];
                found.imports.push(Import {
                    name: plain(name),
                    path,
                    is_public: false,
                });
            }
            if let Item::Macro(item) = item
                && let Some(name) = &item.ident
            {
                self.macros
                    .entry(plain(name))
                    .or_default()
                    .insert(file.to_owned());
                if item
                    .attrs
                    .iter()
                    .any(|attribute| attribute.path().is_ident("macro_export"))
                {
                    self.define(ROOT, plain(name), file);
                }
                for name in exported_by_expansion(&item.mac.tokens.to_string()) {
                    self.define(ROOT, name, file);
                }
            }
        }
        self.all[this].mentions = found.mentions;
        self.all[this].imports = found.imports;
        this
    }

    fn define(&mut self, module: usize, name: String, file: &str) {
        self.all[module]
            .items
            .entry(name)
            .or_default()
            .insert(file.to_owned());
    }

    fn add_mod(&mut self, sources: &Sources, parent: usize, folder: &str, item: &ItemMod) {
        let name = plain(&item.ident);
        let below = format!("{folder}{name}/");
        if let Some((_, items)) = &item.content {
            let file = self.all[parent].file.clone();
            let child = self.add(sources, &file, Some(parent), &below, items);
            self.all[parent].children.push((name, child));
            return;
        }
        let files = self.files_of_mod(sources, parent, folder, item);
        assert!(
            !files.is_empty(),
            "{}: there is no file for `mod {name}`",
            self.all[parent].file
        );
        for (file, folder) in files {
            let child = self.add_file(sources, &file, Some(parent), &folder);
            self.all[parent].children.push((name.clone(), child));
        }
    }

    /// Returns the files of `mod name;` that exist, each with the folder of its own modules.
    fn files_of_mod(
        &self,
        sources: &Sources,
        parent: usize,
        folder: &str,
        item: &ItemMod,
    ) -> Vec<(String, String)> {
        let beside = folder_of(&self.all[parent].file);
        let below = format!("{folder}{}/", plain(&item.ident));
        let mut files: Vec<_> = item
            .attrs
            .iter()
            .filter_map(path_attribute)
            .map(|path| format!("{beside}{path}"))
            .map(|file| (file.clone(), folder_of(&file).to_owned()))
            .collect();
        // A `path` inside a `cfg_attr` is only for some targets.
        if !item
            .attrs
            .iter()
            .any(|attribute| attribute.path().is_ident("path"))
        {
            files.push((format!("{folder}{}.rs", plain(&item.ident)), below.clone()));
            files.push((format!("{below}mod.rs"), below));
        }
        files.retain(|(file, _)| sources.contains_key(file));
        files
    }
}

/// Returns the names that an item defines in its module.
fn names(item: &Item) -> Vec<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => return item.ident.iter().map(plain).collect(),
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        Item::ForeignMod(item) => {
            let names = item.items.iter().filter_map(|item| match item {
                ForeignItem::Fn(item) => Some(&item.sig.ident),
                ForeignItem::Static(item) => Some(&item.ident),
                _ => None,
            });
            return names.map(plain).collect();
        }
        _ => return Vec::new(),
    };
    vec![plain(name)]
}

/// Returns the file of `path = "..."`, also inside a `cfg_attr`.
fn path_attribute(attribute: &Attribute) -> Option<String> {
    let path = |meta: &Meta| match meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(path) => Some(path.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    };
    if attribute.path().is_ident("cfg_attr") {
        let parts = attribute
            .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
            .ok()?;
        return parts.iter().skip(1).find_map(path);
    }
    path(&attribute.meta)
}

pub(crate) fn folder_of(file: &str) -> &str {
    &file[..file.rfind('/').map_or(0, |slash| slash + 1)]
}

/// Returns the exported macros that a macro's expansions define: they belong to the file of that macro.
fn exported_by_expansion(tokens: &str) -> Vec<String> {
    let mut parts = tokens.split("macro_rules ! ").peekable();
    let mut names = Vec::new();
    while let (Some(before), Some(after)) = (parts.next(), parts.peek()) {
        let attributes = before.rsplit(['}', ';']).next().unwrap_or(before);
        if attributes.contains("macro_export") {
            names.extend(after.split_whitespace().next().map(str::to_owned));
        }
    }
    names
}
