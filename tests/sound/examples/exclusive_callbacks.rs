//! Defect 33, rule 5: code of a value's own that runs inside of the borrow, and borrows again.
//!
//! must print: clone: refused
//! must print: compare: refused
//! must print: debug: refused
//! must print: hash: refused
//! must print: retain: refused
//! must print: deref: refused
//! must print: drop: refused
//! must print: 3 left
#![forbid(unsafe_code)]

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

#[percpu_hv::def_percpu]
static QUEUE: Vec<Item> = Vec::new();

#[derive(PartialEq, Eq)]
struct Item(Box<u64>, bool);

fn attack(route: &str) {
    if QUEUE.try_with_current(Vec::clear).is_err() {
        println!("{route}: refused");
    }
}

impl Clone for Item {
    fn clone(&self) -> Self {
        attack("clone");
        Self(self.0.clone(), false)
    }
}
impl PartialOrd for Item {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Item {
    fn cmp(&self, other: &Self) -> Ordering {
        attack("compare");
        self.0.cmp(&other.0)
    }
}
impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        attack("debug");
        self.0.fmt(f)
    }
}
impl Hash for Item {
    fn hash<H: Hasher>(&self, state: &mut H) {
        attack("hash");
        self.0.hash(state);
    }
}
impl Deref for Item {
    type Target = u64;
    fn deref(&self) -> &u64 {
        attack("deref");
        &self.0
    }
}
impl Drop for Item {
    fn drop(&mut self) {
        if self.1 {
            attack("drop");
        }
    }
}

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    QUEUE.with_current(|queue| queue.extend([1, 2].map(|x| Item(Box::new(x), false))));
    let copy = QUEUE.with_current(|queue| queue[0].clone());
    QUEUE.with_current(|queue| queue.sort());
    let text = QUEUE.with_current(|queue| format!("{:?}", queue[0]));
    QUEUE.with_current(|queue| HashSet::from([queue.pop()]).len());
    QUEUE.with_current(|queue| {
        queue.retain(|item| {
            attack("retain");
            *item.0 != 0
        });
    });
    QUEUE.with_current(|queue| assert_eq!(queue[0].checked_add(1), Some(2)));
    QUEUE.with_current(|queue| queue.push(Item(Box::new(7), true)));
    QUEUE.with_current(|queue| drop(queue.pop()));
    QUEUE.with_current(|queue| queue.extend([3, 4].map(|x| Item(Box::new(x), false))));
    assert_eq!((&*text, *copy.0), ("1", 1));
    println!("{} left", QUEUE.with_current(|queue| queue.len()));
}
