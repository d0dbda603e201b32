"""A cluster simulated on one machine: how throughput grows with workers, and what handing out work costs."""
