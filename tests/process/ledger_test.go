package process

import (
	"fmt"
	"testing"
	"time"

	"granary/tests/live"
)

// TestLedger holds the four parts of memory against the resident size while data of all types comes, changes and goes.
func TestLedger(t *testing.T) {
	s := start(t)
	c := dial(t, s)
	c.Timeout = time.Minute
	m := live.NewMixed(c, live.Seed(t))
	row := func(what string) live.Memory {
		t.Helper()
		if err := live.Settle(c, 10*time.Second); err != nil {
			t.Fatal(err)
		}
		now, err := live.ReadMemory(c)
		if err != nil {
			t.Fatal(err)
		}
		t.Log(live.MemoryRow(what, now))
		if off := now.Off(); off > 1 || off < -1 {
			r, _ := c.Do("MEMORY", "LEDGER", "JSON")
			t.Errorf("%s: the four parts are %.2f%% off\n%s", what, off, r.Str)
		}
		if now.Unexplained != now.RSS-now.Sum() {
			t.Errorf("%s: unexplained is %d, %d less %d", what, now.Unexplained, now.RSS, now.Sum())
		}
		return now
	}
	step := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		row(what)
	}
	t.Log(live.MemoryHead)
	row("start")
	step("fill", m.Fill(150<<20))
	step("overwrite", m.Overwrite(0.5))
	step("delete", m.Delete(0.6))
	step("fill again", m.Fill(150<<20))
	do(t, c, "SETRANGE", "sparse", fmt.Sprint(100<<20), "x")
	// The class of 100 MB and a little is 112 MB.
	if now := row("100 MB of zeros"); now.Untouched < 10<<20 {
		t.Errorf("of 112 MB 100 were written, and %d bytes are untouched", now.Untouched)
	}
	do(t, c, "MEMORY", "PURGE")
	row("purge")
	live.CheckAudit(t, s)
	do(t, c, "FLUSHALL")
	row("flush")
	live.CheckAudit(t, s)
}
