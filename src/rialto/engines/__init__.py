"""One file per engine behind a port of the kernel or of a service: databases, mail, passwords, providers, servers."""
