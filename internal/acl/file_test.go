package acl

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	us := testUsers()
	users, err := us.Parse("f", "user bob on -@all +@read ~set* &* >bob  (+get ~x)\r\n\n   user carl on (  +get ~y  )  \nuser default on nopass ~* +@all")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, u := range users {
		lines = append(lines, u.Line())
	}
	want := `user bob on sanitize-payload #81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9 ~set* &* -@all +@read (~x resetchannels -@all +get)
user carl on sanitize-payload resetchannels -@all (~y resetchannels -@all +get)
user default on nopass sanitize-payload ~* resetchannels +@all`
	if got := strings.Join(lines, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if len(us.Names()) != 1 {
		t.Error("reading a file has changed the users")
	}
}

func TestParseErrors(t *testing.T) {
	is := func(text, want string) {
		t.Helper()
		_, err := testUsers().Parse("u.acl", text)
		if err == nil || err.Error() != want+noChange {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
	is("# a comment", "u.acl:1 should start with user keyword followed by the username. ")
	is("\nuser", "u.acl:2 should start with user keyword followed by the username. ")
	is("user alice on +foo -bar", "u.acl:1: Error in applying operation '+foo': Unknown command or category name in ACL. u.acl:1: Error in applying operation '-bar': Unknown command or category name in ACL. ")
	is("user alice on\nuser alice off", "WARNING: Duplicate user 'alice' found on line 2. ")
	is("user default on\nuser default off", "WARNING: Duplicate user 'default' found on line 2. ")
	is(`user bob >x "unbalanced`, "u.acl:1: Syntax error. ")
	is("user carl foo bar", "u.acl:1: Syntax error. ")
	is("user carl +nope foo +nope2 bar", "u.acl:1: Error in applying operation '+nope': Unknown command or category name in ACL. u.acl:1: Syntax error. u.acl:1: Error in applying operation '+nope2': Unknown command or category name in ACL. ")
	is("user dora ~* ~x ~y", "u.acl:1: "+ErrAfterKeys.Error()+". ")
	is("user eve (+get +foo) (+bar)", "u.acl:1: Error in applying operation '(+get +foo)': Unknown command or category name in ACL. u.acl:1: Error in applying operation '(+bar)': Unknown command or category name in ACL. ")
	is("user eve (+get", "u.acl:1: Unmatched parenthesis in selector definition. ")
	is("user fay #abc", "u.acl:1: "+ErrHash.Error()+". ")
	is("user a\tb on", "u.acl:1: username 'a\tb' contains invalid characters. ")
}

func TestFiles(t *testing.T) {
	us, path := testUsers(), filepath.Join(t.TempDir(), "users.acl")
	if _, err := us.ReadFile(path); err == nil || err.Error() != "Error loading ACLs, opening file '"+path+"': No such file or directory" {
		t.Errorf("a file that is not there: %v", err)
	}
	set(t, us, "alice", "on >a %R~x (+get ~y)")
	if err := us.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	mode := func(want os.FileMode) {
		t.Helper()
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
	}
	mode(0o600)
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	set(t, us, "bob", "off")
	if err := us.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	mode(0o640)
	other := testUsers()
	loaded, err := other.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other.Replace(loaded)
	for _, name := range us.Names() {
		if got, want := other.Find([]byte(name)).Line(), us.Find([]byte(name)).Line(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if err := us.WriteFile(filepath.Join(path, "no", "folder")); err == nil {
		t.Error("a file was written where there is no folder")
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	if err != nil || len(left) != 1 {
		t.Errorf("files left behind: %q, %v", left, err)
	}
}

func TestConfigure(t *testing.T) {
	us := testUsers()
	u, _, err := us.Configure("default", []string{"on", ">a", "+get"})
	if err != nil || u != us.Default || u.Open() || u.Unlimited {
		t.Errorf("%v, %v", u.Line(), err)
	}
	is := func(culprit, name string, words ...string) {
		t.Helper()
		_, got, err := us.Configure(name, words)
		if err == nil || got != culprit {
			t.Errorf("%s %q: %q, %v", name, words, got, err)
		}
	}
	is("foo", "u", "on", "+get", "foo")
	is("(+foo ~x)", "u", "(+foo", "~x)")
	is("a b", "a b")
	is("u", "u", "(+get")
}
