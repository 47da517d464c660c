// Package cgobench compares internal/mem with the C library's malloc and with jemalloc, in the same process and with the
// same histories. It holds benchmarks only, needs cgo and libjemalloc, and is built with the tag `cgobench`:
//
//	go test -tags cgobench -bench . ./internal/mem/cgobench
//
// The C side runs its loops in C, so that no call from Go to C is measured.
package cgobench
