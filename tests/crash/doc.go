// Package crash ends servers in the midst of their work, by kill -9 and by failures of power, and looks at what they have after a
// restart. It is a module of its own, so that the server's module needs no FUSE.
//
//	disk.go     a file system that knows what of it a failure of power leaves
//	mount.go    the same for the kernel, by FUSE
//	work.go     what writers do, and what they have then
//	read.go     what a server has of it
//	history.go  what was asked for and answered in all runs of a directory, and which of it has to be there
//	run.go      a server in a directory, with writers and what disturbs them
//	*_test.go   kills, failures of power, and snapshots as points in time
package crash
