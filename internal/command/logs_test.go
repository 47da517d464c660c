package command

import (
	"fmt"
	"strings"
	"testing"

	"granary/internal/config"
	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/netloop"
	"granary/internal/resp"
)

// newTestEnv returns an environment with the commands given and one client without a socket.
func newTestEnv(t testing.TB, specs ...*Spec) (*Env, *Client, *resp.Buffer) {
	t.Helper()
	cfg, table, out := config.New(), NewTable(), resp.NewBuffer()
	table.Register(specs...)
	a := mem.NewArena("test")
	t.Cleanup(a.Close)
	env := &Env{
		Table: table, Keys: keyspace.New(a, 2), Config: cfg, Clients: NewRegistry(), Stats: NewStats(table, cfg),
		Slowlog: NewSlowlog(a, cfg), Latency: NewLatency(a), ACL: NewACL(table, cfg), Ops: testOps{},
	}
	env.BeginTurn()
	c := NewClient(env, env.Clients.NextID(), nil, &out.Writer)
	c.Authenticated = true
	t.Cleanup(func() {
		env.Slowlog.Reset()
		env.Stats.ResetLatency(env)
		for _, e := range append([]*LatencyEvent(nil), env.Latency.Events()...) {
			env.Latency.Reset(e.Name)
		}
		if used := a.Used(); used != 0 {
			t.Errorf("%d bytes left behind:\n%s", used, mem.Leaks())
		}
	})
	return env, c, out
}

// testOps is a server without clients.
type testOps struct{}

func (testOps) Shutdown(ShutdownFlags, *Client) error  { return nil }
func (testOps) AbortShutdown() bool                    { return false }
func (testOps) EachClient(func(*Client))               {}
func (testOps) EachLoop(func(*netloop.Loop))           {}
func (testOps) Kill(*Client, bool)                     {}
func (testOps) Net() (in, out int64)                   { return 1000, 2000 }
func (testOps) Calls() (reads, writes int64)           { return 0, 0 }
func (testOps) KeepReplyPeak(int64)                    {}
func (testOps) FitReplies(bool)                        {}
func (testOps) ReplyResizes() (shrinks, expands int64) { return 0, 0 }
func (testOps) PauseCron(bool)                         {}

func words(s string) [][]byte {
	var args [][]byte
	for _, w := range strings.Fields(s) {
		args = append(args, []byte(w))
	}
	return args
}

func entries(s *Slowlog, n int) (list []string) {
	s.Each(n, func(e *SlowEntry) {
		text := fmt.Sprintf("%d %d", e.ID, e.Micros)
		for _, a := range e.Args {
			text += " " + string(a)
		}
		list = append(list, text)
	})
	return list
}

func TestSlowlog(t *testing.T) {
	env, c, _ := newTestEnv(t)
	log := env.Slowlog
	is := func(want ...string) {
		t.Helper()
		if got := entries(log, -1); strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("the log is %q, want %q", got, want)
		}
		if log.Len() != len(want) {
			t.Errorf("Len is %d, want %d", log.Len(), len(want))
		}
	}
	log.Trim(3)
	is()
	for i := range 5 {
		log.add(c, words(fmt.Sprintf("set k%d v", i)), int64(i)*1000)
	}
	is("4 4 set k4 v", "3 3 set k3 v", "2 2 set k2 v")
	if got := entries(log, 1); len(got) != 1 || got[0] != "4 4 set k4 v" {
		t.Errorf("the latest entry is %q", got)
	}
	log.Trim(1)
	is("4 4 set k4 v")
	log.Reset()
	is()
	log.Trim(2)
	long := strings.Repeat("x", 200)
	log.add(c, words("set k "+long), 0)
	is("5 0 set k " + strings.Repeat("x", 128) + "... (72 more bytes)")
	log.add(c, words("mset "+strings.Repeat("a ", 40)), 0)
	want := "6 0 mset " + strings.Repeat("a ", 30) + "... (10 more arguments)"
	if got := entries(log, 1); got[0] != want {
		t.Errorf("got %q, want %q", got[0], want)
	}
	log.add(c, words("mset "+strings.Repeat("a ", 31)), 0) // exactly 32 arguments
	if got := entries(log, 1); strings.Contains(got[0], "more arguments") {
		t.Errorf("32 arguments were cut: %q", got[0])
	}
	log.Trim(0)
	is()
}

