"""The five steps of an order, as `examples/workers/config/tasks/order_process.yaml` has them."""
