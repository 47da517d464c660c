package process

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"granary/tests/live"
)

// pageSlack is what of a file may be left in the page cache: its last page, and what the kernel has put aside.
const pageSlack = 1 << 20

// TestPageCache looks what of the files stays in the kernel's page cache: nothing of what was saved, appended and loaded, but
// for a snapshot that is about to be loaded.
func TestPageCache(t *testing.T) {
	dir := t.TempDir()
	cached := func(pattern string) int64 {
		t.Helper()
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(files) != 1 {
			t.Fatalf("%s: %q, %v", pattern, files, err)
		}
		return live.PageCache(t, files[0])
	}
	gone := func(what, pattern string) {
		t.Helper()
		eventually(t, what+" leaves the page cache", func() bool { return cached(pattern) <= pageSlack })
	}
	value := strings.Repeat("0123456789abcdef", 64<<10>>4)
	write := func(c *live.Conn) {
		t.Helper()
		for i := range 256 { // 16 MB
			do(t, c, "SET", strconv.Itoa(i), value)
		}
	}

	options := []string{"--rdbcompression", "no", "--aof-use-rdb-preamble", "yes", "--auto-aof-rewrite-percentage", "0"}
	s, c := withAOF(t, dir, options...)
	for _, policy := range []string{"everysec", "always"} {
		do(t, c, "CONFIG", "SET", "appendfsync", policy)
		write(c)
		gone("what is appended under "+policy, "appendonlydir/*.incr.aof")
	}
	do(t, c, "BGREWRITEAOF")
	rewritten(t, c)
	gone("a base", "appendonlydir/*.base.rdb")
	if got := do(t, c, "SAVE"); got != "+OK" {
		t.Fatalf("SAVE answered %s", got)
	}
	gone("a snapshot", "dump.rdb")
	write(c)
	kill(s)
	s, c = withAOF(t, dir, options...)
	gone("a base that was loaded", "appendonlydir/*.base.rdb")
	gone("an increment that was loaded", "appendonlydir/*.incr.aof")
	do(t, c, "DEBUG", "RELOAD")
	gone("a snapshot that was loaded", "dump.rdb")
	c.Do("SHUTDOWN", "SAVE")
	kill(s)
	if n := cached("dump.rdb"); n < 8<<20 {
		t.Errorf("%d bytes of the snapshot are in the page cache, which is about to be loaded", n)
	}
}
