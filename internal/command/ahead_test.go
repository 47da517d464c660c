package command

import (
	"strconv"
	"strings"
	"testing"

	"granary/internal/invariants"
	"granary/internal/netloop"
	"granary/tests/live"
)

// row writes lines of words as requests of the ordinary form.
func row(lines ...string) string {
	var b []byte
	for _, line := range lines {
		b = live.AppendCommand(b, strings.Fields(line)...)
	}
	return string(b)
}

// TestReadAhead: requests that come in a row answer what they answer one by one, whatever those before them did.
func TestReadAhead(t *testing.T) {
	long := "secret " + strings.Repeat("x ", 200)
	for _, lines := range [][]string{
		{"echo a", "echo b"},
		{"echo a", "nosuch x", "echo", "box in", "box", "fail", "echo b"},
		{"echo a", "oom", "echo b", "oom", "oom", "echo c"},
		{"echo a", "skip", "echo b", "echo c", "off", "echo d", "on", "echo e"},
		{"skip", "oom", "echo a"},
		{"echo a", long, "echo b", long, "echo c"},
		strings.Split(strings.Repeat("echo a\necho b\n", 40)+"echo c", "\n"),
		{"echo a", "leave", "echo b", "echo c", "open", "enter", "echo d", "echo e"},
	} {
		specs := append(testSpecs(),
			&Spec{Name: "leave", Arity: 1, Flags: NoAuth, Handler: func(c *Ctx) { c.Client.Authenticated = false; c.Out.OK() }},
			&Spec{Name: "enter", Arity: 1, Flags: NoAuth, Handler: func(c *Ctx) { c.Client.Authenticated = true; c.Out.OK() }})
		var got [2]string
		for i := range got {
			env, c, out := newTestEnv(t, specs...)
			env.ACL.Users.SetDefaultPassword("secret")
			if i == 0 {
				in := row(lines...)
				reply, n := served(c, out, in)
				if got[i] = reply; n != len(in) {
					t.Errorf("%q: %d of %d bytes taken", lines, n, len(in))
				}
				continue
			}
			for _, line := range lines {
				reply, _ := served(c, out, row(line))
				got[i] += reply
			}
		}
		if got[0] != got[1] {
			t.Errorf("%.200q:\ngot  %s\nwant %s", lines, got[0], got[1])
		}
	}
}

// TestReadAheadInside: a client that is served in the middle of another one's command leaves that one's requests alone.
func TestReadAheadInside(t *testing.T) {
	var inner *Client
	env, c, out := newTestEnv(t, append(testSpecs(), &Spec{Name: "nest", Arity: 2, Handler: func(c *Ctx) {
		inner.Serve(new(netloop.Conn), []byte(row("echo x", "echo y", "echo z")))
		c.Out.Bulk(c.Args[1])
	}})...)
	inner = NewClient(env, env.Clients.NextID(), nil, &out.Writer)
	inner.Authenticated = true
	got, _ := served(c, out, row("echo a", "nest b", "echo c", "echo d"))
	if want := "$1|a|$1|x|$1|y|$1|z|$1|b|$1|c|$1|d|"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestWarmings: keys are warmed together where there are enough of them to gain by it, as many as prefetch-batch-max-size wants.
func TestWarmings(t *testing.T) {
	env, c, out := newTestEnv(t, testSpecs()...)
	defer func() {
		env.Keys.FlushAll(false)
		env.FinishReclaim()
	}()
	many := row(strings.Split(strings.Repeat("echo a\n", 39)+"echo a", "\n")...)
	is := func(why string, most, batches, keys int64) {
		t.Helper()
		env.Config.PrefetchBatchMaxSize = most
		env.Keys.Stats.Warmings, env.Keys.Stats.Warmed = 0, 0
		served(c, out, many)
		if st := env.Keys.Stats; st.Warmings != batches || st.Warmed != keys {
			t.Errorf("%s, at most %d: %d keys in %d batches, want %d in %d", why, most, st.Warmed, st.Warmings, keys, batches)
		}
	}
	is("no key", 16, 0, 0)
	it := c.DB.Write([]byte("k"))
	it.SetString([]byte("v"), 0)
	if !invariants.Enabled {
		is("one key", 16, 0, 0)
	}
	for i := range 20_000 {
		it := c.DB.Write([]byte(strconv.Itoa(i)))
		it.SetString([]byte("v"), 0)
	}
	// 17 requests are read at a time, and the last of them is looked up as it comes.
	is("many keys", 16, 3, 16+16+6)
	is("many keys", 128, 3, 16+16+6)
	is("many keys", 4, 3, 4+4+4)
	is("many keys", 1, 0, 0)
	is("many keys", 0, 0, 0)
}
