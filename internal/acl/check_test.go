package acl

import (
	"strings"
	"testing"
)

// request describes a command line whose arguments behind k: are keys (k:r:x read, k:w:x write, k:rw:x both, k:-:x
// neither), behind c: channels and behind p: patterns of channels.
func request(t *testing.T, cat *Catalog, line string) *Request {
	t.Helper()
	words := strings.Fields(line)
	r := &Request{Free: words[0] == "auth"}
	id, ok := cat.find(words[0])
	if !ok {
		t.Fatalf("no command %s", words[0])
	}
	r.Command, r.Sub = id, cat.commands[id].Parent >= 0
	if name, sub, ok := strings.Cut(words[0], "|"); ok {
		r.Args = append(r.Args, []byte(name), []byte(sub))
	} else {
		r.Args = append(r.Args, []byte(name))
	}
	for _, w := range words[1:] {
		i := len(r.Args)
		switch parts := strings.SplitN(w, ":", 3); {
		case parts[0] == "k":
			access := map[string]Access{"-": 0, "r": Read, "w": Write, "rw": ReadWrite}[parts[1]]
			r.Keys = append(r.Keys, Ref{Index: i, Access: access})
			w = parts[2]
		case parts[0] == "c", parts[0] == "p":
			r.Chans = append(r.Chans, Ref{Index: i, Pattern: parts[0] == "p"})
			w = parts[1]
		}
		r.Args = append(r.Args, []byte(w))
	}
	return r
}

func TestCheck(t *testing.T) {
	is := func(rules, line string, want Verdict, at int) {
		t.Helper()
		us := testUsers()
		u := set(t, us, "u", rules)
		v, i := u.Check(request(t, us.cat, line))
		if v != want || i != at {
			t.Errorf("%s, %s: got %s at %d, want %s at %d", rules, line, v.Reason(), i, want.Reason(), at)
		}
	}
	is("", "get k:r:x", DeniedCommand, 0)
	is("", "auth x", Allowed, 0)
	is("+get", "get k:r:x", DeniedKey, 1)
	is("+get ~x", "get k:r:x", Allowed, 0)
	is("+get ~x*", "get k:r:xyz", Allowed, 0)
	is("+get ~X", "get k:r:x", DeniedKey, 1)
	is("+get %R~x", "get k:r:x", Allowed, 0)
	is("+get %W~x", "get k:r:x", DeniedKey, 1)
	is("+set %W~x", "set k:w:x", Allowed, 0)
	is("+set %W~x", "set k:rw:x", DeniedKey, 1)
	is("+set %W~x %R~x*", "set k:rw:x", DeniedKey, 1)
	is("+set %W~x %R~x", "set k:rw:x", Allowed, 0)
	is("+get %W~x", "get k:-:x", Allowed, 0)
	is("+get ~x", "get k:r:x k:r:y k:r:z", DeniedKey, 2)
	is("allkeys +get", "get k:r:x", Allowed, 0)

	is("+@read ~*", "get k:r:x", Allowed, 0)
	is("+@read ~*", "set k:w:x", DeniedCommand, 0)
	is("+@all -@read", "get k:r:x", DeniedCommand, 0)
	is("+@all -get", "get k:r:x", DeniedCommand, 0)
	is("+@all -config", "config|get x", DeniedCommand, 0)
	is("+@all -config|get", "config|set x", Allowed, 0)
	is("+@all -config|get", "config|get x", DeniedCommand, 0)
	is("+config -config|set", "config|get x", Allowed, 0)
	is("+config -config|set", "config|set x", DeniedCommand, 0)
	is("+config|get", "config|get x", Allowed, 0)
	is("+config|get", "config|set x", DeniedCommand, 0)
	is("+@slow", "client|id", Allowed, 0) // with the container, which is slow
	is("+select|0", "select 0", Allowed, 0)
	is("+select|0", "select 1", DeniedCommand, 0)
	is("+select|0", "select", DeniedCommand, 0)
	is("+select|abc", "select ABC", Allowed, 0)
	is("+select|0 +select -select", "select 0", DeniedCommand, 0)
	is("+select|0 nocommands", "select 0", DeniedCommand, 0)
	is("+select -select +select|0", "select 0", Allowed, 0)

	is("+publish", "publish c:x m", DeniedChannel, 1)
	is("+publish &x", "publish c:x m", Allowed, 0)
	is("+publish &x*", "publish c:xyz m", Allowed, 0)
	is("+psubscribe &x*", "psubscribe p:xyz", DeniedChannel, 1)
	is("+psubscribe &x*", "psubscribe p:x*", Allowed, 0)
	is("+psubscribe allchannels", "psubscribe p:x*", Allowed, 0)

	// Several selectors: one has to permit all of it; the one that came furthest says why not.
	is("(+get ~x) (+set ~y)", "get k:r:x", Allowed, 0)
	is("(+get ~x) (+set ~y)", "set k:w:y", Allowed, 0)
	is("(+get ~x) (+set ~y)", "get k:r:y", DeniedKey, 1)
	is("(+get ~x) (+hget ~y)", "set k:w:y", DeniedCommand, 0)
	is("+get ~x (+get ~x ~y)", "get k:r:x k:r:y k:r:z", DeniedKey, 3)
	is("+get ~x (+get ~y)", "get k:r:x k:r:y", DeniedKey, 2)
	is("(%R~r* +@all) (%W~w* +@all)", "get k:r:r1 k:w:w1", DeniedKey, 2)
}

