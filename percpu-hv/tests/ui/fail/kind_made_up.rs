//! If users could add a kind, or new rights for a kind and a type of their own, variables could provide
//! `&T` and `&mut T`, and loads of another type.

use percpu_hv::kind::{Exclusive, Kind, LocalReferences, References, Shared, TryBorrows, Values};

enum Both {}
impl Kind for Both {}

struct Names(Vec<String>);
impl percpu_hv::Shared for Names {}
impl References<Names> for Exclusive {}
impl LocalReferences<Names> for Exclusive {}
impl TryBorrows<Names> for Shared {}
impl Values<Names> for Exclusive {
    type As = usize;

    fn to(names: Names) -> usize {
        names.0.len()
    }

    fn from(_: usize) -> Names {
        Names(Vec::new())
    }
}

fn main() {}
