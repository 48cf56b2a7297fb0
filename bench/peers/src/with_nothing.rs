//! What a loop costs by itself.

operations! { "nothing":
    "nothing"() {}
}
