//! `marsad sbom`: what the program is made of, as CycloneDX 1.5.
//!
//! From the lock file that it was built with, which is compiled in: every crate that `marsad` needs, directly or not. The lock
//! file does not tell apart what only builds and tests need; that is listed too. Deliberately absent: licences, which
//! `deny.toml` judges, and C sources inside crates (SQLite, QuickJS, ring), which stand under the crate that brings them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::failure::{Code, Failure};
use crate::vault::say;

const LOCK: &str = include_str!("../../../Cargo.lock");
const ROOT: &str = "marsad";

#[derive(Deserialize)]
struct Lock {
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

impl Package {
    /// As an address of packages names it.
    fn purl(&self) -> String {
        format!("pkg:cargo/{}@{}", self.name, self.version)
    }

    fn component(&self) -> Value {
        let mut object =
            json!({ "type": "library", "bom-ref": self.purl(), "name": self.name, "version": self.version, "purl": self.purl() });
        if let Some(checksum) = &self.checksum {
            object["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
        }
        if self.source.is_none() {
            // Ours: no registry has it.
            object["purl"] = Value::Null;
        }
        object
    }
}

/// All that a lock file says, by name and version.
struct Tree(BTreeMap<String, Vec<Package>>);

impl Tree {
    fn read(text: &str) -> Result<Self, toml::de::Error> {
        let mut tree = BTreeMap::<String, Vec<Package>>::new();
        for package in toml::from_str::<Lock>(text)?.package {
            tree.entry(package.name.clone()).or_default().push(package);
        }
        Ok(Self(tree))
    }

    /// The package that a line of dependencies names: `name`, or `name version` where there are several.
    fn named(&self, line: &str) -> Option<&Package> {
        let mut words = line.split(' ');
        let (name, version) = (words.next()?, words.next());
        self.0.get(name)?.iter().find(|package| version.is_none_or(|version| package.version == version))
    }

    /// Everything that a package needs, itself first.
    fn needed<'t>(&'t self, root: &'t Package) -> Vec<&'t Package> {
        let (mut seen, mut found, mut next) = (BTreeSet::new(), Vec::new(), vec![root]);
        while let Some(package) = next.pop() {
            if seen.insert((&package.name, &package.version)) {
                found.push(package);
                next.extend(package.dependencies.iter().filter_map(|line| self.named(line)));
            }
        }
        found
    }
}

fn bill(text: &str) -> Option<Value> {
    let tree = Tree::read(text).ok()?;
    let root = tree.named(ROOT)?;
    let mut needed = tree.needed(root);
    needed.sort_by_key(|package| (&package.name, &package.version));
    let depends = |package: &&Package| {
        let on: Vec<String> = package.dependencies.iter().filter_map(|line| tree.named(line)).map(Package::purl).collect();
        json!({ "ref": package.purl(), "dependsOn": on })
    };
    let components: Vec<Value> =
        needed.iter().filter(|package| package.name != ROOT).map(|package| package.component()).collect();
    Some(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": { "type": "application", "bom-ref": root.purl(), "name": ROOT, "version": root.version } },
        "components": components,
        "dependencies": needed.iter().map(depends).collect::<Vec<_>>(),
    }))
}

/// `marsad sbom`
pub(crate) fn sbom() -> Result<(), Failure> {
    let bill = bill(LOCK).ok_or_else(|| Failure::new(Code::Stopped, "the lock file of the build cannot be read"))?;
    say(&serde_json::to_string_pretty(&bill).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_12_the_bill_holds_every_crate_that_is_needed_with_its_checksum_and_each_reference_leads_somewhere() {
        let bill = bill(LOCK).expect("the lock file reads");
        let components = bill["components"].as_array().expect("a list");
        let names: BTreeSet<&str> = components.iter().filter_map(|c| c["name"].as_str()).collect();
        assert!(["tokio", "rusqlite", "rustls", "ring", "schemas"].iter().all(|name| names.contains(name)), "{names:?}");
        let refs: BTreeSet<&str> = components.iter().filter_map(|c| c["bom-ref"].as_str()).collect();
        assert_eq!(refs.len(), components.len(), "each once");
        for component in components {
            let ours = component["purl"].is_null();
            assert_eq!(component["hashes"][0]["content"].as_str().is_some_and(|hash| hash.len() == 64), !ours, "{component}");
        }
        for dependency in bill["dependencies"].as_array().expect("a list") {
            for on in dependency["dependsOn"].as_array().expect("a list") {
                assert!(refs.contains(on.as_str().expect("text")), "{on}");
            }
        }
    }

    #[test]
    fn of_two_versions_the_one_is_meant_that_the_line_names() {
        let lock = "[[package]]\nname = \"marsad\"\nversion = \"1.0.0\"\ndependencies = [\"a 2.0.0\"]\n\
                    [[package]]\nname = \"a\"\nversion = \"1.0.0\"\n[[package]]\nname = \"a\"\nversion = \"2.0.0\"\n";
        let bill = bill(lock).expect("it reads");
        assert_eq!(bill["components"].as_array().map(Vec::len), Some(1));
        assert_eq!(bill["components"][0]["version"], "2.0.0");
    }
}
