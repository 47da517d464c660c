package server

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"granary/internal/command"
	"granary/internal/command/commandtest"
	"granary/tests/live"
)

// These tests give the same users to a real redis-server and compare what it says of them. Redis 7.0 differs from later
// versions, whose texts and canonical rules ours are, in four ways: a refusal does not name the user, a user without the
// flag skip-sanitize-payload need not have the flag sanitize-payload, the rules about commands are made up from what is
// permitted instead of remembered, and subcommands that came later are missing.

// aclPair is a session of ours and a connection to a real server.
type aclPair struct {
	t        *testing.T
	s        *commandtest.Session
	conn     *live.Conn
	commands []*command.Spec // known to both
}

func newACLPair(t *testing.T) *aclPair {
	t.Helper()
	redis := live.NeedStart(t, "redis", live.NeedRedis(t))
	conn, err := redis.Dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	p := &aclPair{t: t, s: commandtest.New(t, families...), conn: conn}
	theirs := p.theirs("COMMAND", "LIST")
	names := map[string]bool{}
	for _, e := range theirs.Elems {
		names[e.Str] = true
	}
	for _, spec := range p.s.Env.Table.Every() {
		if names[spec.Full] && spec.Name != "wait" { // which has the categories of 7.2
			p.commands = append(p.commands, spec)
		}
	}
	if len(p.commands) < 200 {
		t.Fatalf("only %d commands in common", len(p.commands))
	}
	return p
}

func (p *aclPair) theirs(args ...string) live.Reply {
	p.t.Helper()
	r, err := p.conn.Do(args...)
	if err != nil {
		p.t.Fatalf("%q: %v", args, err)
	}
	return r
}

func (p *aclPair) ours(args ...string) live.Reply {
	p.t.Helper()
	r, err := live.Parse([]byte(p.s.Do(args...)))
	if err != nil {
		p.t.Fatalf("%q: %v", args, err)
	}
	return r
}

// same runs a command on both sides and compares the replies.
func (p *aclPair) same(args ...string) live.Reply {
	p.t.Helper()
	ours, theirs := p.ours(args...), p.theirs(args...)
	if ours.String() != theirs.String() {
		p.t.Errorf("%.300q: got %s, redis %s", args, ours, theirs)
	}
	return ours
}

// line returns a user's line of ACL LIST without what Redis 7.0 does not show.
func line(t *testing.T, list live.Reply, name string) string {
	t.Helper()
	for _, e := range list.Elems {
		if rest, ok := strings.CutPrefix(e.Str, "user "+name+" "); ok {
			return strings.Replace(rest, " sanitize-payload", "", 1)
		}
	}
	t.Fatalf("no user %s in %s", name, list)
	return ""
}

// withoutCommands takes the rules about commands out of a line: they begin with the word for all of them, in each selector.
func withoutCommands(line string) string {
	var kept []string
	skip := false
	for w := range strings.SplitSeq(line, " ") {
		switch {
		case w == "-@all" || w == "+@all" || w == "-@all)" || w == "+@all)":
			skip = !strings.HasSuffix(w, ")")
		case strings.HasPrefix(w, "("):
			skip = false
			kept = append(kept, w)
		case skip && strings.HasSuffix(w, ")"):
			skip = false
		case !skip:
			kept = append(kept, w)
		}
	}
	return strings.Join(kept, " ")
}

