package command

import (
	"strings"
	"testing"

	"granary/internal/mem"
	"granary/internal/netloop"
	"granary/internal/resp"
)

// testSpecs are commands that do as their names say.
func testSpecs() []*Spec {
	return []*Spec{
		{Name: "echo", Arity: 2, Handler: func(c *Ctx) { c.Out.Bulk(c.Args[1]) }},
		{Name: "fail", Arity: 1, Handler: func(c *Ctx) { c.Out.Error("FAIL on purpose") }},
		{Name: "oom", Arity: 1, Handler: func(*Ctx) { panic(mem.ErrOutOfMemory) }},
		{Name: "bug", Arity: 1, Handler: func(*Ctx) { panic("BUG: on purpose") }},
		{Name: "secret", Arity: -1, Handler: func(c *Ctx) { c.Redact(1); c.Out.OK() }},
		{Name: "write", Arity: 1, Flags: Write, Handler: func(c *Ctx) { c.Out.OK() }},
		{Name: "full", Arity: 1, Flags: Write | DenyOOM, Handler: func(c *Ctx) { c.Out.OK() }},
		{Name: "open", Arity: 1, Flags: NoAuth, Handler: func(c *Ctx) { c.Out.OK() }},
		{Name: "skip", Arity: 1, Handler: func(c *Ctx) { c.Client.Flags |= FlagReplySkipNext }},
		{Name: "off", Arity: 1, Handler: func(c *Ctx) { c.Client.Flags |= FlagReplyOff; c.Out.Mute(true) }},
		{Name: "on", Arity: 1, Handler: func(c *Ctx) { c.Client.Flags &^= FlagReplyOff; c.Out.Mute(false); c.Out.OK() }},
		{Name: "box", Arity: -2, Subs: []*Spec{{Name: "in", Arity: 2, Handler: func(c *Ctx) { c.Out.OK() }}}},
	}
}

// served hands input to Serve as one read and returns the replies, and how much was taken.
func served(c *Client, out *resp.Buffer, in string) (string, int) {
	out.Reset()
	n := c.Serve(new(netloop.Conn), []byte(in))
	return strings.ReplaceAll(out.String(), "\r\n", "|"), n
}

func TestServe(t *testing.T) {
	_, c, out := newTestEnv(t, testSpecs()...)
	is := func(in, want string, left int) {
		t.Helper()
		got, n := served(c, out, in)
		if got != want || len(in)-n != left {
			t.Errorf("%q: got %q and %d bytes left, want %q and %d", in, got, len(in)-n, want, left)
		}
	}
	is("", "", 0)
	is("echo a\r\n*2\r\n$4\r\nECHO\r\n$1\r\nb\r\n", "$1|a|$1|b|", 0)
	is("echo a\r\necho", "$1|a|", 4)
	c.parser.Reset()
	is("\r\n*0\r\necho a\r\n", "$1|a|", 0)
	is("nosuch x\r\n", "-ERR unknown command 'nosuch', with args beginning with: 'x' |", 0)
	is("echo\r\n", "-ERR wrong number of arguments for 'echo' command|", 0)
	is("box\r\nbox in\r\nBOX IN\r\nbox out\r\n", "-ERR wrong number of arguments for 'box' command|+OK|+OK|-ERR unknown subcommand 'out'. Try BOX HELP.|", 0)

	// Memory runs out: the command answers, and what comes behind it is executed.
	is("echo a\r\noom\r\necho b\r\n", "$1|a|-"+ErrOutOfMemory+"|$1|b|", 0)

	// Replies that are not wanted.
	is("skip\r\necho a\r\necho b\r\n", "$1|b|", 0)
	is("skip\r\nskip\r\necho a\r\necho b\r\n", "$1|b|", 0)
	is("skip\r\nnosuch\r\necho b\r\n", "$1|b|", 0)
	is("off\r\necho a\r\nskip\r\necho b\r\necho c\r\non\r\necho d\r\n", "+OK|$1|d|", 0)
}

func TestServeBug(t *testing.T) {
	_, c, out := newTestEnv(t, testSpecs()...)
	defer func() {
		if e := recover(); e != "BUG: on purpose" {
			t.Errorf("a broken invariant was swallowed: %v", e)
		}
	}()
	served(c, out, "bug\r\n")
}

