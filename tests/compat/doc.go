// Package compat sends seeded random command histories to Granary and to a real redis-server and compares every
// reply byte for byte, and at the end of each history the whole data set.
//
//	grammar.go     one line of text describes the ways to call a command; it is parsed once into a tree
//	arguments.go   the generators behind the lower-case words of those lines
//	commands.go    the lines, by family, each with a weight and a way to compare its reply
//	zsets.go, streams.go, server.go   more families; server.go also lists the commands that no line calls, and why
//	transactions.go   MULTI and EXEC
//	tracking_test.go  what a client with CLIENT TRACKING is told, command by command
//	limits.go      the limits of encodings, drawn for each history, and how encodings differ from Redis 7.0's
//	history.go     a history: commands of one seed, encoded as RESP
//	compare.go     the servers, one history: replies side by side, and the table of known differences
//	progress.go    how far groups of a stream are
//	alone_test.go  histories of several clients for Granary alone, after which the books have to be right
//	shrink.go      a history that shows a difference, cut down to the commands that matter
//
// A run prints its seed and takes one (-seed), so every difference can be seen again. -length is the number of commands
// in a history, and each history has the next seed:
//
//	make compat COUNT=20000000 SEED=7
//	go test ./tests/compat -commands 1000000 -seed 7 -failures 10
//	go test ./tests/compat -commands 2000 -seed 1234           the one history of that seed
//
// Each history begins with limits of its own, mostly small, so that values are converted all the time. OBJECT ENCODING is
// compared by a table (laterEncodings): an answer that is not redis-server's needs a row that allows it, for keys of that
// type, after what has happened in the history; small sets and lists must keep to the limits. How sets, lists, hashes and
// sorted sets are converted by later rules is compared exactly with a server that has them:
//
//	go test ./tests/compat -newer path/to/valkey-server -families strings,hyperloglog,hashes,lists,sets,zsets,geo,streams,limits,generic
//
// At the end of a history the digest of all data and every value, encoding and expiry are compared, and MEMORY AUDIT has to
// find the books right.
//
// In every other pair of histories Granary compacts its memory all the time, and moves everything it can (DEBUG DEFRAG
// ALWAYS), so that whatever refers to where something was before is found. In every other four it frees what is dead all the
// time (DEBUG DEAD ALWAYS), which must not change a reply.
//
// Time does not disturb the comparison: expiry times are in the past or far in the future, and replies that count
// from now may differ by a few seconds. Short expiry is for tests/script. redis-server itself loses data in some calls: what
// histories avoid for that reason is said at the row.
package compat
