//! Defect 07, rule 7: safe code says that shared variables of a type that is not `Send` give references.
//!
//! must not compile: conflicting implementations
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::rc::Rc;

use percpu_hv::kind;

struct Local(RefCell<Option<Rc<u64>>>);
impl percpu_hv::Shared for Local {}
impl kind::LocalReferences<Local> for kind::Shared {} //~
impl kind::References<Local> for kind::Shared {} //~

fn main() {}
