// Package info is what INFO is made of: a table of fields, each declared once with its section, name, kind and where its
// value comes from, and what the process and the machine know about themselves. It knows no command and no keyspace:
// who fills the table chooses the type V that the fields read their values from (one look at the server's state for
// all fields of a reply).
//
//	table.go      the table and its text form
//	process.go    resident memory, CPU time, the Go runtime
//	human.go      1.05M and the like
package info

import "runtime"

const (
	// Version is Granary's own version.
	Version = "0.1.0"

	// RedisVersion is the version of Redis whose commands and replies Granary has. Clients decide by it what they may
	// send.
	RedisVersion = "7.4.0"

	// ServerName is what INFO and HELLO call this server where they do not have to say redis.
	ServerName = "granary"
)

// Allocator is the name of the allocator. It begins with jemalloc because the size classes are jemalloc's, and because
// tools look for that word before they offer what depends on it.
func Allocator() string { return "jemalloc-go-" + Version }

// Platform is the operating system and architecture, for logs and INFO.
func Platform() string { return runtime.GOOS + " " + runtime.GOARCH }
