//! What the service can run. Every `handler_class` without a dot is scripted; those with one are built in or a worker's.

pub const TEMPLATES: &str = "
name: order
version: 1.2.0
description: An order from the shop to the door
default_dependent_system: shop
priority: 3
schema:
  type: object
  required: [id]
  properties: { id: { type: integer }, mail: { type: string, format: email }, items: { type: array } }
step_templates:
  - { name: fetch, handler_class: Fetch, description: Reads the order, skippable: true }
  - { name: pay, handler_class: Pay, depends_on_step: fetch, default_retry_limit: 2, dependent_system: bank }
  - { name: stock, handler_class: Stock, depends_on_step: fetch, default_retryable: false }
  - { name: ship, handler_class: Ship, depends_on_steps: [pay, stock] }
---
name: order
version: 1.10.0
namespace_name: archive
step_templates: [{ name: file, handler_class: File }]
---
name: order
version: 1.9.0
namespace_name: archive
step_templates: [{ name: file, handler_class: File }]
---
name: unique
identity_strategy: hash
step_templates: [{ name: only, handler_class: Only }]
---
name: later
delay_seconds: 5000
step_templates: [{ name: only, handler_class: Only }]
---
name: abroad
step_templates: [{ name: away, handler_class: remote.Away }]
---
name: loud
custom_events: [{ name: parcel.packed, description: It is in a box }]
step_templates: [{ name: pack, handler_class: Pack }]
";
