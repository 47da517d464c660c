package acl

import (
	"errors"
	"strings"
	"testing"
)

// testCatalog is a small server: two containers, commands with and without categories in common.
func testCatalog() *Catalog {
	const read, write, slow, str, hash = 1, 2, 4, 8, 16
	return NewCatalog([]Command{
		{Name: "get", Parent: -1, Categories: read | str},
		{Name: "set", Parent: -1, Categories: write | str | slow},
		{Name: "hget", Parent: -1, Categories: read | hash},
		{Name: "hset", Parent: -1, Categories: write | hash},
		{Name: "config", Parent: -1, Subs: []int{5, 6}, Categories: slow},
		{Name: "config|get", Parent: 4, Categories: slow},
		{Name: "config|set", Parent: 4, Categories: slow},
		{Name: "select", Parent: -1},
		{Name: "client", Parent: -1, Subs: []int{9, 10}, Categories: slow},
		{Name: "client|id", Parent: 8},
		{Name: "client|list", Parent: 8, Categories: slow},
		{Name: "auth", Parent: -1},
		{Name: "publish", Parent: -1},
		{Name: "psubscribe", Parent: -1},
	}, []Category{{"read", read}, {"write", write}, {"slow", slow}, {"string", str}, {"hash", hash}})
}

func testUsers() *Users { return NewUsers(testCatalog()) }

// set applies rules, one per word, and fails the test if they cannot be taken.
func set(t *testing.T, us *Users, name, rules string) *User {
	t.Helper()
	u, _, err := us.Set(name, strings.Fields(rules))
	if err != nil {
		t.Fatalf("%s: %v", rules, err)
	}
	return u
}

func TestDefaultUser(t *testing.T) {
	us := testUsers()
	if got, want := us.Default.Line(), "user default on nopass sanitize-payload ~* &* +@all"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !us.Default.Unlimited || !us.Default.Open() {
		t.Error("the default user of a new server may not do everything")
	}
	if u := us.Login([]byte("default"), []byte("any")); u != us.Default {
		t.Error("the default user cannot log in")
	}
}

