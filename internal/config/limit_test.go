package config

import "testing"

// TestMaxMemoryOfMachine: auto and percentages become bytes when the server says what the machine allows, again when that
// changes, and are written back as they were asked for.
func TestMaxMemoryOfMachine(t *testing.T) {
	const gb = 1 << 30
	is := func(asked string, machine, want int64, text string) {
		t.Helper()
		c := New()
		if got := set(c, "maxmemory", asked); got != "OK" {
			t.Fatalf("CONFIG SET maxmemory %s: %s", asked, got)
		}
		c.SettleMaxMemory(machine)
		if c.MaxMemory != want {
			t.Errorf("maxmemory %s of %d: %d, want %d", asked, machine, c.MaxMemory, want)
		}
		if got := c.Value(Lookup("maxmemory")); got != text {
			t.Errorf("maxmemory %s: reads %q", asked, got)
		}
		if follows := text == "auto" || asked[len(asked)-1] == '%'; c.FollowsMachine() != follows {
			t.Errorf("maxmemory %s: follows the machine: %t", asked, !follows)
		}
	}
	is("100mb", gb, 100<<20, "104857600")
	is("0", gb, 0, "0")
	is("50%", 2000, 1000, "50%")
	is("100%", 2000, 2000, "100%")
	is("auto", 32<<20+100_000, 8413600, "auto")
	is("AUTO", 8*gb, (8*gb-32<<20)/100*80, "auto")
	is("auto", 0, 0, "auto")
	for _, bad := range []string{"-5", "0%", "101%", "x%", "automatic"} {
		if got := set(New(), "maxmemory", bad); got == "OK" {
			t.Errorf("CONFIG SET maxmemory %s: OK", bad)
		}
	}
	c := New()
	set(c, "maxmemory", "auto", "maxmemory-data", "75%", "maxmemory-scripts", "1mb")
	c.SettleMaxMemory(10 * gb)
	if c.MaxMemoryDataBytes() != int64(float64(c.MaxMemory)*0.75) || c.MaxMemoryScriptsBytes() != 1<<20 {
		t.Errorf("budgets of %d and %d bytes", c.MaxMemoryDataBytes(), c.MaxMemoryScriptsBytes())
	}
	set(c, "maxmemory", "5gb")
	if c.SettleMaxMemory(10 * gb); c.MaxMemory != 5*gb {
		t.Errorf("maxmemory 5gb: %d", c.MaxMemory)
	}
}
