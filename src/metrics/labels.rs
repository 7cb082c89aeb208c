//! The labels, and all the values they can have.

use std::fmt::{self, Write};

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};

use crate::model::status::Status;

/// Of `tasks_finished`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByStatus {
    /// Where the task came to rest.
    pub status: Status,
}

/// Of `steps_finished`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByOutcome {
    /// How the attempt ended.
    pub outcome: Outcome,
}

/// Of `commands`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByCommand {
    /// What was asked.
    pub verb: Verb,
    /// What was answered.
    pub outcome: Answer,
}

/// Of `graphql_requests`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByRequest {
    /// The kind of operation.
    pub kind: Kind,
    /// The first error's code, or `OK`.
    pub code: Code,
}

/// Of `rate_limited`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByLimit {
    /// Of what there was too much.
    pub limit: Limit,
}

/// Of `removed_rows`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByRemoved {
    /// Rows of what.
    pub what: What,
}

/// Of `tasks_waiting`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByWait {
    /// What they wait for.
    pub until: Wait,
}

/// Of `database_connections`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByPool {
    /// What they are for.
    pub pool: Pool,
    /// Whether they are in use.
    pub state: Use,
}

/// Of `trace_spans`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByFate {
    /// What became of it.
    pub outcome: Fate,
}

/// Of `http_requests`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ByReply {
    /// What became of it.
    pub outcome: Reply,
}

impl EncodeLabelValue for Status {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        encoder.write_str(self.as_str())
    }
}

/// An enum whose values are written as given.
macro_rules! values {
    ($(#[$about:meta])* $name:ident { $($(#[$meaning:meta])* $value:ident = $word:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$meaning])* $value,)* }

        impl $name {
            /// Every value.
            pub const ALL: &[Self] = &[$(Self::$value,)*];

            /// The value as it is written.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$value => $word,)* }
            }

            /// Reads a written value.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == word)
            }
        }

        impl EncodeLabelValue for $name {
            fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
                encoder.write_str(self.as_str())
            }
        }
    };
}

values! {
    /// How an attempt ended.
    Outcome {
        /// With results.
        Complete = "complete",
        /// With an error that another attempt may not meet.
        Retryable = "retryable",
        /// With an error that every attempt would meet.
        Permanent = "permanent",
        /// The handler panicked.
        Panic = "panic",
        /// It took too long.
        Timeout = "timeout",
        /// Given back, not counted: owner or worker lost, shutdown, an open circuit.
        Released = "released",
        /// Its step was cancelled meanwhile.
        Cancelled = "cancelled",
        /// Its node is gone, and it must not be made again.
        Lost = "lost",
    }
}

values! {
    /// What somebody asks the engine to do.
    Verb {
        /// `createTask`.
        CreateTask = "create_task",
        /// `createTasks`.
        CreateTasks = "create_tasks",
        /// `updateTask`.
        UpdateTask = "update_task",
        /// `cancelTask`.
        CancelTask = "cancel_task",
        /// `retryTask`.
        RetryTask = "retry_task",
        /// `resolveTask`.
        ResolveTask = "resolve_task",
        /// `deleteTask`.
        DeleteTask = "delete_task",
        /// `updateStep`.
        UpdateStep = "update_step",
        /// `cancelStep`.
        CancelStep = "cancel_step",
        /// `retryStep`.
        RetryStep = "retry_step",
        /// `resolveStep`.
        ResolveStep = "resolve_step",
        /// `claimSteps`.
        ClaimSteps = "claim_steps",
        /// `heartbeatSteps`.
        HeartbeatSteps = "heartbeat_steps",
        /// `completeStep` and each of `completeSteps`.
        CompleteStep = "complete_step",
        /// `failStep`.
        FailStep = "fail_step",
    }
}

values! {
    /// What a command was answered.
    Answer {
        /// It took effect, or had done so already.
        Done = "done",
        /// Left for the node that owns the task, which had not answered in time.
        Pending = "pending",
        /// There is no such task or step.
        NotFound = "not_found",
        /// The status forbids it.
        Conflict = "conflict",
        /// What came with it can't be used.
        Invalid = "invalid",
        /// The journal was full.
        Overloaded = "overloaded",
        /// A fault.
        Failed = "failed",
    }
}