func TestDescribe(t *testing.T) {
	is := func(rules, want string) {
		t.Helper()
		us := testUsers()
		u, _, err := us.Set("u", strings.Split(rules, " "))
		if err != nil {
			t.Errorf("%s: %v", rules, err)
			return
		}
		if got := strings.Join(u.Rules(), " "); got != want {
			t.Errorf("%s: got %q, want %q", rules, got, want)
		}
	}
	is("", "off sanitize-payload resetchannels -@all")
	is("ON nopass skip-sanitize-payload", "on nopass skip-sanitize-payload resetchannels -@all")
	is("on reset", "off sanitize-payload resetchannels -@all")
	is("nopass >p", "off sanitize-payload #148de9c5a7a44d19e56cd9ae1a554bf67847afb0c58f6e12fa29ac7ddfca9940 resetchannels -@all")
	is(">p >p <p", "off sanitize-payload resetchannels -@all")
	is(">p nopass", "off nopass sanitize-payload resetchannels -@all")
	is(">p resetpass", "off sanitize-payload resetchannels -@all")
	is("#148de9c5a7a44d19e56cd9ae1a554bf67847afb0c58f6e12fa29ac7ddfca9940 >p", "off sanitize-payload #148de9c5a7a44d19e56cd9ae1a554bf67847afb0c58f6e12fa29ac7ddfca9940 resetchannels -@all")
	is(">p !148de9c5a7a44d19e56cd9ae1a554bf67847afb0c58f6e12fa29ac7ddfca9940", "off sanitize-payload resetchannels -@all")

	is("~a %R~b %w~c %rw~d ~a", "off sanitize-payload ~a %R~b %W~c ~d resetchannels -@all")
	is("%R~a %W~a", "off sanitize-payload ~a resetchannels -@all")
	is("~a allkeys", "off sanitize-payload ~* resetchannels -@all")
	is("~a ~*", "off sanitize-payload ~* resetchannels -@all")
	is("~* resetkeys", "off sanitize-payload resetchannels -@all")
	is("%RW~* ~a", "off sanitize-payload %RW~* ~a resetchannels -@all")
	is("%R", "off sanitize-payload %R~ resetchannels -@all")
	is("&a &b &a", "off sanitize-payload resetchannels &a &b -@all")
	is("&a &*", "off sanitize-payload &* -@all")
	is("&* resetchannels", "off sanitize-payload resetchannels -@all")

	commands := func(rules, want string) {
		t.Helper()
		is(rules, "off sanitize-payload resetchannels "+want)
	}
	commands("+@ALL -@hash -@slow +hget", "+@all -@hash -@slow +hget")
	commands("+@all -@hash -@slow +hget -@hash", "+@all -@slow +hget -@hash")
	commands("+@all -@hash +@hash", "+@all +@hash")
	commands("+@all -@string -@slow +@all", "+@all")
	commands("+@hash nocommands", "-@all")
	commands("+@HASH +@hash +@HaSh", "-@all +@hash")
	commands("+HGET +hget", "-@all +hget")
	commands("+hget -hset +hset -hget", "-@all +hset -hget")
	commands("+client|list +client|list +config|get +config +client|LIST -client", "-@all +config -client")
	commands("+select|0 +select|0 +select|1", "-@all +select|0 +select|1")
	commands("+select|A +select", "-@all +select")
	commands("-@slow", "-@all -@slow")
	commands("+config +config|get -config|set +config", "-@all +config")
	commands("+get +@all +client|id", "+@all +client|id")
	commands("allcommands -config|set", "+@all -config|set")

	is("(+get ~a) ()", "off sanitize-payload resetchannels -@all (~a resetchannels -@all +get) (resetchannels -@all)")
	is("( +get ~a ) (~b &c +@all)", "off sanitize-payload resetchannels -@all (~a resetchannels -@all +get) (~b resetchannels &c +@all)")
	is("(~* &* +@all)", "off sanitize-payload resetchannels -@all (~* &* +@all)")
	is("(+get) clearselectors", "off sanitize-payload resetchannels -@all")
	is("(+get) reset", "off sanitize-payload resetchannels -@all")
	is(`(~"a\"b" ~"c)")`, `off sanitize-payload resetchannels -@all ("~a\"b" "~c)" resetchannels -@all)`)
}

func TestRuleErrors(t *testing.T) {
	is := func(rule string, want error) {
		t.Helper()
		us := testUsers()
		u := set(t, us, "u", "on +get ~* &*")
		before := u.Line()
		if _, _, err := us.Set("u", []string{"off", rule}); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", rule, err, want)
		} else if !strings.HasPrefix(err.Error(), "Error in ACL SETUSER modifier '"+rule+"': ") {
			t.Errorf("%s: the error is %v", rule, err)
		}
		if u.Line() != before {
			t.Errorf("%s: the user has become %s", rule, u.Line())
		}
	}
	is("nosuch", ErrSyntax)
	is(")", ErrSyntax)
	is(" () ", ErrSyntax)
	is("+nosuch", ErrUnknown)
	is("-nosuch", ErrUnknown)
	is("+", ErrUnknown)
	is("-", ErrUnknown)
	is("- get", ErrUnknown)
	is("+@nosuch", ErrUnknown)
	is("-@", ErrUnknown)
	is("@read", ErrSyntax)
	is("+config|nosuch", ErrUnknown)
	is("-config|nosuch", ErrUnknown)
	is("+config|get|x", ErrFirstArg)
	is("+select|0|1", ErrUnknown)
	is("-select|0", ErrUnknown)
	is("+select|", ErrSyntax)
	is("+select|a b", ErrSyntax)
	is("~a", ErrAfterKeys)
	is("%R~a", ErrAfterKeys)
	is("&a", ErrAfterChans)
	is("<nosuch", ErrNoPassword)
	is("!148de9c5a7a44d19e56cd9ae1a554bf67847afb0c58f6e12fa29ac7ddfca9940", ErrNoPassword)
	is("#148de9c5", ErrHash)
	is("!148de9c5", ErrHash)
	is("#148DE9C5A7A44D19E56CD9AE1A554BF67847AFB0C58F6E12FA29AC7DDFCA9940", ErrHash)
	is("(~a +nosuch)", ErrUnknown)
	is("(on)", ErrSyntax)
	is("(>p)", ErrSyntax)
	is("(+get (~x))", ErrSyntax)
	is("(~* ~a)", ErrAfterKeys)
	is("(+get ( ~b )", ErrSyntax)
	is(`(~"a)`, ErrSyntax)

	us := testUsers()
	keys := func(rule string) {
		t.Helper()
		if _, _, err := us.Set("k", []string{rule}); !errors.Is(err, ErrSyntax) {
			t.Errorf("%s: %v", rule, err)
		}
	}
	keys("%~a")
	keys("%")
	keys("%RR~a")
	keys("%X~a")
	keys("%R&a")
	keys("~a b")
	keys("&a\x00b")
	if us.Find([]byte("k")) != nil {
		t.Error("a user was made by rules that cannot be taken")
	}
	if _, _, err := us.Set("a b", nil); !errors.Is(err, ErrName) {
		t.Errorf("a name with a blank: %v", err)
	}
	if _, _, err := us.Set("k", []string{"on", "(+get", "~a"}); err == nil || err.Error() != "Unmatched parenthesis in acl selector starting at '(+get'." {
		t.Errorf("an open parenthesis: %v", err)
	}
}

