package memory

import (
	"fmt"
	"strings"
	"testing"

	"granary/internal/mem"
)

// TestMap looks at the slabs of a class that has a few keys, and a region of nobody, in each of them.
func TestMap(t *testing.T) {
	c := start(t)
	for i := range 2000 {
		c.set(fmt.Sprint("key:", i), strings.Repeat("v", 30), 0)
	}
	pins := []mem.Ref{}
	for range 300 {
		pins = append(pins, c.Env.Keys.Arena.Alloc(48, mem.PurposeOther))
	}
	for i := range 2000 {
		if i%100 != 0 {
			it := c.Client.DB.Write([]byte(fmt.Sprint("key:", i)))
			it.Delete()
		}
	}
	all := c.Do("memory", "map")
	if !strings.Contains(all, "$11\r\nreclaimable\r\n") || !strings.Contains(all, "\r\n$12\r\nentry-string\r\n:20\r\n") || !strings.Contains(all, "$5\r\nother\r\n:300\r\n") {
		t.Errorf("%q", all)
	}
	one := c.Do("memory", "map", "class", "48", "slabs", "64")
	owned, pinned := strings.Count(one, "$3\r\nkey\r\n$"), 0
	for rest := one; ; {
		_, after, found := strings.Cut(rest, "$6\r\npinned\r\n:")
		if !found {
			break
		}
		n := 0
		fmt.Sscan(after, &n)
		pinned += n
		rest = after
	}
	if owned == 0 || owned > 20 || pinned == 0 || pinned > 300 {
		t.Errorf("%d regions are keys', %d are nobody's: %q", owned, pinned, one)
	}
	for _, r := range pins {
		c.Env.Keys.Arena.Free(r, 48, mem.PurposeOther)
	}
}

// TestReleaseAtOnce: without a connection nothing waits, and one slice is run.
func TestReleaseAtOnce(t *testing.T) {
	c := start(t)
	c.is("memory release -1 5", "-ERR bytes must not be negative")
	c.is("memory release 1 0", "-ERR milliseconds must be between 1 and 3600000")
	got := c.Do("memory", "release", "0", "1000")
	if !strings.HasPrefix(got, "*12\r\n$10\r\nrss.before\r\n:") || !strings.Contains(got, "$5\r\nended\r\n") {
		t.Errorf("%q", got)
	}
}
