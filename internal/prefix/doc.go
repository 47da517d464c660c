// Package prefix answers which part of the keys uses the memory, at any time and without a scan. Keys are named in parts,
// user:17:name; a prefix is the first parts of a key.
//
//	prefix.go  what the prefix of a key is
//	tree.go    rows of counts, which change as keys do
//	place.go   the row that counts a key
//	ask.go     which prefixes get a row, and which give theirs up
//	index.go   rows by their names
//	count.go   counting keys that the tree does not know
//	past.go    growth, and which rows are worth keeping
//	read.go    lists that add up
//	audit.go   the tree held against a recount
//
// A Tree has a row for every prefix down to a depth, as long as there are rows: their number is bounded, and so is their
// size. A key is counted in one row, that of its own prefix; what a prefix has in all is summed up when somebody asks. What
// has no row is counted in the rest of the deepest row there is for it, so all rows always add up to all keys:
//
//	(empty) ── user: ── user:17:    own, and rest of user:17:*:
//	        │        └─ user:18:
//	        └─ order:               own: order:5; rest: order:5:line, if order:5: has no row
//
// The bound of error. A row that comes into being when its parent has a rest may lack what its prefix has in there, and no
// more. Each row knows that bound (miss): what its prefix has is between what the row says and that plus miss; and a prefix
// without a row has no more than the rest of the deepest row above it, and what that one lacks itself. All of it is zero
// as long as there were always rows enough. When there are not, the largest prefixes get them (asks), and counting anew
// makes every row exact that was there when the count began.
//
// Where prefixes are ever new and all of them are small, such as user:17: among millions, none has a row for long (worthless). Keys
// that have none are counted in the row above without being looked up, if they do not look like one that has (quick).
//
// A Tree is guarded by the keyspace lock. It lies on the Go heap, because its size does not depend on the data, and is
// booked (mem.PurposePrefix).
package prefix
