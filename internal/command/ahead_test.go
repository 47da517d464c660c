package command

import (
	"strings"
	"testing"

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
