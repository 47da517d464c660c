// Package compat sends seeded random command histories to Granary and to a real redis-server and compares every
// reply byte for byte, and at the end of each history the whole data set.
//
//	grammar.go     one line of text describes the ways to call a command; it is parsed once into a tree
//	arguments.go   the generators behind the lower-case words of those lines
//	commands.go    the lines, by family, each with a weight and a way to compare its reply
//	history.go     a history: commands of one seed, encoded as RESP
//	compare.go     two servers, one history: replies side by side, and the table of known differences
//	shrink.go      a history that shows a difference, cut down to the commands that matter
//
// A run prints its seed and takes one (-seed), so every difference can be seen again:
//
//	go test ./tests/compat -commands 1000000 -seed 7
//
// Time does not disturb the comparison: expiry times are in the past or far in the future, and replies that count
// from now may differ by a few seconds. Short expiry is for tests/script.
package compat
