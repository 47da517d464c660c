// Package process tests the server as a process, from outside: how it starts, what it logs, which sockets it opens, how it
// behaves under limits, and how it ends. Commands are compared with redis-server elsewhere (tests/script, tests/compat).
package process