func TestUnlimited(t *testing.T) {
	is := func(rules string, want bool) {
		t.Helper()
		if u := set(t, testUsers(), "u", rules); u.Unlimited != want {
			t.Errorf("%s: %v", rules, u.Unlimited)
		}
	}
	is("+@all ~* &*", true)
	is("off allcommands allkeys allchannels", true)
	is("+@all ~*", false)
	is("+@all &*", false)
	is("~* &*", false)
	is("+@all ~* &* -get", false)
	is("+@all ~* &* -get +get", false)
	is("+@all ~* &* -get +@all", true)
	is("(+@all ~* &*)", true)
	is("(+@all ~* &*) clearselectors", false)
	is("+@all ~* &* reset", false)
}

func TestUnrestricted(t *testing.T) {
	is := func(rules string, want bool) {
		t.Helper()
		us := testUsers()
		u := set(t, us, "u", rules)
		if got := u.CheckUnrestricted(request(t, us.cat, "get k:r:x"), Read); got != want {
			t.Errorf("%s: %v", rules, got)
		}
	}
	is("+get ~x", false)
	is("+get ~x %W~*", false)
	is("+get ~x %R~*", true)
	is("+get ~*", true)
	is("+get ~x (+set ~*)", false)
	is("+get ~x (+get ~*)", true)
}

func TestMayUse(t *testing.T) {
	us := testUsers()
	before := us.fresh("x")
	lost := func(old, rules string, want bool) {
		t.Helper()
		a, b := set(t, us, "a", "reset "+old), set(t, us, "b", "reset "+rules)
		*before = *a
		if got := b.LostChannels(before); got != want {
			t.Errorf("from %q to %q: %v", old, rules, got)
		}
	}
	lost("&a", "&a", false)
	lost("&a", "&a &b", false)
	lost("&a &b", "&a", true)
	lost("&a", "&*", false)
	lost("&*", "&a", true)
	lost("&ab", "&a*", true) // asked pattern by pattern; each subscription is looked at then
	lost("", "", false)
	lost("(&a)", "&a", false)
	lost("&a", "(&*)", false)
	u := set(t, us, "a", "reset &a (&b*)")
	for channel, want := range map[string]bool{"a": true, "b": true, "bcd": true, "ab": false} {
		if u.MayUse([]byte(channel), false) != want {
			t.Errorf("channel %s: not %v", channel, want)
		}
	}
	for pattern, want := range map[string]bool{"a": true, "b*": true, "b": false, "bc*": false} {
		if u.MayUse([]byte(pattern), true) != want {
			t.Errorf("pattern %s: not %v", pattern, want)
		}
	}
}

func TestCheckAllocates(t *testing.T) {
	us := testUsers()
	u := set(t, us, "u", "+@read +select|0 ~a:* %R~b:* (+set ~c)")
	r := request(t, us.cat, "get k:r:b:1")
	if n := testing.AllocsPerRun(100, func() {
		if v, _ := u.Check(r); v != Allowed {
			t.Fatal(v)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
