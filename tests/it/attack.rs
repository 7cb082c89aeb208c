//! The attack suite: ways to see or to do more than one may, each with the number it has in our list.
//!
//! Every case ends in the same oracle (`ground`): the status, the code, no `data`, an id to ask after, no statement
//! on anything of anybody's, and no row changed. What the gate finds in a document is held against two other opinions
//! by random documents (`documents`); what it would let through by mistake is held by the resolvers (`guards`).

mod choices;
mod cost;
mod credentials;
mod disguise;
mod documents;
mod ground;
mod guards;
mod literal;
mod policy;
mod reach;
mod recorder;
mod rows;
mod sdl;
mod shapes;
mod sockets;
mod transports;
mod tree;
mod value;
mod visibility;
