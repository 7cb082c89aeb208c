//! The two state machines, one table each. There is no second copy: guards, documents and tests derive from it.

use super::status::Status;

/// A legal change of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StepTransition {
    /// An attempt begins.
    Start,
    /// The handler answered with results.
    Complete,
    /// The last attempt failed, or it can't be tried again.
    Fail,
    /// An attempt failed and another is scheduled.
    Postpone,
    /// The attempt was given back: its owner or worker is gone. Not counted.
    Release,
    /// An operator wants more attempts.
    Retry,
    /// Will not run.
    Cancel,
    /// An operator declares it done.
    Resolve,
}

impl StepTransition {
    /// Every transition of a step.
    pub const ALL: [Self; 8] = [
        Self::Start,
        Self::Complete,
        Self::Fail,
        Self::Postpone,
        Self::Release,
        Self::Retry,
        Self::Cancel,
        Self::Resolve,
    ];

    /// The statuses it may leave, and the one it leads to.
    #[rustfmt::skip]
    pub const fn edge(self) -> (&'static [Status], Status) {
        use Status::*;
        match self {
            //                  from                            to
            Self::Start    => (&[Pending],                      InProgress),
            Self::Complete => (&[InProgress],                   Complete),
            Self::Fail     => (&[Pending, InProgress],          Error),
            Self::Postpone => (&[InProgress],                   Pending),
            Self::Release  => (&[InProgress],                   Pending),
            Self::Retry    => (&[Error],                        Pending),
            Self::Cancel   => (&[Pending, InProgress, Error],   Cancelled),
            Self::Resolve  => (&[Pending, Error],               ResolvedManually),
        }
    }

    /// Whether it may leave `from`.
    pub fn leaves(self, from: Status) -> bool {
        self.edge().0.contains(&from)
    }
}

/// A legal change of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskTransition {
    /// The first step starts.
    Start,
    /// Every step is settled.
    Complete,
    /// A step rests in error and nothing else can run.
    Fail,
    /// A failed task goes on: a step was retried or resolved.
    Resume,
    /// By command, or because every step was cancelled.
    Cancel,
    /// By command.
    Resolve,
}

impl TaskTransition {
    /// Every transition of a task.
    pub const ALL: [Self; 6] =
        [Self::Start, Self::Complete, Self::Fail, Self::Resume, Self::Cancel, Self::Resolve];

    /// The statuses it may leave, and the one it leads to.
    #[rustfmt::skip]
    pub const fn edge(self) -> (&'static [Status], Status) {
        use Status::*;
        match self {
            //                  from                            to
            Self::Start    => (&[Pending],                      InProgress),
            Self::Complete => (&[InProgress],                   Complete),
            Self::Fail     => (&[Pending, InProgress],          Error),
            Self::Resume   => (&[Error],                        InProgress),
            Self::Cancel   => (&[Pending, InProgress, Error],   Cancelled),
            Self::Resolve  => (&[Pending, InProgress, Error],   ResolvedManually),
        }
    }

    /// Whether it may leave `from`.
    pub fn leaves(self, from: Status) -> bool {
        self.edge().0.contains(&from)
    }

    /// The transition that leads from one status to another, if the machine has one.
    pub fn between(from: Status, to: Status) -> Option<Self> {
        Self::ALL.into_iter().find(|transition| transition.edge().1 == to && transition.leaves(from))
    }
}
