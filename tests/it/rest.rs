//! REST: the same operations under paths, for the same callers, with the same answers.

mod audit;
mod client;
mod creating;
mod drawing;
mod foreign;
mod pages;
mod same;
mod shown;
mod statuses;
