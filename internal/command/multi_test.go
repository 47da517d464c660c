package command

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"granary/internal/keyspace"
	"granary/internal/mem"
	"granary/internal/resp"
)

// multiSpecs are commands as those of the family are, and some that have effects.
func multiSpecs() []*Spec {
	return append(testSpecs(),
		&Spec{Name: "multi", Arity: 1, InMulti: Refused, Handler: func(c *Ctx) { c.Client.BeginMulti(); c.Out.OK() }},
		&Spec{Name: "watch", Arity: 2, InMulti: Refused, Handler: func(c *Ctx) { c.Client.Watch(c.DB, c.Args[1]); c.Out.OK() }},
		&Spec{Name: "exec", Arity: 1, InMulti: Execs, Handler: func(c *Ctx) {
			c.NoEffect()
			if c.Client.Aborted() {
				c.Client.EndMulti()
				c.Out.Error("EXECABORT")
				return
			}
			c.Client.ExecQueued()
		}},
		&Spec{Name: "change", Arity: 2, Flags: Write, Handler: func(c *Ctx) { c.Changed(c.Args[1], keyspace.Generic, "change"); c.Out.OK() }},
		&Spec{Name: "expiring", Arity: -2, Handler: func(c *Ctx) {
			for _, key := range c.Args[1:] {
				c.Env.keyExpired(c.DB.ID, key)
			}
			c.Out.OK()
		}},
		&Spec{Name: "walk", Arity: -2, Flags: TouchesArbitrary, Handler: func(c *Ctx) {
			for _, key := range c.Args[1:] {
				c.Env.keyExpired(c.DB.ID, key)
			}
			c.Out.OK()
		}},
		&Spec{Name: "rewrite", Arity: 1, Handler: func(c *Ctx) {
			c.Rewrite([]byte("ONE"))
			c.Rewrite([]byte("TWO"))
			c.Out.OK()
		}},
		&Spec{Name: "publish", Arity: 1, Handler: func(c *Ctx) { c.ForReplicas(); c.Out.OK() }},
		&Spec{Name: "boom", Arity: -1, Handler: func(c *Ctx) {
			for _, key := range c.Args[1:] {
				c.Env.keyExpired(c.DB.ID, key)
			}
			c.Rewrite([]byte("NEVER"))
			panic(mem.ErrOutOfMemory)
		}},
	)
}

// tape is a feed.
type tape struct{ list []string }

func (f *tape) Append(db int, args [][]byte, to Target) {
	text := string(slices.Concat(args[0]))
	for _, a := range args[1:] {
		text += " " + string(a)
	}
	if db >= 0 {
		text = fmt.Sprint(db, " ", text)
	}
	if to != ToAll {
		text += " (replicas)"
	}
	f.list = append(f.list, text)
}

