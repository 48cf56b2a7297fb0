//! Without `Bits`: the bits of two `char`s together are none.

#[percpu_hv::def_percpu]
static LETTER: char = 'a';

fn main() {
    LETTER.or_current('\u{d7ff}');
    let _sum = LETTER.sum();
}
