"""A deterministic demo company: an IaaS provider with a year of business behind it."""