func TestACLCategories(t *testing.T) {
	p := newACLPair(t)
	p.same("ACL", "CAT")
	for _, k := range command.CategoryNames {
		var want []string
		for _, e := range p.theirs("ACL", "CAT", k.Name).Elems {
			if slices.ContainsFunc(p.commands, func(s *command.Spec) bool { return s.Full == e.Str }) {
				want = append(want, e.Str)
			}
		}
		var got []string
		for _, e := range p.ours("ACL", "CAT", strings.ToUpper(k.Name)).Elems {
			if slices.ContainsFunc(p.commands, func(s *command.Spec) bool { return s.Full == e.Str }) {
				got = append(got, e.Str)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("@%s: got %q, redis %q", k.Name, got, want)
		}
	}
}

// aclRules makes random rules for the commands that both sides know.
type aclRules struct {
	*rand.Rand
	commands []*command.Spec
}

func (r aclRules) pick(list ...string) string { return list[r.IntN(len(list))] }

// mixed changes the case of some letters.
func (r aclRules) mixed(s string) string {
	if r.IntN(4) == 0 {
		return strings.ToUpper(s)
	}
	return s
}

func (r aclRules) command() string { return r.mixed(r.commands[r.IntN(len(r.commands))].Full) }

// rule returns a rule for a selector; about one of twenty cannot be taken.
func (r aclRules) rule() string {
	switch n := r.IntN(40); {
	case n < 9:
		return r.pick("+", "+", "-") + r.command()
	case n < 16:
		return r.pick("+@", "+@", "-@") + r.mixed(command.CategoryNames[r.IntN(len(command.CategoryNames))].Name)
	case n < 18:
		return r.mixed(r.pick("allcommands", "nocommands", "+@all", "-@all"))
	case n < 20:
		return "+" + r.mixed(r.pick("get", "select", "debug", "set", "config", "object")) + "|" + r.pick("a", "b", "get", "HELP")
	case n < 28:
		return r.pick("~", "~", "%R~", "%W~", "%rw~", "%WR~") + r.pick("a", "b", "a*", "[ab]", "?", "", "ab", "*b")
	case n < 32:
		return "&" + r.pick("a", "b", "a*", "", "*b")
	case n < 36:
		return r.mixed(r.pick("allkeys", "~*", "resetkeys", "allchannels", "&*", "resetchannels"))
	}
	return r.pick("+nosuch", "-nosuch", "+@nosuch", "-@nosuch", "nosuch", "+get|", "-get|a", "+get|a|b", "+config|get|a", "+config|nosuch",
		"-config|nosuch", "~a b", "&a b", "%X~a", "%RR~a", "", "+", "-", "@read", "%R&a")
}

// user returns a rule for a user.
func (r aclRules) user() string {
	switch n := r.IntN(40); {
	case n < 26:
		return r.rule()
	case n < 30:
		return r.mixed(r.pick("on", "off", "nopass", "resetpass", "clearselectors", "skip-sanitize-payload", "sanitize-payload"))
	case n < 33:
		return r.pick(">", ">", "<") + r.pick("a", "b", "")
	case n < 35:
		return r.pick("#", "!") + r.pick("ca978112ca1bbdcafac231b39a23dc4da786eff8147c4f72b9807785afee48bb", "ca97", "CA978112ca1bbdcafac231b39a23dc4da786eff8147c4f72b9807785afee48bb")
	case n == 35:
		return "reset"
	}
	rules := make([]string, r.IntN(5))
	for i := range rules {
		rules[i] = r.rule()
		if strings.Contains(rules[i], " ") {
			rules[i] = "+get"
		}
	}
	return "(" + r.pick("", " ") + strings.Join(rules, r.pick(" ", "  ")) + r.pick("", " ") + ")"
}

// line returns a command line that satisfies the arity, with keys of few names in it.
func (r aclRules) line(spec *command.Spec) []string {
	args := strings.Split(spec.Full, "|")
	n := spec.Arity
	switch {
	case spec.Name == "zrank" || spec.Name == "zrevrank":
		n = 3 // all that Redis 7.0 takes
	case n < 0:
		n = -n + r.IntN(4)
	}
	for len(args) < n {
		args = append(args, r.pick("a", "b", "ab", "c", "1", "2", "0", "GET", "STORE", "BY", "LIMIT", "STREAMS", "EX", "SET", "u8", "KEYS", "FROMMEMBER"))
	}
	return args[:max(n, 1)]
}

// TestACLUsers makes users by random rules on both sides and compares replies, lines and what is permitted.
func TestACLUsers(t *testing.T) {
	p := newACLPair(t)
	r := aclRules{rand.New(rand.NewPCG(live.Seed(t), 2)), p.commands}
	users, taken, refused, denied := 300, 0, 0, 0
	if testing.Short() {
		users = 30
	}
	for u := range users {
		name := "u" + strconv.Itoa(u)
		history := []string{}
		for range 1 + r.IntN(8) {
			args := []string{"ACL", "SETUSER", name}
			for range 1 + r.IntN(3) {
				args = append(args, r.user())
			}
			history = append(history, strings.Join(args[3:], " , "))
			if p.same(args...).Kind == '-' {
				refused++
			} else {
				taken++
			}
		}
		if p.ours("ACL", "GETUSER", name).Null != p.theirs("ACL", "GETUSER", name).Null {
			t.Fatalf("%q: one side has no user", history)
		}
		if p.ours("ACL", "GETUSER", name).Null {
			continue
		}
		// What our description makes of a new user of Redis is what the rules made of the other one.
		ours, theirs := line(t, p.ours("ACL", "LIST"), name), line(t, p.theirs("ACL", "LIST"), name)
		if got, want := withoutCommands(ours), withoutCommands(theirs); got != want {
			t.Errorf("%q: got %q, redis %q", history, got, want)
		}
		again := append([]string{"ACL", "SETUSER", "again", "reset"}, strings.Split(ours, " ")...)
		if reply := p.theirs(again...); reply.Str != "OK" {
			t.Errorf("%q: redis does not take %q: %s", history, ours, reply)
		} else if back := line(t, p.theirs("ACL", "LIST"), "again"); !strings.EqualFold(back, theirs) { // Redis 7.0 keeps the case of a first argument
			t.Errorf("%q: %q makes %q of a user of Redis, which has %q", history, ours, back, theirs)
		}
		for range 40 {
			args := append([]string{"ACL", "DRYRUN", name}, r.line(p.commands[r.IntN(len(p.commands))])...)
			ours, theirs := p.ours(args...), p.theirs(args...)
			ours.Str = strings.Replace(ours.Str, "User "+name, "This user", 1)
			if ours.String() != theirs.String() {
				t.Errorf("%q: %q: got %s, redis %s", history, args[3:], ours, theirs)
			}
			if ours.Kind == '$' {
				denied++
			}
		}
		p.same("ACL", "DELUSER", name)
		if t.Failed() {
			return
		}
	}
	if taken < users || refused < users/3 || denied < users*10 {
		t.Errorf("%d rules taken, %d refused, %d commands denied: the histories are poor", taken, refused, denied)
	}
}

// TestACLEveryCommand asks for every command, with several lines of arguments, whether users with different access to keys
// may run it.
func TestACLEveryCommand(t *testing.T) {
	p := newACLPair(t)
	r := aclRules{rand.New(rand.NewPCG(live.Seed(t), 3)), p.commands}
	users := map[string]string{
		"reads": "+@all %R~a", "writes": "+@all %W~a", "both": "+@all ~a", "apart": "+@all (+@all %R~a) %W~b", "none": "+@all", "all": "+@all ~*", "listens": "+@all ~* &a*",
	}
	for name, rules := range users {
		p.same(append([]string{"ACL", "SETUSER", name}, strings.Fields(rules)...)...)
	}
	lines := 6
	if testing.Short() {
		lines = 1
	}
	for _, spec := range p.commands {
		for range lines {
			words := r.line(spec)
			for name := range users {
				args := append([]string{"ACL", "DRYRUN", name}, words...)
				ours, theirs := p.ours(args...), p.theirs(args...)
				ours.Str = strings.Replace(ours.Str, "User "+name, "This user", 1)
				if ours.String() != theirs.String() {
					t.Errorf("%s (%s): %q: got %s, redis %s", name, users[name], words, ours, theirs)
				}
			}
		}
	}
}

// TestACLReplies compares what the subcommands answer to all sorts of arguments.
func TestACLReplies(t *testing.T) {
	p := newACLPair(t)
	for _, proto := range []string{"2", "3"} {
		p.theirs("HELLO", proto)
		p.s.Proto(proto[0] - '0')
		for _, l := range []string{
			"ACL", "ACL NOSUCH", "ACL WHOAMI", "ACL WHOAMI X", "ACL USERS", "ACL GETUSER", "ACL GETUSER nosuch", "ACL DELUSER", "ACL DELUSER nosuch",
			"ACL DELUSER default", "ACL SETUSER", "ACL SETUSER a", "ACL SETUSER b on", "ACL USERS", "ACL DELUSER a default b", "ACL USERS", "ACL DELUSER b b", "ACL USERS",
			"ACL SETUSER c (", "ACL SETUSER c (+get ~a", "ACL SETUSER c )", "ACL SETUSER c ~a )", "ACL SETUSER c (+get ~a) (+set", "ACL USERS",
			"ACL SETUSER d skip-sanitize-payload nopass (+get ~x %R~y) ~z &z &y +set", "ACL GETUSER d", "ACL SETUSER d >a >b reset skip-sanitize-payload >c", "ACL GETUSER d",
			"ACL CAT", "ACL CAT nosuch", "ACL CAT a b", "ACL CAT geo nosuch",
			"ACL GENPASS 0", "ACL GENPASS -1", "ACL GENPASS 4097", "ACL GENPASS x", "ACL GENPASS 1 2",
			"ACL LOG", "ACL LOG RESET", "ACL LOG reset x", "ACL LOG x", "ACL LOG -1", "ACL LOG 0", "ACL LOG 5",
			"ACL SAVE", "ACL LOAD", "ACL SAVE x",
			"ACL DRYRUN", "ACL DRYRUN d", "ACL DRYRUN nosuch get x", "ACL DRYRUN d nosuch x", "ACL DRYRUN d get", "ACL DRYRUN d get x y", "ACL DRYRUN d config",
			"ACL DRYRUN d config nosuch", "ACL DRYRUN d CONFIG GET", "ACL DRYRUN default CONFIG GET x", "ACL DRYRUN default get x", "ACL DRYRUN d auth x",
			"ACL HELP X", "CLIENT KILL USER nosuch", "CLIENT KILL USER d",
		} {
			p.same(strings.Fields(l)...)
		}
		p.same("ACL", "SETUSER", "a b")
		p.same("ACL", "SETUSER", "a\x00b")
		p.same("ACL", "SETUSER", "e", " () ")
		p.same("ACL", "SETUSER", "e", "()", "")
		p.same("ACL", "SETUSER", "")
		p.same("ACL", "USERS")
		p.same("ACL", "DELUSER", "", "d", "e")
	}
}

// TestACLLog has the same refused on both sides and compares what ACL LOG keeps of it, but for the fields of later versions.
func TestACLLog(t *testing.T) {
	p := newACLPair(t)
	log := func(r live.Reply) (lines []string) {
		for _, e := range r.Elems {
			f := map[string]string{}
			for i := 0; i+1 < len(e.Elems); i += 2 {
				f[e.Elems[i].Str] = e.Elems[i+1].Str
			}
			last := ""
			if _, rest, ok := strings.Cut(f["client-info"], " cmd="); ok {
				last, _, _ = strings.Cut(rest, " redir=")
			}
			lines = append(lines, strings.Join([]string{f["count"], f["reason"], f["context"], f["object"], f["username"], last}, " "))
		}
		return lines
	}
	for _, l := range []string{
		"ACL SETUSER u on nopass +get +set +multi +exec +eval +publish +auth ~a &a",
		"AUTH nosuch x", "auth u2 y", "AUTH nosuch x", "HELLO 2 AUTH nosuch x", "AUTH u x",
		"GET b", "GET c", "GET b", "SET b 1", "DEL a", "CONFIG GET port", "config set port 1", "ACL LIST", "PUBLISH b m", "PUBLISH a m", "GET b",
		"EVAL return(redis.call('set','b',1)) 0", "EVAL return(redis.call('del','a')) 0", "EVAL return(redis.call('publish','b',1)) 0", "EVAL return(1) 1 b",
		"MULTI", "GET b", "DEL a", "PUBLISH b m", "EXEC", "GET", "NOSUCH", "PING", "PING", "PING", "AUTH default x",
	} {
		words := strings.Fields(l)
		p.ours(words...)
		p.theirs(words...)
		ours, theirs := log(p.ours("ACL", "LOG", "100")), log(p.theirs("ACL", "LOG", "100"))
		if !slices.Equal(ours, theirs) {
			t.Fatalf("%s: got\n%s\nredis\n%s", l, strings.Join(ours, "\n"), strings.Join(theirs, "\n"))
		}
	}
	if n := len(p.ours("ACL", "LOG", "100").Elems); n < 15 {
		t.Errorf("%d entries", n)
	}
}
