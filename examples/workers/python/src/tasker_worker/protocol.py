"""What a worker asks for: the five mutations, and no more of their answers than it needs.

A worker's token permits `tasker.workflow_step:claim` and `:complete`. A field more and the whole document is refused.
"""

from gql import gql

CLAIM = gql(
    """
    mutation Claim($input: ClaimStepsInput!) {
      claimSteps(input: $input) {
        leaseToken deadlineAt attempt idempotencyKey taskId taskName namespace version workflowStepId name
        handlerClass handlerConfig context inputs dependencyResults traceparent
      }
    }
    """
)

HEARTBEAT = gql(
    """
    mutation Heartbeat($input: HeartbeatStepsInput!) {
      heartbeatSteps(input: $input) { leaseToken valid cancelled }
    }
    """
)

COMPLETE = gql(
    """
    mutation Complete($input: CompleteStepInput!) {
      completeStep(input: $input) { workflowStepId status }
    }
    """
)

COMPLETE_MANY = gql(
    """
    mutation CompleteMany($input: CompleteStepsInput!) {
      completeSteps(input: $input) { leaseToken accepted code message }
    }
    """
)

FAIL = gql(
    """
    mutation Fail($input: FailStepInput!) {
      failStep(input: $input) { workflowStepId status }
    }
    """
)

MOST_STEPS = 100
"""As many may be claimed, or completed, at once."""

MOST_LEASES = 1000
"""As many does one heartbeat keep."""

LONGEST_WAIT = 60
"""As many seconds may a request wait for something to happen."""