func TestLatency(t *testing.T) {
	env, _, _ := newTestEnv(t)
	l := env.Latency
	if l.Find("command") != nil || l.Reset("command") {
		t.Error("an event before the first")
	}
	l.Add("fast-command", 3, 1000)
	l.Add("command", 10, 1000)
	l.Add("command", 30, 1500) // the same second: the worst counts
	l.Add("command", 20, 1900)
	l.Add("command", 5, 2000)
	e := l.Find("command")
	if got := fmt.Sprint(e.Samples(), e.Last(), e.Max); got != "[{1 30} {2 5}] {2 5} 30" {
		t.Errorf("the history is %s", got)
	}
	if ev := l.Events(); len(ev) != 2 || ev[0].Name != "command" {
		t.Errorf("events are not in order")
	}
	for i := range int64(300) {
		l.Add("command", i, 10_000+i*1000)
	}
	s := e.Samples()
	if len(s) != 160 || s[0] != (LatencySample{150, 140}) || s[159] != (LatencySample{309, 299}) {
		t.Errorf("160 samples are kept: got %d, %v to %v", len(s), s[0], s[len(s)-1])
	}
	if !l.Reset("command") || l.Find("command") != nil {
		t.Error("Reset left the event")
	}
}

func TestRegistry(t *testing.T) {
	env, first, _ := newTestEnv(t)
	r := env.Clients
	var list []*Client
	for range 5 {
		list = append(list, NewClient(env, r.NextID(), nil, first.Out))
	}
	for _, i := range []int{3, 0, 4, 1, 2} {
		r.Add(list[i])
	}
	r.Remove(list[2])
	r.Remove(list[2])
	if r.Len() != 4 || r.Find(list[2].ID) != nil || r.Find(list[3].ID) != list[3] {
		t.Error("Find and Len after Remove")
	}
	last := int64(0)
	for _, c := range r.Snapshot(nil) {
		if c.ID <= last {
			t.Error("not in order of ID")
		}
		last = c.ID
	}
}

// TestRates follows a quantity that grows steadily.
func TestRates(t *testing.T) {
	env, _, _ := newTestEnv(t)
	s := env.Stats
	for i := range 20 {
		s.Commands = int64(i) * 50
		env.Keys.Now = int64(i) * 100
		s.Sample(env)
	}
	if got := s.PerSecond(RateCommands); got != 500 {
		t.Errorf("50 commands in 100 ms are %d per second", got)
	}
	if got := s.PerSecond(RateNetIn); got != 0 {
		t.Errorf("no traffic is %d bytes per second", got)
	}
	s.Reset(env)
	s.Sample(env)
	if got := s.PerSecond(RateCommands); got < 0 {
		t.Errorf("after a reset: %d", got)
	}
	if in, out := s.NetTotals(env); in != 0 || out != 0 {
		t.Errorf("traffic after a reset is %d, %d", in, out)
	}
}

func TestErrorCounts(t *testing.T) {
	env, _, _ := newTestEnv(t)
	s := env.Stats
	for _, text := range []string{"ERR syntax error", "WRONGTYPE Operation", "ERR no such key", "nospace"} {
		s.countError(text, false)
	}
	if got := fmt.Sprint(s.Errors()); got != "[{ERR 3} {WRONGTYPE 1}]" {
		t.Errorf("counts are %s", got)
	}
	for i := range 200 {
		s.countError(fmt.Sprintf("CODE%d text", i), true)
	}
	s.countError("CODE0 again", true)
	s.countError("BUSY is no script's", false)
	got := map[string]int64{}
	for _, e := range s.Errors() {
		got[e.Code] = e.Count
	}
	want := map[string]int64{"ERR": 3, "CODE0": 2, "CODE125": 1, "CODE126": 0, "BUSY": 1, moreErrors: 74}
	for code, n := range want {
		if got[code] != n {
			t.Errorf("%s: %d errors, want %d", code, got[code], n)
		}
	}
	if len(got) != maxErrorKinds+2 {
		t.Errorf("%d kinds of errors", len(got))
	}
	if s.ErrorReplies != 206 {
		t.Errorf("%d error replies", s.ErrorReplies)
	}
}
