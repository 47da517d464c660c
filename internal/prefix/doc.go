// Package prefix answers which part of the keys uses the memory. Keys are named in parts, user:17:name; a prefix is the
// first parts of a key.
//
//	prefix.go  what the prefix of a key is
package prefix