// TestUnits sees which effects are put between MULTI and EXEC.
func TestUnits(t *testing.T) {
	env, c, out := newTestEnv(t, multiSpecs()...)
	f := &tape{}
	env.AddFeed(f)
	is := func(in string, want ...string) {
		t.Helper()
		f.list = nil
		served(c, out, strings.ReplaceAll(in, "; ", "\r\n")+"\r\n")
		if !slices.Equal(f.list, want) {
			t.Errorf("%s: %q, want %q", in, f.list, want)
		}
		if u := &env.unit; u.depth != 0 || u.state != unitEmpty || u.held != 0 || u.walk {
			t.Errorf("%s: the unit is not over: %+v", in, u)
		}
	}
	is("echo a")
	is("write") // nothing was counted
	is("change a", "0 change a")
	is("rewrite", "MULTI", "0 ONE", "0 TWO", "EXEC")
	is("expiring a", "0 DEL a")
	is("expiring a b", "MULTI", "0 DEL a", "0 DEL b", "EXEC")
	is("walk a b", "0 DEL a", "0 DEL b")
	is("publish", "0 publish (replicas)")
	is("multi; exec")
	is("multi; echo a; change a; exec", "0 change a")
	is("multi; change a; change b; exec", "MULTI", "0 change a", "0 change b", "EXEC")
	is("multi; expiring a; rewrite; publish; exec", "MULTI", "0 DEL a", "0 ONE", "0 TWO", "0 publish (replicas)", "EXEC")
	is("multi; walk a b; exec", "MULTI", "0 DEL a", "0 DEL b", "EXEC")
	is("multi; change a; nosuch; exec")

	// Memory runs out: what expired did expire, what the command said did not happen.
	is("boom", []string(nil)...)
	is("boom a; change b", "0 DEL a", "0 change b")
	is("boom a b", "MULTI", "0 DEL a", "0 DEL b", "EXEC")
	is("multi; change a; boom b; change c; exec", "MULTI", "0 change a", "0 DEL b", "0 change c", "EXEC")

	// What happens outside of commands.
	f.list = nil
	env.keyExpired(1, []byte("a"))
	env.Config.LazyfreeLazyExpire = true
	env.keyExpired(1, []byte("b"))
	env.Config.LazyfreeLazyExpire = false
	env.fieldExpired(0, []byte("h"), []byte("f"))
	if want := []string{"1 DEL a", "1 UNLINK b", "0 HDEL h f"}; !slices.Equal(f.list, want) {
		t.Errorf("%q, want %q", f.list, want)
	}

	// Several feeds, and none.
	g := &tape{}
	env.AddFeed(g)
	is("change a", "0 change a")
	if !slices.Equal(g.list, []string{"0 change a"}) {
		t.Errorf("the second feed got %q", g.list)
	}
	env.RemoveFeed(f)
	is("change a")
	env.RemoveFeed(g)
	is("rewrite")
	if h := &env.Keys.Hooks; len(g.list) != 2 || env.Feed != nil || h.Expired != nil || h.FieldExpired != nil {
		t.Errorf("there is a feed yet: %q", g.list)
	}
}

// TestFeedComesAndGoes changes the feeds while a command runs.
func TestFeedComesAndGoes(t *testing.T) {
	f := &tape{}
	env, c, out := newTestEnv(t, append(multiSpecs(),
		&Spec{Name: "attach", Arity: 1, Handler: func(c *Ctx) { c.Env.AddFeed(f); c.Rewrite([]byte("NEVER")); c.Out.OK() }},
		&Spec{Name: "detach", Arity: 1, Handler: func(c *Ctx) { c.Env.RemoveFeed(f); c.Rewrite([]byte("NEVER")); c.Out.OK() }},
	)...)
	served(c, out, "attach\r\nchange a\r\ndetach\r\nchange b\r\nmulti\r\nchange c\r\nattach\r\nchange d\r\nchange e\r\ndetach\r\nexec\r\nattach\r\nchange f\r\n")
	// What is attached in the middle of a transaction sees each of its commands as a unit.
	if want := []string{"0 change a", "0 change d", "0 change e", "0 change f"}; !slices.Equal(f.list, want) {
		t.Errorf("%q, want %q", f.list, want)
	}
	if env.unit.depth != 0 || env.unit.held != 0 {
		t.Errorf("%+v", env.unit)
	}
	env.RemoveFeed(f)
}

// TestTransactionsWithoutMemory fills the memory with queued commands, watched keys and an effect that is held back.
func TestTransactionsWithoutMemory(t *testing.T) {
	if err := mem.Open(mem.Config{Limit: 4 << 20}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := mem.Open(mem.Config{}); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("", func(t *testing.T) {
		env, c, out := newTestEnv(t, multiSpecs()...)
		do := func(words ...string) string {
			var b strings.Builder
			fmt.Fprintf(&b, "*%d\r\n", len(words))
			for _, w := range words {
				fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(w), w)
			}
			reply, _ := served(c, out, b.String())
			return reply
		}
		big := strings.Repeat("x", 200_000)
		const full = "-" + ErrOutOfMemory + "|"
		do("multi")
		n := 0
		for ; do("echo", big) != full; n++ {
			if n == 100 {
				t.Fatal("memory does not end")
			}
		}
		if got := do("echo", big); got != "+QUEUED|" || !c.Aborted() || c.tx.n != n {
			t.Errorf("%.30q, %d queued, want %d", got, c.tx.n, n)
		}
		if got := do("exec"); got != "-EXECABORT|" {
			t.Errorf("EXEC: %.30q", got)
		}
		keys := 0
		for ; do("watch", strings.Repeat("k", 1000)+fmt.Sprint(keys)) != full; keys++ {
			if keys == 10_000 {
				t.Fatal("memory does not end")
			}
		}
		if _, n := env.Watching(); n != keys || c.watch.n != keys {
			t.Errorf("%d keys are watched, the client says %d, want %d", n, c.watch.n, keys)
		}

		// No memory to hold an effect back: it goes in a transaction at once.
		f := &tape{}
		env.AddFeed(f)
		served(c, out, "expiring "+strings.Repeat("y", 5000)+"\r\n")
		if len(f.list) != 3 || f.list[0] != "MULTI" || f.list[2] != "EXEC" {
			t.Errorf("%.50q", f.list)
		}
		env.RemoveFeed(f)
		c.EndMulti()
	})
}

