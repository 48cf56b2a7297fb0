//! Without `Bits`, the combined bits of two `char`s could be no `char`.

#[percpu_hv::def_percpu]
static LETTER: char = 'a';

fn main() {
    LETTER.or_current('\u{d7ff}');
    let _sum = LETTER.sum();
}
