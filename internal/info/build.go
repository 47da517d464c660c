package info

import (
	"fmt"
	"runtime/debug"
	"strconv"
)

// Build says what the binary was built from: the first eight digits of the commit and whether there were changes on top,
// as far as the Go tool recorded it.
func Build() (commit string, dirty bool) {
	commit = "00000000"
	b, ok := debug.ReadBuildInfo()
	if !ok {
		return commit, false
	}
	for _, s := range b.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 8:
			commit = s.Value[:8]
		case s.Key == "vcs.modified":
			dirty = s.Value == "true"
		}
	}
	return commit, dirty
}

// VersionLine is what --version prints, in the shape that harnesses read from redis-server: they look for v=.
func VersionLine() string {
	commit, dirty := Build()
	d := 0
	if dirty {
		d = 1
	}
	return fmt.Sprintf("Granary server v=%s sha=%s:%d malloc=%s bits=%d build=%s", RedisVersion, commit, d, Allocator(), strconv.IntSize, Version)
}
