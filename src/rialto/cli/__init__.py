"""The commands. Each is thin: what it does can be done through a service's interface as well."""