// TestCall executes commands inside of a command.
func TestCall(t *testing.T) {
	var calls []string
	specs := append(multiSpecs(), &Spec{Name: "call", Arity: -2, Handler: func(c *Ctx) {
		c.NoEffect()
		inner := resp.NewBuffer()
		args := c.Args
		whole := c.Call(c.Args[1:], &inner.Writer, 0)
		calls = append(calls, fmt.Sprint(whole, " ", strings.ReplaceAll(inner.String(), "\r\n", "|")))
		if &args[0] != &c.Args[0] || c.Spec.Name != "call" || c.DenyBlocking {
			t.Error("the outer command is not what it was")
		}
		c.Out.OK()
	}}, &Spec{Name: "half", Arity: 1, Handler: func(c *Ctx) { c.Out.Array(2); panic(mem.ErrOutOfMemory) }})
	env, c, out := newTestEnv(t, specs...)
	f := &tape{}
	env.AddFeed(f)
	got, _ := served(c, out, "call echo a\r\ncall nosuch\r\ncall echo\r\ncall fail\r\ncall oom\r\ncall half\r\ncall change k\r\ncall rewrite\r\ncall box in\r\n")
	if got != strings.Repeat("+OK|", 9) {
		t.Errorf("replies %q", got)
	}
	want := []string{
		"true $1|a|", "true -ERR unknown command 'nosuch', with args beginning with: |", "true -ERR wrong number of arguments for 'echo' command|",
		"true -FAIL on purpose|", "true -" + ErrOutOfMemory + "|", "false *2|", "true +OK|", "true +OK|", "true +OK|",
	}
	if !slices.Equal(calls, want) {
		t.Errorf("%q, want %q", calls, want)
	}
	if want := []string{"0 change k", "MULTI", "0 ONE", "0 TWO", "EXEC"}; !slices.Equal(f.list, want) {
		t.Errorf("effects %q, want %q", f.list, want)
	}
	count := func(name string) SpecStats { return *env.Stats.Of(env.Table.Find([]byte(name))) }
	if s := count("fail"); s.Calls != 1 || s.Failed != 1 {
		t.Errorf("fail: %+v", s)
	}
	if s := count("call"); s.Calls != 9 || s.Failed != 0 {
		t.Errorf("call: %+v", s)
	}
	env.RemoveFeed(f)
}

// TestQueuedBlock holds what is copied and what is read together.
func TestQueuedBlock(t *testing.T) {
	a := mem.NewArena("test")
	defer a.Close()
	for _, n := range []int{0, 1, 127, 128, 300, 16383, 16384, 70_000} {
		args := [][]byte{[]byte("set"), nil, []byte(strings.Repeat("x", n)), {}}
		r := newQueued(a, 77, args)
		if got := appendQueued(nil, r); !slices.EqualFunc(got, args, func(x, y []byte) bool { return string(x) == string(y) }) || queuedID(r) != 77 || queuedNext(r) != 0 {
			t.Errorf("%d bytes: %.50q", n, got)
		}
		freeQueued(a, r)
	}
	if a.Used() != 0 {
		t.Errorf("%d bytes left", a.Used())
	}
}
