"""What shoppers, merchants and API clients see while something the shop depends on fails: docs/degradation.md, cell by cell."""