func TestAdmit(t *testing.T) {
	env, c, out := newTestEnv(t, testSpecs()...)
	is := func(in, want string) {
		t.Helper()
		if got, _ := served(c, out, in+"\r\n"); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	env.ACL.Users.SetDefaultPassword("secret")
	c.Authenticated = false
	is("echo a", "-NOAUTH Authentication required.|")
	is("nosuch", "-ERR unknown command 'nosuch', with args beginning with: |")
	is("open", "+OK|")
	c.Authenticated = true

	env.Config.MaxMemory = 1
	env.ConfigureMaxMemory()
	r := env.Keys.Arena.Alloc(100, mem.PurposeOther)
	is("full", "-OOM command not allowed when used memory > 'maxmemory'.|")
	is("write", "+OK|")
	env.Config.MaxMemory = 1 << 40
	env.ConfigureMaxMemory()
	is("full", "+OK|")
	env.Config.MaxMemory = 0
	env.ConfigureMaxMemory()
	env.Keys.Arena.Free(r, 100, mem.PurposeOther)

	env.Gate = GateLoading
	is("echo a", "-LOADING Redis is loading the dataset in memory|")
	env.Gate = 0

	st := env.Stats.Of(env.Table.Find([]byte("echo")))
	if st.Calls != 0 || st.Rejected != 2 {
		t.Errorf("echo: %d calls, %d rejected", st.Calls, st.Rejected)
	}
	is("fail", "-FAIL on purpose|")
	if st := env.Stats.Of(env.Table.Find([]byte("fail"))); st.Calls != 1 || st.Failed != 1 {
		t.Errorf("fail: %d calls, %d failed", st.Calls, st.Failed)
	}
}

// TestPostpone puts off what CLIENT PAUSE puts off: the request stays, and what is behind it.
func TestPostpone(t *testing.T) {
	env, c, out := newTestEnv(t, testSpecs()...)
	conn := new(netloop.Conn)
	c.Conn = conn
	defer func() { c.Conn = nil }()
	until := env.Keys.Now + 1000 // serving reads the clock again
	env.PauseClients(until, false)
	in := []byte("echo a\r\nwrite\r\necho b\r\n")
	if n := c.Serve(conn, in); n != len("echo a\r\n") || out.String() != "$1\r\na\r\n" || !conn.Paused() {
		t.Errorf("%d bytes taken, replies %q", n, out.String())
	}
	if env.Pause.Held() != 1 || env.PauseEnd() != until {
		t.Errorf("%d held until %d", env.Pause.Held(), env.PauseEnd())
	}
	env.PauseClients(env.Keys.Now+10, true)
	if now, all := env.Paused(); !now || !all || env.PauseEnd() != until {
		t.Error("a pause got shorter")
	}
	env.Pause.forget(c)
	env.UnpauseClients(nil)
	out.Reset()
	if n := c.Serve(conn, in[8:]); n != len(in)-8 || out.String() != "+OK\r\n$1\r\nb\r\n" {
		t.Errorf("after the pause: %d bytes taken, replies %q", n, out.String())
	}
}

// TestSlowCommands logs what is slow, without secrets.
func TestSlowCommands(t *testing.T) {
	env, c, out := newTestEnv(t, testSpecs()...)
	env.Config.SlowlogLogSlowerThan = 0
	env.Stats.Configure(env.Config)
	served(c, out, "secret a b\r\necho a\r\nsecret\r\n")
	list := entries(env.Slowlog, -1)
	for i := range list {
		_, list[i], _ = strings.Cut(list[i], " ")
		_, list[i], _ = strings.Cut(list[i], " ")
	}
	if got := strings.Join(list, "|"); got != "secret|echo a|secret (redacted) b" {
		t.Errorf("the log is %q", got)
	}
	env.Config.SlowlogLogSlowerThan = -1
	env.Stats.Configure(env.Config)
	served(c, out, "echo a\r\n")
	if env.Slowlog.Len() != 3 {
		t.Error("a command was logged while the log is off")
	}
}

// TestServeAllocations pins the path from bytes to reply to no allocation at all.
func TestServeAllocations(t *testing.T) {
	_, c, out := newTestEnv(t, testSpecs()...)
	conn := new(netloop.Conn)
	in := []byte(strings.Repeat("*2\r\n$4\r\nECHO\r\n$1\r\nb\r\n", 16))
	one := func() {
		if c.Serve(conn, in) != len(in) {
			t.Fatal("not all was taken")
		}
		out.Reset()
	}
	for range 2000 {
		one() // all rows of the histogram that there will be
	}
	if n := testing.AllocsPerRun(200, one); n != 0 {
		t.Errorf("16 requests allocate %v times", n)
	}
}

func BenchmarkServe(b *testing.B) {
	_, c, out := newTestEnv(b, testSpecs()...)
	conn := new(netloop.Conn)
	const n = 64
	in := []byte(strings.Repeat("*2\r\n$4\r\nECHO\r\n$1\r\nb\r\n", n))
	b.ReportAllocs()
	for i := 0; i < b.N; i += n {
		c.Serve(conn, in)
		out.Reset()
	}
}