func TestLogin(t *testing.T) {
	us := testUsers()
	u := set(t, us, "u", "on >one >two")
	is := func(name, password string, want *User) {
		t.Helper()
		if got := us.Login([]byte(name), []byte(password)); got != want {
			t.Errorf("%s with %s: got %v", name, password, got)
		}
	}
	is("u", "one", u)
	is("u", "two", u)
	is("u", "three", nil)
	is("u", "", nil)
	is("v", "one", nil)
	set(t, us, "u", "<one")
	is("u", "one", nil)
	set(t, us, "u", "off")
	is("u", "two", nil)
	set(t, us, "u", "on nopass")
	is("u", "anything", u)
	us.SetDefaultPassword("secret")
	is("default", "anything", nil)
	is("default", "secret", us.Default)
	us.SetDefaultPassword("")
	is("default", "anything", us.Default)
}

func TestGenPass(t *testing.T) {
	for bits, want := range map[int]int{1: 1, 4: 1, 5: 2, 256: 64, GenPassMaxBits: 1024} {
		if got := GenPass(bits); len(got) != want || strings.Trim(got, "0123456789abcdef") != "" {
			t.Errorf("%d bits: %q", bits, got)
		}
	}
	first := GenPass(256)
	if second := GenPass(256); first == second {
		t.Error("two passwords are equal")
	}
}

func TestReplace(t *testing.T) {
	us := testUsers()
	alice, bob := set(t, us, "alice", "on +@all &*"), set(t, us, "bob", "on")
	set(t, us, "default", "off")
	loaded, err := us.Parse("f", "user alice on +get\nuser carl off\n")
	if err != nil {
		t.Fatal(err)
	}
	gone := map[string]bool{}
	for _, r := range us.Replace(loaded) {
		gone[r.User.Name] = r.Gone
		if r.User == alice && (!r.Before.selectors[0].allChannels || !alice.LostChannels(r.Before)) {
			t.Error("alice has lost all channels and it is not seen")
		}
	}
	if len(gone) != 3 || !gone["bob"] || gone["alice"] || gone["default"] {
		t.Errorf("gone: %v", gone)
	}
	if got := strings.Join(us.Names(), " "); got != "alice carl default" {
		t.Errorf("users: %s", got)
	}
	if us.Find([]byte("alice")) != alice || us.Find([]byte("default")) != us.Default {
		t.Error("a user that stays is another one")
	}
	if alice.Line() != "user alice on sanitize-payload resetchannels -@all +get" || !us.Default.Open() {
		t.Errorf("%s, %s", alice.Line(), us.Default.Line())
	}
	if us.Find([]byte("bob")) == bob {
		t.Error("bob is still there")
	}
}
