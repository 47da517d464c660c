package acl

import (
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"granary/internal/config"
	"granary/tests/live"
)

// randomRule returns one rule, which need not be one that can be taken.
func randomRule(r *rand.Rand, cat *Catalog, inside bool) string {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	command := func() string { return cat.commands[r.IntN(len(cat.commands))].Name }
	switch n := r.IntN(20); {
	case n < 5:
		return pick("+", "-") + command()
	case n < 8:
		return pick("+@", "-@") + pick("read", "write", "SLOW", "string", "hash", "all")
	case n < 9:
		return "+" + command() + "|" + randomWord(r)
	case n < 12:
		return pick("~", "%R~", "%W~", "%RW~") + randomWord(r)
	case n < 14:
		return "&" + randomWord(r)
	case n < 15:
		return pick("allkeys", "resetkeys", "allchannels", "resetchannels", "allcommands", "nocommands")
	case inside:
		return "%RW~*"
	case n < 16:
		return pick("on", "off", "nopass", "resetpass", "sanitize-payload", "skip-sanitize-payload", "clearselectors")
	case n < 17:
		return pick(">", "<") + pick("a", "b")
	case n == 17 && r.IntN(4) == 0:
		return "reset"
	}
	rules := make([]string, r.IntN(5))
	for i := range rules {
		rules[i] = randomRule(r, cat, true)
		if r.IntN(3) == 0 {
			rules[i] = string(config.AppendQuoted(nil, rules[i]))
		}
	}
	return "(" + strings.Join(rules, " ") + ")"
}

// randomWord returns a few bytes without blanks, many of them special somewhere.
func randomWord(r *rand.Rand) string {
	const bytes = "aB*?[]\"'\\()~&%#|+@\x01\xff"
	b := make([]byte, r.IntN(4))
	for i := range b {
		b[i] = bytes[r.IntN(len(bytes))]
	}
	return string(b)
}

// same reports whether two users are permitted the same and look the same.
func same(a, b *User) bool {
	x, y := *a, *b
	x.Name, y.Name = "", ""
	for _, u := range []*User{&x, &y} {
		u.passwords = slices.Clip(append(u.passwords[:0:0], u.passwords...))
		u.selectors = u.clone().selectors
		for _, s := range u.selectors {
			maps.DeleteFunc(s.firstArgs, func(_ int, list []string) bool { return len(list) == 0 })
			if len(s.firstArgs) == 0 {
				s.firstArgs = nil
			}
			if len(s.keys) == 0 {
				s.keys = nil
			}
			if len(s.channels) == 0 {
				s.channels = nil
			}
			if len(s.rules) == 0 {
				s.rules = nil
			}
			// Bits behind the last command are those of commands to come, which future stands for.
			s.commands[len(s.commands)-1] &= 1<<14 - 1
			s.allCommands = false
		}
		if len(u.passwords) == 0 {
			u.passwords = nil
		}
		u.Unlimited = false
	}
	return reflect.DeepEqual(x, y)
}

// TestRoundTrip makes users by random rules and reads their descriptions back, as arguments of ACL SETUSER, as a line of an
// ACL file and as a line of a configuration file.
func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(live.Seed(t), 1))
	taken := 0
	for range 5_000 {
		us := testUsers()
		us.AllChannels = r.IntN(4) == 0
		var u *User
		for range 1 + r.IntN(12) {
			rule := randomRule(r, us.cat, false)
			next, _, err := us.Set("u", []string{rule})
			if err == nil {
				u = next
				taken++
			}
		}
		if u == nil {
			continue
		}
		check := func(how string, back *User, err error) {
			t.Helper()
			switch {
			case err != nil:
				t.Fatalf("%s of %q: %v", how, u.Line(), err)
			case back.Line() != strings.Replace(u.Line(), "user u", "user "+back.Name, 1):
				t.Fatalf("%s of %q: %q", how, u.Line(), back.Line())
			case !same(u, back):
				t.Fatalf("%s of %q: another user", how, u.Line())
			}
		}
		back, _, err := us.Set("v", u.Rules())
		check("rules", back, err)
		loaded, err := us.Parse("f", u.Line())
		if err != nil {
			t.Fatalf("file of %q: %v", u.Line(), err)
		}
		check("file", loaded[0], nil)
		words, ok := config.SplitArgs(config.UserLine{Name: "w", Rules: u.Rules()}.String())
		if !ok {
			t.Fatalf("configuration of %q", u.Line())
		}
		back, _, err = us.Configure(words[1], words[2:])
		check("configuration", back, err)
	}
	if taken < 5_000 {
		t.Errorf("only %d rules were taken", taken)
	}
}

// FuzzRules looks for rules that panic, or whose description cannot be read back.
func FuzzRules(f *testing.F) {
	for _, s := range []string{"on >a ~b &c +@all", "(+get ~x) -@read", "( +select|0 ) %RW~* ~b", `("~a" +get)`, "+config -config|get"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		us := testUsers()
		u, _, err := us.Set("u", strings.Split(text, " "))
		if err != nil {
			return
		}
		loaded, err := us.Parse("f", u.Line())
		if err != nil {
			t.Fatalf("%q: %v", u.Line(), err)
		}
		if !same(u, loaded[0]) {
			t.Fatalf("%q: another user: %q", u.Line(), loaded[0].Line())
		}
	})
}

// FuzzFile looks for files that panic, or that are taken and cannot be written.
func FuzzFile(f *testing.F) {
	f.Add("user a on +get ~x\n\nuser b ( +set  ~y )\r\n")
	f.Add("user default off (+get (\nfoo")
	f.Fuzz(func(t *testing.T, text string) {
		us := testUsers()
		users, err := us.Parse("f", text)
		if err != nil {
			return
		}
		var again strings.Builder
		for _, u := range users {
			again.WriteString(u.Line() + "\n")
		}
		back, err := us.Parse("f", again.String())
		if err != nil || len(back) != len(users) {
			t.Fatalf("%q: %d users, %v", again.String(), len(back), err)
		}
		for i := range users {
			if !same(users[i], back[i]) {
				t.Fatalf("%q: another user: %q", users[i].Line(), back[i].Line())
			}
		}
	})
}
