//! Compiles the crate again when `ui/graphiql` was built, so that the page is embedded. Downloads nothing.

fn main() {
    println!("cargo::rerun-if-changed=ui/graphiql/dist");
}
