//! The attack suite: ways to see or to do more than one may. Each case has a number: A for the shapes of documents, B
//! for detours, C for what the schema shows of itself, D for transports, E for credentials, F for the policy, G for cost.
//!
//! Every case ends in the same `oracle`: the status, the code, no `data`, an id to ask after, no statement about
//! anything of anybody's, and no row changed. What the gate finds in a document is held against two other opinions by
//! random documents (`documents`); what it would let through by mistake is held by the resolvers (`guards`).

mod beforehand;
mod choices;
mod cost;
mod credentials;
mod disguise;
mod disguises;
mod documents;
mod ground;
mod guards;
mod literal;
mod oracle;
mod policy;
mod reach;
mod recorder;
mod request;
mod rows;
mod sdl;
mod shapes;
mod sockets;
mod transports;
mod tree;
mod value;
mod visibility;