values! {
    /// The kind of a GraphQL operation.
    Kind {
        /// Reads.
        Query = "query",
        /// Commands.
        Mutation = "mutation",
        /// Streams.
        Subscription = "subscription",
        /// Not known: the document could not be read that far.
        Unknown = "unknown",
    }
}

values! {
    /// A GraphQL answer's code: that of its first error.
    Code {
        /// No error.
        Ok = "OK",
        /// The text is no GraphQL.
        ParseFailed = "GRAPHQL_PARSE_FAILED",
        /// The document doesn't fit the schema.
        GraphqlValidationFailed = "GRAPHQL_VALIDATION_FAILED",
        /// The variables or the choice of operation don't fit.
        BadUserInput = "BAD_USER_INPUT",
        /// Too large or too deep.
        LimitExceeded = "LIMIT_EXCEEDED",
        /// Nobody knows who asks.
        Unauthenticated = "UNAUTHENTICATED",
        /// A permission is missing.
        Forbidden = "FORBIDDEN",
        /// No such thing.
        NotFound = "NOT_FOUND",
        /// The status forbids it.
        Conflict = "CONFLICT",
        /// A task's context doesn't fit its template.
        ValidationFailed = "VALIDATION_FAILED",
        /// The events after this cursor are gone.
        CursorExpired = "CURSOR_EXPIRED",
        /// The journal was full.
        Overloaded = "OVERLOADED",
        /// Too many requests.
        RateLimited = "RATE_LIMITED",
        /// It took too long.
        Timeout = "TIMEOUT",
        /// A fault.
        Internal = "INTERNAL",
    }
}

values! {
    /// What somebody had too much of.
    Limit {
        /// Requests and new sockets of one address.
        Address = "address",
        /// Requests of one subject.
        Subject = "subject",
        /// Refused credentials of one address.
        SignIn = "sign_in",
    }
}

values! {
    /// What is removed when it is no longer kept.
    What {
        /// Tasks.
        Task = "task",
        /// Their steps, events, notes.
        Belonging = "belonging",
        /// Events of tasks that stay.
        Event = "event",
        /// Records of the audit log.
        Audit = "audit",
        /// Figures of analytics.
        Figure = "figure",
    }
}

values! {
    /// What became of a span.
    Fate {
        /// It ended, and waits to be sent.
        Recorded = "recorded",
        /// The collector has it.
        Exported = "exported",
        /// The collector did not take it.
        Failed = "failed",
    }
}

values! {
    /// What became of a request of an HTTP step. None of them says which host.
    Reply {
        /// 2xx, or what the step expects.
        Accepted = "accepted",
        /// It leads elsewhere.
        Redirect = "redirect",
        /// 4xx and others that the step does not expect.
        Refused = "refused",
        /// 429.
        RateLimited = "rate_limited",
        /// 5xx.
        ServerError = "server_error",
        /// An answer that can't be used: too large, or encoded.
        Unusable = "unusable",
        /// None in time.
        Timeout = "timeout",
        /// No connection, or one that broke.
        Broken = "broken",
        /// The address is not one that may be asked.
        Forbidden = "forbidden",
        /// Nobody wants it any more.
        Cancelled = "cancelled",
        /// It was not asked: the host is left alone.
        CircuitOpen = "circuit_open",
    }
}

values! {
    /// What a task that no node holds waits for.
    Wait {
        /// A node with room.
        Node = "node",
        /// A moment: a retry, a sleeper, the first start.
        Moment = "moment",
        /// Somebody: a worker, or an operator.
        Somebody = "somebody",
    }
}

values! {
    /// What connections are for.
    Pool {
        /// Reading.
        Reader = "reader",
        /// Housekeeping.
        Upkeep = "upkeep",
        /// An application's own work in its own database.
        Primary = "primary",
    }
}

values! {
    /// Whether a connection is in use.
    Use {
        /// Somebody has it.
        Busy = "busy",
        /// It waits.
        Idle = "idle",
    }
}
